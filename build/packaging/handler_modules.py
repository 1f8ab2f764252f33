"""Which modules of the handlers a function needs: its entry module and all that it imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

from build.errors import CommandError

PACKAGE = "handlers"
INITIALISER = "__init__"


def sources_of(entry_module: str, handlers: Path) -> dict[str, bytes]:
    """Read a function's modules.

    Line ends become `\\n`, so a checkout with other line ends gives the same bytes.

    Args:
        entry_module: name of the module whose `handler` Lambda calls.
        handlers: the folder of the package.

    Returns:
        Source by name in the function's zip, `handlers/<module>.py`.

    Raises:
        CommandError: when a module is missing or is not Python.
    """
    sources: dict[str, bytes] = {}
    wanted = {INITIALISER: f"the package {PACKAGE}", entry_module: "a function of the stack"}
    while wanted:
        module, wanted_by = wanted.popitem()
        source = _read(handlers / f"{module}.py", wanted_by)
        sources[_member(module)] = source
        imports = sorted(imported_modules(source, handlers / f"{module}.py"))
        wanted |= {name: _member(module) for name in imports if _member(name) not in sources}
    return sources


def imported_modules(source: bytes, path: Path) -> set[str]:
    """The modules of the handlers that a source imports, anywhere in it and without running it.

    `from handlers.windows import day` and `from handlers import windows` both import `windows`.

    Args:
        source: a module of the package.
        path: where it was read, for the message.

    Returns:
        Names of modules without the package's.

    Raises:
        CommandError: when the source is not Python.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise CommandError(f"{path} cannot be packaged, it is not valid Python ({error}); correct it.") from error
    names = [name for node in ast.walk(tree) for name in _absolute_names(node)]
    return {name.split(".")[1] for name in names if name.startswith(f"{PACKAGE}.")}


def _absolute_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            origin = ".".join(part for part in [*[PACKAGE] * level, module] if part)
            yield from (f"{origin}.{alias.name}" for alias in names)


def _member(module: str) -> str:
    return f"{PACKAGE}/{module}.py"


def _read(path: Path, wanted_by: str) -> bytes:
    try:
        return path.read_text(encoding="utf-8").encode()
    except FileNotFoundError as error:
        raise CommandError(f"{path} does not exist, but {wanted_by} needs it; add it or correct its name.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} cannot be packaged, it is not UTF-8 text; save it as UTF-8.") from error
