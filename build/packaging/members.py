"""What goes into an archive: a function's modules, or the layer's dependencies; with bytecode when it is wanted."""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from build.child_processes import run_program
from build.errors import CommandError
from build.packaging.archive import Members, read_tree, write_tree
from stack.config import ARCHITECTURE, RUNTIME_PYTHON

LAYER_FOLDER = "python"
"""Where Python looks in a layer (https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html)."""

FUNCTION_ROOT, LAYER_ROOT = "/var/task", "/opt"
"""Where Lambda unpacks the archives of functions and of layers
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, packaging-layers.html)."""

_PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
PIP_OPTIONS = (
    *("--platform", _PLATFORMS[ARCHITECTURE], "--python-version", RUNTIME_PYTHON, "--implementation", "cp"),
    *("--require-hashes", "--only-binary=:all:", "--no-deps", "--no-compile"),
)
"""What makes pip install for Lambda's runtime, and not for this machine."""

_HANDLERS = "handlers"
_PRINT_VERSION = "import sys; print(sys.implementation.cache_tag, *sys.version_info)"

_INSTALLER_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_DEVELOPMENT_SUFFIXES = frozenset({".c", ".pyi"})
_UNUSED_FOLDERS = (
    PurePosixPath("bin"),
    PurePosixPath("aws_lambda_powertools/event_handler"),
    PurePosixPath("aws_lambda_powertools/utilities/auth_alpha"),
    PurePosixPath("aws_lambda_powertools/utilities/parser"),
)


def function_members(entry_module: str, handlers: Path) -> dict[str, bytes]:
    """A function's modules: its entry module and all that it imports from the handlers, without running any of it.

    Line ends become `\\n`, so that a checkout with other line ends gives the same bytes.

    Args:
        entry_module: name of the module whose `handler` Lambda calls.
        handlers: the folder of the package.

    Raises:
        CommandError: when a module is missing or is not Python.
    """
    sources: dict[str, bytes] = {}
    wanted = {"__init__": f"the package {_HANDLERS}", entry_module: "a function of the stack"}
    while wanted:
        module, wanted_by = wanted.popitem()
        source = _read_module(handlers / f"{module}.py", wanted_by)
        sources[_member_name(module)] = source
        imports = sorted(_imported_modules(source, handlers / f"{module}.py"))
        wanted |= {name: _member_name(module) for name in imports if _member_name(name) not in sources}
    return sources


