"""Packaging as a whole: makes what is missing or out of date in the output folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from build.errors import CommandError
from build.packaging.archive import Archive, Package, checksum_of
from build.packaging.bytecode import SourceOnly, runtime_bytecode
from build.packaging.deterministic_zip import digest_of, zip_of
from build.packaging.files import write_atomically
from build.packaging.manifest import Record, load_manifest, save_manifest
from build.packaging.recipes import Recipe, function_recipe, layer_recipe
from stack.config import StackConfig

PROJECT = Path(__file__).resolve().parents[2]
HANDLERS = PROJECT / "handlers"
OUTPUT = PROJECT / ".artifacts"


def package(config: StackConfig, output: Path = OUTPUT, bytecode: bool = False, handlers: Path = HANDLERS) -> Package:
    """Make a stack's archives, and keep those that are as they should be.

    Functions come first: a mistake in a handler shows before anything is installed. Several runs may share a folder.

    Args:
        config: names the functions; the archives do not depend on its suffix.
        output: folder for the zips and their manifest; made when it is missing.
        bytecode: whether to add the bytecode of the runtime's Python to the layer, for shorter cold starts.
        handlers: the package of the functions, with the requirements of the layer.

    Raises:
        CommandError: when a source, pip, the runtime's Python or the disk does not allow it.
    """
    completion = runtime_bytecode() if bytecode else SourceOnly()
    with disk_failures_explained():
        functions = [function_recipe(function, handlers) for function in config.functions]
        return bring_up_to_date(output, [*functions, layer_recipe(handlers / "requirements.txt", completion)])


def bring_up_to_date(output: Path, recipes: Sequence[Recipe]) -> Package:
    """Follow the recipes whose archive is missing, damaged or made from something else.

    Raises:
        OSError: when the folder cannot be read or written.
    """
    output.mkdir(parents=True, exist_ok=True)
    recorded = load_manifest(output)
    archives = tuple(provide(output, recipe, recorded.get(recipe.name)) for recipe in recipes)
    records = {
        recipe.name: Record(recipe.inputs, archive.digest, archive.checksum)
        for recipe, archive in zip(recipes, archives, strict=True)
    }
    if records != recorded:
        save_manifest(output, records)
    return Package(archives)


def provide(output: Path, recipe: Recipe, record: Record | None) -> Archive:
    """The archive of a recipe: the one in the folder when its record vouches for it, else a new one."""
    path = output / f"{recipe.name}.zip"
    content = path.read_bytes() if path.exists() else b""
    if record and record.vouches_for(content, recipe.inputs):
        return Archive(recipe.name, path, record.digest, record.checksum, len(content), rebuilt=False)
    return build(path, recipe)


def build(path: Path, recipe: Recipe) -> Archive:
    """Follow a recipe and put its archive into place."""
    members = recipe.members()
    content = zip_of(members)
    write_atomically(path, content)
    return Archive(recipe.name, path, digest_of(members), checksum_of(content), len(content), rebuilt=True)


@contextmanager
def disk_failures_explained() -> Iterator[None]:
    """Turn what the file system refuses into a sentence.

    Raises:
        CommandError: for an OSError.
    """
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"packaging stopped, a file could not be used ({error}); "
            "free some space, correct its permissions or choose another folder with --output."
        ) from error
