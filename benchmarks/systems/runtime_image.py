"""Folders laid out as Lambda lays them out: a function's code, a layer, and boto3 with its bytecode."""

import importlib.util
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from build.errors import CommandError
from build.packaging import Package
from build.packaging.archive import read_tree, write_tree
from build.packaging.members import LAYER_FOLDER, BytecodeCompiler

RUNTIME_PACKAGES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""boto3 and what it needs; Lambda's Python has them."""

BASELINE_MODULE = "boto3_client"
BASELINE_SOURCE = 'import boto3\n\nboto3.client("dynamodb")\n'
BYTECODE = "bytecode"
SOURCE_ONLY = "source"


@dataclass(frozen=True)
class RuntimeImage:
    """The folders that Python imports from.

    Args:
        folder: private to the measurement.
        python: that imports.
    """

    folder: Path
    python: BytecodeCompiler

    @property
    def python_version(self) -> str:
        """Its version, `3.13.0`."""
        _, *version = self.python.version.split()
        return ".".join(version[:3])

    def path_of_function(self, logical_id: str, layer: str) -> Sequence[Path]:
        """Where a function's process looks for modules, in Lambda's order; the layer has bytecode or source only."""
        return self.folder / logical_id, self.folder / layer / LAYER_FOLDER, self.folder / "runtime"

    def path_of_baseline(self) -> Sequence[Path]:
        """Where a process looks for modules that does nothing but make a client."""
        return self.folder / "baseline", self.folder / "runtime"


def lay_out(folder: Path, package: Package, bytecode: BytecodeCompiler) -> RuntimeImage:
    """Unpack a package and make the surroundings that it runs in.

    Args:
        folder: new, for this alone.
        package: zips and a layer of sources.
        bytecode: makes the layer's bytecode, as packaging does when it is asked for it.

    Raises:
        CommandError: when the interpreter cannot compile.
    """
    *functions, layer = package.archives
    for function in functions:
        extract(function.path, folder / function.name)
    extract(layer.path, folder / SOURCE_ONLY)
    write_tree(folder / BYTECODE, bytecode.compiled(read_tree(folder / SOURCE_ONLY)))
    write_tree(folder / "baseline", {f"{BASELINE_MODULE}.py": BASELINE_SOURCE.encode()})
    for name in RUNTIME_PACKAGES:
        copy_installed(name, folder / "runtime")
    compile_sources(bytecode.interpreter, [folder / "runtime", folder / "baseline"])
    return RuntimeImage(folder, bytecode)


def extract(archive: Path, folder: Path) -> None:
    """Unpack a zip that packaging made."""
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)


def copy_installed(name: str, folder: Path) -> None:
    """Copy an installed package's sources, its service models included."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CommandError(f"{name} is not installed; run the benchmarks with the project's environment.")
    origin = Path(spec.origin)
    folder.mkdir(exist_ok=True)
    if origin.name == "__init__.py":
        shutil.copytree(origin.parent, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, folder)


def compile_sources(interpreter: str, folders: Sequence[Path]) -> None:
    """Give sources the bytecode that the runtime's image has.

    Raises:
        CommandError: when the interpreter refuses one.
    """
    arguments = [interpreter, "-I", "-m", "compileall", "-q", *map(str, folders)]
    if subprocess.run(arguments, stdin=subprocess.DEVNULL, check=False).returncode:
        raise CommandError(f"{interpreter} cannot compile boto3; mend what it printed above and run again.")
