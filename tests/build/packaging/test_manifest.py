from pathlib import Path

import pytest

from build.packaging.archive import checksum_of
from build.packaging.manifest import FILE_NAME, Record, load_manifest, save_manifest

RECORD = Record(inputs="i", digest="d", checksum=checksum_of(b"zip"))


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    save_manifest(tmp_path, {"Layer": RECORD})
    assert load_manifest(tmp_path) == {"Layer": RECORD}


def test_a_new_folder_has_no_records(tmp_path: Path) -> None:
    assert load_manifest(tmp_path) == {}


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"\xff", b"[]", b'{"Layer": 1}', b'{"Layer": {"inputs": "i"}}', b'{"Layer": {"other": 1}}']
)
def test_a_damaged_manifest_has_no_records(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(damaged)
    assert load_manifest(tmp_path) == {}


@pytest.mark.parametrize(
    ("content", "inputs", "vouches"), [(b"zip", "i", True), (b"zip", "others", False), (b"damaged", "i", False)]
)
def test_a_record_vouches_for_its_own_zip_alone(content: bytes, inputs: str, vouches: bool) -> None:
    assert RECORD.vouches_for(content, inputs) is vouches
