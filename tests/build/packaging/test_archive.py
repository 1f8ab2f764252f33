import io
import os
import zipfile
from pathlib import Path

import pytest

from build.errors import CommandError
from build.packaging.archive import (
    Archive,
    Package,
    checksum_of,
    digest_of,
    read_tree,
    write_atomically,
    write_tree,
    zip_of,
)

MEMBERS = {"b/second.py": b"2" * 500, "a.py": b"1"}


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


def entries(packed: bytes) -> list[zipfile.ZipInfo]:
    return zipfile.ZipFile(io.BytesIO(packed)).infolist()


def test_the_order_of_members_changes_nothing() -> None:
    reordered = dict(reversed(MEMBERS.items()))
    assert zip_of(MEMBERS) == zip_of(reordered)
    assert digest_of(MEMBERS) == digest_of(reordered)


def test_members_are_sorted_and_their_attributes_fixed() -> None:
    attributes = [
        (entry.filename, entry.date_time, entry.external_attr, entry.create_system, entry.compress_type)
        for entry in entries(zip_of(MEMBERS))
    ]
    fixed = ((1980, 1, 1, 0, 0, 0), 0o100644 << 16, 3, zipfile.ZIP_DEFLATED)
    assert attributes == [("a.py", *fixed), ("b/second.py", *fixed)]


def test_members_keep_their_content() -> None:
    archive = zipfile.ZipFile(io.BytesIO(zip_of(MEMBERS)))
    assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS


def test_the_digest_tells_names_and_contents_apart() -> None:
    digests = {digest_of(MEMBERS), digest_of({"a.py": b"1"}), digest_of({"a.py": b"2"}), digest_of({"b.py": b"1"})}
    assert len(digests) == 4


def test_the_digest_is_the_same_on_every_machine() -> None:
    assert digest_of({"a.py": b"1"}) == "94d60851eac50134ad63a9841d670374b167bc45ed7b2bd989f9c7de4f9f83bd"


def test_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write_atomically(path, b"new")
    assert {"file": b"new"} == read_tree(tmp_path)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_an_interruption_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    def interrupted(source: str, target: Path) -> None:
        raise interruption

    write_atomically(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(interruption):
        write_atomically(tmp_path / "file", b"new")
    assert read_tree(tmp_path) == {"file": b"old"}


def test_a_tree_is_read_as_it_was_written(tmp_path: Path) -> None:
    members = {"a.py": b"1", "package/__init__.py": b"", "package/deep/b.py": b"2"}
    write_tree(tmp_path, members)
    assert read_tree(tmp_path) == members


def test_bytecode_is_told_from_other_bytecode_by_its_header_alone() -> None:
    header, code = bytes(range(16)), b"code of one patch version"
    digest = digest_of({"module.pyc": header + code})
    assert digest_of({"module.pyc": header + b"code of another"}) == digest
    assert digest_of({"module.pyc": b"other format and source"}) != digest
    assert digest_of({"module.py": header + code}) != digest_of({"module.py": header})
