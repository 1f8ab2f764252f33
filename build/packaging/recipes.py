"""How each archive is made, and what it is made from."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from build.packaging.bytecode import Completion
from build.packaging.deterministic_zip import Members, digest_of
from build.packaging.handler_modules import sources_of
from build.packaging.layer import RUNTIME_OPTIONS, layer_sources
from stack.config import FunctionSpecification

LAYER = "Layer"


@dataclass(frozen=True)
class Recipe:
    """An archive that can be made.

    Args:
        name: of the archive.
        inputs: a digest that changes whenever the members may.
        members: makes them, which can take seconds.
    """

    name: str
    inputs: str
    members: Callable[[], Members]


def function_recipe(function: FunctionSpecification, handlers: Path) -> Recipe:
    """A function's zip: the sources of its modules, and nothing that another function alone needs.

    They are too few to gain from bytecode, which would triple the zip.

    Raises:
        CommandError: when a module that it needs is missing.
    """
    sources = sources_of(function.handler_module, handlers)
    return Recipe(name=function.logical_id, inputs=_fingerprint(digest_of(sources)), members=lambda: sources)


def layer_recipe(requirements: Path, completion: Completion) -> Recipe:
    """The layer's zip, made from hash-locked requirements.

    Raises:
        OSError: when the requirements cannot be read.
    """
    return Recipe(
        name=LAYER,
        inputs=_fingerprint(requirements.read_text(encoding="utf-8"), *RUNTIME_OPTIONS, completion.identity),
        members=lambda: completion.complete(layer_sources(requirements)),
    )


def _fingerprint(*inputs: str) -> str:
    return hashlib.sha256("\0".join([packaging_rules(), *inputs]).encode()).hexdigest()


@cache
def packaging_rules() -> str:
    """A digest of this package's own sources: an archive made by other rules is made again."""
    return digest_of({path.name: path.read_bytes() for path in Path(__file__).parent.glob("*.py")})
