"""The output folder's memory: what each archive was made from and what came out."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from build.packaging.archive import checksum_of
from build.packaging.files import write_atomically

FILE_NAME = "manifest.json"


@dataclass(frozen=True)
class Record:
    """One archive as it was made.

    Args:
        inputs: digest of what it was made from.
        digest: of its content.
        checksum: of its zip.
    """

    inputs: str
    digest: str
    checksum: str

    def vouches_for(self, content: bytes, inputs: str) -> bool:
        """Whether `content` is the zip that these inputs once gave."""
        return self.inputs == inputs and self.checksum == checksum_of(content)


def load_manifest(folder: Path) -> dict[str, Record]:
    """The records of a folder by name of the archive; none when they are missing or damaged."""
    try:
        entries = json.loads((folder / FILE_NAME).read_bytes())
        return {name: Record(**entry) for name, entry in entries.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def save_manifest(folder: Path, records: Mapping[str, Record]) -> None:
    """Write the records of a folder, whole or not at all.

    Raises:
        OSError: when they cannot be written.
    """
    entries = {name: asdict(record) for name, record in records.items()}
    write_atomically(folder / FILE_NAME, json.dumps(entries, indent=2, sort_keys=True).encode())
