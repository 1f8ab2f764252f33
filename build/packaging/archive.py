"""What packaging hands on: archives on disk, and under which keys they belong into a bucket."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from build.errors import CommandError


def checksum_of(content: bytes) -> str:
    """The SHA-256 checksum of a file, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Archive:
    """A zip in the output folder.

    Args:
        name: logical id of the function, or `Layer`.
        path: where the zip is.
        digest: identifies the content, whatever compressed it.
        checksum: SHA-256 of the zip itself, as hexadecimal digits.
        size: of the zip, in bytes.
        rebuilt: whether this run made it, or found it as it should be.
    """

    name: str
    path: Path
    digest: str
    checksum: str
    size: int
    rebuilt: bool

    @property
    def object_key(self) -> str:
        """The key of the zip in an artifact bucket: another content has another key."""
        return f"{self.name}/{self.digest}.zip"

    def read(self) -> bytes:
        """The bytes of the zip, never those of another that has taken its place since.

        Raises:
            CommandError: when the file is gone or was replaced.
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
        """Of all archives together, in bytes."""
        return sum(archive.size for archive in self.archives)