def _imported_modules(source: bytes, path: Path) -> set[str]:
    """`from handlers.windows import day` and `from handlers import windows` both import `windows`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise CommandError(f"{path} cannot be packaged, it is not valid Python ({error}); correct it.") from error
    names = [name for node in ast.walk(tree) for name in _absolute_names(node)]
    return {name.split(".")[1] for name in names if name.startswith(f"{_HANDLERS}.")}


def _absolute_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            origin = ".".join(part for part in [*[_HANDLERS] * level, module] if part)
            yield from (f"{origin}.{alias.name}" for alias in names)


def _member_name(module: str) -> str:
    return f"{_HANDLERS}/{module}.py"


def _read_module(path: Path, wanted_by: str) -> bytes:
    try:
        return path.read_text(encoding="utf-8").encode()
    except FileNotFoundError as error:
        raise CommandError(f"{path} does not exist, but {wanted_by} needs it; add it or correct its name.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} cannot be packaged, it is not UTF-8 text; save it as UTF-8.") from error


def layer_members(requirements: Path) -> dict[str, bytes]:
    """The functions' dependencies, as pip installs them for Lambda's runtime, without the files not needed there.

    Args:
        requirements: a requirements file with the hash of every file that pip may use.

    Returns:
        The same members for every version of pip.

    Raises:
        CommandError: when pip cannot install them, with pip's reason.
    """
    with tempfile.TemporaryDirectory(prefix="layer-", ignore_cleanup_errors=True) as scratch:
        target = Path(scratch, "target")
        _install(requirements, target)
        installed = read_tree(target)
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
        path.name in _INSTALLER_FILES
        or path.suffix in _DEVELOPMENT_SUFFIXES
        or "__pycache__" in path.parts
        or any(path.is_relative_to(folder) for folder in _UNUSED_FOLDERS)
    )


def _install(requirements: Path, target: Path) -> None:
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    places = ["--requirement", str(requirements.absolute()), "--target", str(target)]
    _printed(
        run_program([sys.executable, "-I", "-m", "pip", "install", *quiet, *PIP_OPTIONS, *places], target.parent),
        f"pip could not install {requirements}; check the network, the package index and the hashes",
    )


@dataclass(frozen=True)
class BytecodeCompiler:
    """Adds bytecode for Lambda's Python: Lambda cannot keep what Python compiles, so every cold start would compile.

    Unchecked hash-based files hold no date and are never compared with their source
    (https://docs.python.org/3/reference/import.html#pyc-invalidation).

    Args:
        interpreter: path of a Python of the runtime's version.
        version: its full version.
    """

    interpreter: str
    version: str

    def compiled(self, members: Members, root: str) -> Members:
        """Members together with their bytecode.

        Args:
            members: sources, and what is left as it is.
            root: the folder where Lambda unpacks them, which tracebacks show.

        Raises:
            CommandError: when a source cannot be compiled.
        """
        with tempfile.TemporaryDirectory(prefix="bytecode-", ignore_cleanup_errors=True) as scratch:
            tree = Path(scratch, "members")
            write_tree(tree, members)
            compilation = run_program(self._compilation(str(tree), root), tree.parent)
            _printed(compilation, "the sources cannot be compiled; correct them")
            return read_tree(tree)

    def _compilation(self, tree: str, root: str) -> list[str]:
        relocation = ["-s", tree, "-p", root]
        invalidation = ["--invalidation-mode", "unchecked-hash"]
        return [self.interpreter, "-I", "-m", "compileall", "-q", *relocation, *invalidation, tree]


def find_bytecode_compiler(version: str = RUNTIME_PYTHON) -> BytecodeCompiler:
    """Find a Python of the runtime's version: beside the one that runs this, on PATH, or where pyenv or uv put it.

    Args:
        version: as Lambda names it, `3.13`.

    Raises:
        CommandError: when there is none that works.
    """
    broken: list[tuple[str, subprocess.CompletedProcess[str]]] = []
    for interpreter in _interpreters(version):
        asked = _asked_for_version(interpreter)
        if not asked.returncode:
            return BytecodeCompiler(interpreter, asked.stdout.strip())
        broken.append((interpreter, asked))
    advice = f"get it with `uv python install {version}`, or leave bytecode out with --no-bytecode"
    for interpreter, asked in broken:
        _printed(asked, f"bytecode needs a python{version} that works, {interpreter} does not; {advice}")
    raise CommandError(f"bytecode needs python{version}, which is neither on PATH nor with pyenv or uv; {advice}.")


def _asked_for_version(interpreter: str) -> "subprocess.CompletedProcess[str]":
    arguments = [interpreter, "-I", "-c", _PRINT_VERSION]
    return subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )


def _interpreters(version: str) -> Iterator[str]:
    """The files that may be a Python of a version; a shim of pyenv's may not be one."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    installed = (*sorted(pyenv.glob(f"{version}.*/bin")), *sorted(uv.glob(f"cpython-{version}.*/bin")))
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in (os.path.dirname(sys.executable), *path, *map(str, installed)):
        if interpreter := shutil.which(f"python{version}", path=folder):
            yield interpreter


def _printed(finished: "subprocess.CompletedProcess[str]", failure: str) -> str:
    """What a program printed; when it failed, `failure` is raised with the last error that it printed."""
    if finished.returncode:
        reason = _last_error(finished.stdout + finished.stderr) or f"exit code {finished.returncode}"
        raise CommandError(f"{failure} ({reason}).")
    return finished.stdout


def _last_error(printed: str) -> str:
    """The last line marked as an error, or else the last line."""
    lines = [line.strip().rstrip(".") for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return next(reversed(errors or lines), "")
