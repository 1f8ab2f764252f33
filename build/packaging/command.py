"""The command `package`: makes the archives and lists them."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from build.errors import CommandError
from build.options import presenting
from build.packaging.archive import Archive, Members, Package, checksum_of, digest_of, write_atomically, zip_of
from build.packaging.members import (
    FUNCTION_ROOT,
    LAYER_ROOT,
    PIP_OPTIONS,
    BytecodeCompiler,
    find_bytecode_compiler,
    function_members,
    layer_members,
)
from build.progress import Progress
from build.text import TextTable
from stack.config import RUNTIME_PYTHON, FunctionSpecification, StackConfig

EXAMPLE = "python -m build package --output /tmp/archives --no-bytecode"

_DIGITS_SHOWN = 12

PROJECT = Path(__file__).resolve().parents[2]
HANDLERS = PROJECT / "handlers"
OUTPUT = PROJECT / ".artifacts"
MANIFEST = "manifest.json"
"""The file of the output folder that says what each archive was made from."""


@dataclass(frozen=True)
class Recipe:
    """An archive that can be made.

    Args:
        name: logical id of the function, or `Layer`.
        inputs: a digest that changes whenever the members may.
        members: makes them, which can take seconds.
        variant: what follows the name in its file's, so that making one variant leaves another as it is.
    """

    name: str
    inputs: str
    members: Callable[[], Members]
    variant: str = ""

    @property
    def file(self) -> str:
        return f"{self.name}{self.variant}.zip"


@dataclass(frozen=True)
class _ManifestEntry:
    """An archive as it was made: the digest of its inputs and of its members, the checksum of its zip."""

    inputs: str
    digest: str
    checksum: str


def package(
    config: StackConfig,
    output: Path = OUTPUT,
    compiler: BytecodeCompiler | None = None,
    handlers: Path = HANDLERS,
) -> Package:
    """Make a stack's archives, and keep those that are up to date.

    Functions come first: a mistake in a handler shows before anything is installed. Several runs may share a folder.

    Args:
        config: names the functions; the archives do not depend on its suffix.
        output: folder for the zips and their manifest; made when it is missing.
        compiler: adds bytecode, for shorter cold starts; None leaves it out.
        handlers: the package of the functions, with the requirements of the layer.

    Raises:
        CommandError: when a source, pip, the runtime's Python or the disk does not allow it.
    """
    with _disk_errors_explained():
        functions = [_function_recipe(function, handlers, compiler) for function in config.functions]
        return update_archives(output, [*functions, _layer_recipe(handlers / "requirements.txt", compiler)])


def update_archives(output: Path, recipes: Sequence[Recipe]) -> Package:
    """Follow the recipes whose archive is missing, damaged or made from other inputs.

    Raises:
        OSError: when the folder cannot be read or written.
    """
    output.mkdir(parents=True, exist_ok=True)
    recorded = _load_manifest(output)
    archives = tuple(_archive_of(output, recipe, recorded.get(recipe.file)) for recipe in recipes)
    entries = {
        recipe.file: _ManifestEntry(recipe.inputs, archive.digest, archive.checksum)
        for recipe, archive in zip(recipes, archives, strict=True)
    }
    if entries.items() - recorded.items():
        _save_manifest(output, {**recorded, **entries})
    return Package(archives)


def _archive_of(output: Path, recipe: Recipe, entry: _ManifestEntry | None) -> Archive:
    path = output / recipe.file
    content = path.read_bytes() if path.exists() else b""
    if entry and entry.inputs == recipe.inputs and entry.checksum == checksum_of(content):
        return Archive(recipe.name, path, entry.digest, entry.checksum, len(content), rebuilt=False)
    return _build_archive(path, recipe)


def _build_archive(path: Path, recipe: Recipe) -> Archive:
    members = recipe.members()
    content = zip_of(members)
    write_atomically(path, content)
    return Archive(recipe.name, path, digest_of(members), checksum_of(content), len(content), rebuilt=True)


def _function_recipe(function: FunctionSpecification, handlers: Path, compiler: BytecodeCompiler | None) -> Recipe:
    sources = function_members(function.handler_module, handlers)
    recipe = Recipe(function.logical_id, _inputs_digest(digest_of(sources)), lambda: sources)
    return _with_bytecode(recipe, compiler, FUNCTION_ROOT) if compiler else recipe


def _layer_recipe(requirements: Path, compiler: BytecodeCompiler | None) -> Recipe:
    inputs = _inputs_digest(requirements.read_text(encoding="utf-8"), *PIP_OPTIONS)
    recipe = Recipe("Layer", inputs, lambda: layer_members(requirements))
    return _with_bytecode(recipe, compiler, LAYER_ROOT) if compiler else recipe


def _with_bytecode(recipe: Recipe, compiler: BytecodeCompiler, root: str) -> Recipe:
    return replace(
        recipe,
        inputs=_inputs_digest(recipe.inputs, compiler.version),
        members=lambda: compiler.compiled(recipe.members(), root),
        variant="-bytecode",
    )


def _inputs_digest(*inputs: str) -> str:
    return checksum_of("\0".join([_packaging_rules(), *inputs]).encode())


@cache
def _packaging_rules() -> str:
    """A digest of this package's own sources: an archive made by other rules is made again."""
    return digest_of({path.name: path.read_bytes() for path in Path(__file__).parent.glob("*.py")})


