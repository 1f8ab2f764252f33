"""How many files of ours somebody has to read who follows one deployment."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType

import pytest

from build.command_line import main
from build.local.emulator import Emulator

BUILD = Path(__file__).parents[3] / "build"
MOST_FILES_BESIDE_PACKAGING = 15


@contextmanager
def executed_files(folder: Path) -> Iterator[set[Path]]:
    """The files of a folder in which the body of a function runs, filled while the block lasts."""
    files: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_flags & CO_OPTIMIZED and not code.co_qualname.startswith("<"):
            files.add(code.co_filename)

    found: set[Path] = set()
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        found.update(path.relative_to(folder) for path in map(Path, files) if path.is_relative_to(folder))


def test_a_deployment_runs_few_files(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "files")
    assert main(["package"]) == 0
    with executed_files(BUILD) as files:
        assert main(["deploy", "--parameter", "StreamProcessing=Disabled"]) == 0
    assert "TapStackfiles is CREATE_COMPLETE" in capsys.readouterr().out
    ours = {path for path in files if path.parts[0] != "packaging"}
    assert Path("commands/deploy.py") in ours
    assert len(ours) <= MOST_FILES_BESIDE_PACKAGING, sorted(map(str, ours))
    assert main(["destroy", "--yes"]) == 0
