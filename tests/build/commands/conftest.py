"""Commands as somebody runs them."""

from collections.abc import Callable

import pytest

from build.command_line import main
from build.deploy import desired
from tests.build.support import tiny_package

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: exit code, stdout, stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def nothing_packaged(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Commands that deploy find small archives, and look for no Python to compile with."""
    made = tiny_package(tmp_path_factory.mktemp("archives"))
    monkeypatch.setattr(desired, "package", lambda *arguments: made)
    monkeypatch.setattr(desired, "bytecode_compiler", lambda *arguments: None)
