"""Archives: zips that depend on nothing but the names and contents of their members, and their files on disk."""

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from build.errors import CommandError

Members = Mapping[str, bytes]
"""What an archive holds: content by name, with `/` between the name's parts."""

_MODIFIED = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can carry (https://docs.python.org/3/library/zipfile.html#zipfile.ZipInfo.date_time)."""
_REGULAR_FILE = 0o100644
_UNIX = 3
_COMPRESSION_LEVEL = 9
_BYTECODE_HEADER = 16
"""Bytes: the format of bytecode, how it is checked, a hash of its source (https://peps.python.org/pep-0552/)."""


@dataclass(frozen=True)
class Archive:
    """A zip in the output folder.

    Args:
        name: logical id of the function, or `Layer`.
        digest: identifies the members, whatever compressed them.
        checksum: SHA-256 of the zip itself, as 64 hexadecimal digits.
        size: of the zip, in bytes.
        rebuilt: whether this run made it; otherwise it was up to date.
    """

    name: str
    path: Path
    digest: str
    checksum: str
    size: int
    rebuilt: bool

    @property
    def object_key(self) -> str:
        return object_key(self.name, self.digest)

    def read(self) -> bytes:
        """The bytes of the zip that was packaged.

        Raises:
            CommandError: when the file is gone or was replaced since.
        """
        content = self.path.read_bytes() if self.path.is_file() else b""
        if checksum_of(content) != self.checksum:
            raise CommandError(f"{self.path} has changed since it was packaged; run the command again.")
        return content


@dataclass(frozen=True)
class Package:
    """All archives of a stack: the functions in the configuration's order, then the layer."""

    archives: tuple[Archive, ...]

    @property
    def size(self) -> int:
        """The size of all archives together, in bytes."""
        return sum(archive.size for archive in self.archives)


def object_key(name: str, digest: str) -> str:
    """The key of a zip in an artifact bucket: other members, another key."""
    return f"{name}/{digest}.zip"


def checksum_of(content: bytes) -> str:
    """The SHA-256 checksum of a file, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of(members: Members) -> str:
    """Identify what an archive holds.

    Builds of zlib (zlib-ng among them) compress the same content to different bytes, so this covers names, contents and
    the fixed attributes, and not the compressed zip: two machines agree on it. Patch versions of Python make different
    bytecode that runs the same, so of bytecode it covers the header.

    Returns:
        A SHA-256 digest as 64 hexadecimal digits.
    """
    contents = {name: checksum_of(_identity(name, content)) for name, content in members.items()}
    description = json.dumps([_MODIFIED, _REGULAR_FILE, _UNIX, contents], sort_keys=True)
    return checksum_of(description.encode())


def _identity(name: str, content: bytes) -> bytes:
    return content[:_BYTECODE_HEADER] if name.endswith(".pyc") else content


def zip_of(members: Members) -> bytes:
    """Compress members, sorted by name and with fixed dates, modes and compression."""
    compressed = io.BytesIO()
    with zipfile.ZipFile(compressed, "w") as archive:
        for name in sorted(members):
            archive.writestr(_zip_entry(name), members[name], zipfile.ZIP_DEFLATED, _COMPRESSION_LEVEL)
    return compressed.getvalue()


def _zip_entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _MODIFIED)
    entry.create_system = _UNIX
    entry.external_attr = _REGULAR_FILE << 16
    return entry


def read_tree(folder: Path) -> dict[str, bytes]:
    """The files below a folder as members."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_tree(folder: Path, members: Members) -> None:
    """The inverse of `read_tree`: write members below a folder."""
    for name, content in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that no reader and no interruption ever sees a part of it.

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