def _load_manifest(folder: Path) -> dict[str, _ManifestEntry]:
    """Empty when the manifest is missing or damaged, which costs time and nothing else."""
    try:
        entries = json.loads((folder / MANIFEST).read_bytes())
        return {name: _ManifestEntry(**entry) for name, entry in entries.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def _save_manifest(folder: Path, entries: Mapping[str, _ManifestEntry]) -> None:
    document = {name: asdict(entry) for name, entry in entries.items()}
    write_atomically(folder / MANIFEST, json.dumps(document, indent=2, sort_keys=True).encode())


@contextmanager
def _disk_errors_explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"packaging stopped, a file could not be used ({error}); "
            "free some space, correct its permissions or choose another folder with --output."
        ) from error


def add_bytecode_option(parser: argparse.ArgumentParser) -> None:
    """The option that says whether the archives have bytecode; None where it is not given."""
    parser.add_argument(
        "--bytecode",
        action=argparse.BooleanOptionalAction,
        help="whether the archives have bytecode, which halves their import time in Lambda "
        f"(default: the setting of the suffix, else yes where python{RUNTIME_PYTHON} is found)",
    )


def bytecode_compiler(wanted: bool | None, progress: Progress) -> BytecodeCompiler | None:
    """What adds bytecode to the archives; None when it is not wanted, or when nobody insists and it is not to be had.

    Args:
        wanted: None for bytecode where the runtime's Python is found.
        progress: hears what it costs to do without.

    Raises:
        CommandError: when bytecode is wanted, and there is no such Python.
    """
    if wanted is False:
        return None
    try:
        return find_bytecode_compiler()
    except CommandError:
        if wanted:
            raise
        progress.step(
            f"no Python {RUNTIME_PYTHON} is found, so the archives have no bytecode: cold starts take a third longer, "
            "and a machine that has one deploys other archives; get it with "
            f"`uv python install {RUNTIME_PYTHON}`, or settle it with --no-bytecode or `bytecode = no` in the settings "
            "of the suffix"
        )
        return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        type=Path,
        default=OUTPUT,
        metavar="DIR",
        help="folder for the zips (default: .artifacts in the project)",
    )
    add_bytecode_option(parser)
    parser.add_argument("--json", action="store_true", help="print what happens as one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Package every function and the layer; the archives are the same for every suffix, account and region.

    Raises:
        CommandError: when something cannot be packaged.
    """
    with presenting(arguments.json) as presenter:
        presenter.step("Packaging the functions and the layer")
        made = package(StackConfig(), arguments.output, bytecode_compiler(arguments.bytecode, presenter))
        document = {"output": str(arguments.output), "archives": [_archive_document(each) for each in made.archives]}
        presenter.result(document, [_archive_table(made, arguments.output)])
    return 0


def _archive_document(archive: Archive) -> dict[str, Any]:
    return {
        "name": archive.name,
        "path": str(archive.path),
        "key": archive.object_key,
        "sha256": archive.checksum,
        "size": archive.size,
        "rebuilt": archive.rebuilt,
    }


def _archive_table(made: Package, output: Path) -> TextTable:
    title = f"{len(made.archives)} archives, {decimal(made.size)}, in {output}"
    return TextTable(
        title, ("archive", "size", "digest", "state"), [_archive_row(archive) for archive in made.archives]
    )


def _archive_row(archive: Archive) -> tuple[str, ...]:
    state = "built" if archive.rebuilt else "unchanged"
    return archive.name, decimal(archive.size), archive.digest[:_DIGITS_SHOWN], state
