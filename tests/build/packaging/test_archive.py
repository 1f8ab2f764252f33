from pathlib import Path

import pytest

from build.errors import CommandError
from build.packaging.archive import Archive, Package, checksum_of


def archive(path: Path, size: int = 3) -> Archive:
    return Archive("UserDataProcessor", path, "d" * 64, checksum_of(b"zip"), size, rebuilt=True)


def test_the_key_names_the_archive_and_its_content(tmp_path: Path) -> None:
    assert archive(tmp_path).object_key == f"UserDataProcessor/{'d' * 64}.zip"


def test_reads_the_zip_that_was_packaged(tmp_path: Path) -> None:
    path = tmp_path / "UserDataProcessor.zip"
    path.write_bytes(b"zip")
    assert archive(path).read() == b"zip"


def test_refuses_to_read_another_zip_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "UserDataProcessor.zip"
    path.write_bytes(b"another")
    with pytest.raises(CommandError, match="changed since it was packaged; run the command again"):
        archive(path).read()


def test_refuses_to_read_a_zip_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="changed since it was packaged"):
        archive(tmp_path / "gone.zip").read()


def test_a_package_is_as_large_as_its_archives(tmp_path: Path) -> None:
    assert Package((archive(tmp_path, 3), archive(tmp_path, 4))).size == 7
