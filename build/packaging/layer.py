"""The layer's content: the handlers' dependencies as pip installs them for the runtime, less what is not used there."""

import sys
import tempfile
from pathlib import Path, PurePosixPath

from build.packaging.files import read_tree
from build.packaging.tools import output_of
from stack.config import ARCHITECTURE, RUNTIME_PYTHON

LAYER_FOLDER = "python"
PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}

RUNTIME_OPTIONS = (
    *("--platform", PLATFORMS[ARCHITECTURE], "--python-version", RUNTIME_PYTHON, "--implementation", "cp"),
    *("--require-hashes", "--only-binary=:all:", "--no-deps", "--no-compile"),
)

INSTALLER_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
DEVELOPMENT_SUFFIXES = frozenset({".c", ".pyi"})
UNUSED_FOLDERS = (
    PurePosixPath("bin"),
    PurePosixPath("aws_lambda_powertools/event_handler"),
    PurePosixPath("aws_lambda_powertools/utilities/auth_alpha"),
    PurePosixPath("aws_lambda_powertools/utilities/parser"),
)


def layer_sources(requirements: Path) -> dict[str, bytes]:
    """Install the dependencies into a private folder and read what the runtime needs of them.

    Args:
        requirements: a requirements file with the hash of every file that pip may take.

    Returns:
        Content by name in the layer's zip, below the folder that Python imports from
        (https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html); the same for every version of pip.

    Raises:
        CommandError: when pip cannot install them, with pip's reason.
    """
    with tempfile.TemporaryDirectory(prefix="layer-") as target:
        _install(requirements, target)
        installed = read_tree(Path(target))
    return {f"{LAYER_FOLDER}/{name}": content for name, content in installed.items() if is_needed(PurePosixPath(name))}


def is_needed(path: PurePosixPath) -> bool:
    """Whether an installed file is of use in Lambda and does not depend on who installed it.

    Handlers of streams and workflows cannot reach the parts of Powertools that answer HTTP requests (40% of the layer,
    Swagger's web pages included) nor the parser, which needs pydantic. The parts that they can reach import neither
    without pydantic. With them, source and bytecode together would be over 2 MB.

    Args:
        path: relative to the folder of the installation.
    """
    return not (
        path.name in INSTALLER_FILES
        or path.suffix in DEVELOPMENT_SUFFIXES
        or "__pycache__" in path.parts
        or any(path.is_relative_to(folder) for folder in UNUSED_FOLDERS)
    )


def _install(requirements: Path, target: str) -> None:
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    places = ["--requirement", str(requirements), "--target", target]
    output_of(
        [sys.executable, "-I", "-m", "pip", "install", *quiet, *RUNTIME_OPTIONS, *places],
        f"pip could not install {requirements}; check the network, the package index and the hashes",
    )
