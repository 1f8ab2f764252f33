"""Files and folders of archive members on disk."""

import os
import tempfile
from pathlib import Path

from build.packaging.deterministic_zip import Members


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file into place whole or not at all, whoever else writes it and whenever this is interrupted.

    Raises:
        OSError: when it cannot be written; what was there before is untouched.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def read_tree(folder: Path) -> dict[str, bytes]:
    """The files below a folder, by their path in it with `/` between its parts."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_tree(folder: Path, members: Members) -> None:
    """The inverse of `read_tree`: write members below a folder."""
    for name, content in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
