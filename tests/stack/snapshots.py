"""Where reviewed templates are stored, and how they are compared: one file a suffix, as `generate.py` prints it."""

from pathlib import Path

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex


class TemplateSnapshot(SingleFileSnapshotExtension):
    """A template in `tests/snapshots`."""

    _write_mode = WriteMode.TEXT
    file_extension = "json"

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """The folder of all reviewed templates."""
        return str(Path(__file__).parent.parent / "snapshots")

    @classmethod
    def get_file_basename(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        """The module that compares and the suffix."""
        return f"{test_location.basename}.{index}"
