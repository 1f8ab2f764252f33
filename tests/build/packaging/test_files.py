import os
from pathlib import Path

import pytest

from build.packaging.files import read_tree, write_atomically, write_tree


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
