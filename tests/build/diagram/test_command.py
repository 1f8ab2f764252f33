from pathlib import Path

import pytest

from build.command_line import main
from build.diagram import command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in the place of `docs/`."""
    monkeypatch.setattr(command, "DOCUMENTS", tmp_path / "docs")
    return tmp_path / "docs"


def test_it_draws_what_is_stale_and_then_has_nothing_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagram"]) == 0
    assert "architecture.mmd, architecture.svg, workflow.mmd, workflow.svg" in capsys.readouterr().out
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
