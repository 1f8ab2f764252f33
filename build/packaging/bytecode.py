"""Bytecode for the layer: Lambda cannot keep what Python compiles there, so every cold start would compile again."""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from build.errors import CommandError
from build.packaging.deterministic_zip import Members
from build.packaging.files import read_tree, write_tree
from build.packaging.tools import output_of
from stack.config import RUNTIME_PYTHON

LAYER_ROOT = "/opt"
VERSION_PROGRAM = "import sys; print(sys.implementation.cache_tag, *sys.version_info)"


class Completion(Protocol):
    """What becomes of the layer's sources before they are zipped; `identity` differs when the outcome may."""

    @property
    def identity(self) -> str: ...

    def complete(self, members: Members) -> Members: ...


@dataclass(frozen=True)
class SourceOnly:
    """Sources stay alone: any Python makes the same archive of them."""

    identity: str = "source only"

    def complete(self, members: Members) -> Members:
        """The members as they are."""
        return members


@dataclass(frozen=True)
class RuntimeBytecode:
    """Sources are joined by bytecode that the runtime's Python uses without looking at them.

    Unchecked hash-based files hold no date and are never compared with their source
    (https://docs.python.org/3/reference/import.html#pyc-invalidation). Machines with the same patch version of Python
    make the same bytecode.

    Args:
        interpreter: path of the runtime's Python.
        identity: its full version.
    """

    interpreter: str
    identity: str

    def complete(self, members: Members) -> Members:
        """The members and their bytecode, whose tracebacks show where Lambda unpacks a layer.

        Args:
            members: sources, and files that are left alone.

        Raises:
            CommandError: when a source cannot be compiled.
        """
        with tempfile.TemporaryDirectory(prefix="bytecode-") as scratch:
            write_tree(Path(scratch), members)
            output_of(self._compilation(scratch), "the sources cannot be compiled; correct them")
            return read_tree(Path(scratch))

    def _compilation(self, scratch: str) -> list[str]:
        relocation = ["-s", scratch, "-p", LAYER_ROOT]
        invalidation = ["--invalidation-mode", "unchecked-hash"]
        return [self.interpreter, "-I", "-m", "compileall", "-q", *relocation, *invalidation, scratch]


def runtime_bytecode(version: str = RUNTIME_PYTHON) -> RuntimeBytecode:
    """Find the runtime's Python: beside the one that runs this, or on PATH.

    Args:
        version: as Lambda names it, `3.13`.

    Raises:
        CommandError: when there is none that works.
    """
    advice = f"install Python {version} or leave the option out"
    folders = [os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)]
    interpreter = shutil.which(f"python{version}", path=os.pathsep.join(folders))
    if interpreter is None:
        raise CommandError(f"--bytecode needs python{version} on PATH; {advice}.")
    failure = f"--bytecode needs a python{version} that works, {interpreter} does not; {advice}"
    return RuntimeBytecode(interpreter, output_of([interpreter, "-I", "-c", VERSION_PROGRAM], failure).strip())
