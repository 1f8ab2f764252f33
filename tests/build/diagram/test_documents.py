from pathlib import Path

import pytest

from build.diagram.documents import DOCUMENTS, stale_documents
from build.errors import CommandError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which everything is drawn."""
    for document in stale_documents(tmp_path / "docs"):
        document.write()
    return tmp_path / "docs"


def stale_names(folder: Path) -> list[str]:
    return [document.path.name for document in stale_documents(folder)]


def test_the_committed_pictures_show_the_template() -> None:
    assert stale_names(DOCUMENTS) == [], "draw them again with `python -m build diagram`"


def test_everything_is_stale_where_nothing_is_drawn(tmp_path: Path) -> None:
    assert stale_names(tmp_path) == ["architecture.mmd", "architecture.svg", "workflow.mmd", "workflow.svg"]


def test_nothing_is_stale_after_drawing(folder: Path) -> None:
    assert stale_names(folder) == []


@pytest.mark.parametrize(
    ("name", "was", "now"), [("workflow.mmd", "630 s", "1 s"), ("workflow.svg", "sha256:", "sha256:0")]
)
def test_a_file_drawn_from_something_else_is_stale(folder: Path, name: str, was: str, now: str) -> None:
    path = folder / name
    path.write_text(path.read_text("utf-8").replace(was, now), "utf-8")
    assert stale_names(folder) == [name]


def test_a_damaged_file_is_stale(folder: Path) -> None:
    (folder / "architecture.svg").write_bytes(b"\xff\xfe")
    assert stale_names(folder) == ["architecture.svg"]


def test_drawing_again_writes_the_same_bytes(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in folder.iterdir():
        path.unlink()
    for document in stale_documents(folder):
        document.write()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("a file", "utf-8")
    with pytest.raises(CommandError, match="cannot be written"):
        stale_documents(tmp_path / "docs" / "below")[0].write()
