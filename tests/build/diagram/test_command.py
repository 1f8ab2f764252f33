from pathlib import Path

import pytest

from build.command_line import main
from build.diagram import command
from build.diagram.command import FOLDER, stale_files
from build.errors import CommandError

PICTURES = ("architecture", "permissions", "workflow")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in the place of `docs/`."""
    monkeypatch.setattr(command, "FOLDER", tmp_path / "docs")
    return tmp_path / "docs"


def test_it_draws_what_is_stale_and_then_has_nothing_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagram"]) == 0
    names = ", ".join(f"{name}{suffix}" for name in PICTURES for suffix in (".mmd", ".svg"))
    assert names in capsys.readouterr().out
    assert main(["diagram"]) == 0
    assert "Every picture shows the template." in capsys.readouterr().out
    assert {path.suffix for path in folder.iterdir()} == {".mmd", ".svg"}


def test_it_leaves_alone_what_is_current(folder: Path) -> None:
    main(["diagram"])
    before = (folder / "architecture.svg").stat().st_mtime_ns
    (folder / "workflow.svg").unlink()
    main(["diagram"])
    assert (folder / "architecture.svg").stat().st_mtime_ns == before
    assert (folder / "workflow.svg").exists()


def test_check_names_the_stale_files_and_draws_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagram", "--check"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("diagram: ") and "workflow.svg" in error and "python -m build diagram" in error
    assert not folder.exists()


def test_check_is_content_when_everything_is_drawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["diagram"])
    assert main(["diagram", "--check"]) == 0
    assert capsys.readouterr().err == ""


@pytest.fixture
def drawn_folder(tmp_path: Path) -> Path:
    """A folder in which everything is drawn."""
    for file in stale_files(tmp_path / "docs"):
        file.write()
    return tmp_path / "docs"


def stale_names(folder: Path) -> list[str]:
    return [file.path.name for file in stale_files(folder)]


def test_the_committed_pictures_show_the_template() -> None:
    assert stale_names(FOLDER) == [], "draw them again with `python -m build diagram`"


def test_everything_is_stale_where_nothing_is_drawn(tmp_path: Path) -> None:
    assert stale_names(tmp_path) == [f"{name}{suffix}" for name in PICTURES for suffix in (".mmd", ".svg")]


def test_nothing_is_stale_after_drawing(drawn_folder: Path) -> None:
    assert stale_names(drawn_folder) == []


@pytest.mark.parametrize(("name", "was", "now"), [("workflow.mmd", "630 s", "1 s"), ("workflow.svg", "630 s", "1 s")])
def test_a_file_drawn_from_something_else_is_stale(drawn_folder: Path, name: str, was: str, now: str) -> None:
    path = drawn_folder / name
    path.write_text(path.read_text("utf-8").replace(was, now), "utf-8")
    assert stale_names(drawn_folder) == [name]


def test_a_damaged_file_is_stale(drawn_folder: Path) -> None:
    (drawn_folder / "architecture.svg").write_bytes(b"\xff\xfe")
    assert stale_names(drawn_folder) == ["architecture.svg"]


def test_drawing_again_writes_the_same_bytes(drawn_folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in drawn_folder.iterdir()}
    for path in drawn_folder.iterdir():
        path.unlink()
    for file in stale_files(drawn_folder):
        file.write()
    assert {path.name: path.read_bytes() for path in drawn_folder.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("a file", "utf-8")
    with pytest.raises(CommandError, match="cannot be written"):
        stale_files(tmp_path / "docs" / "below")[0].write()
