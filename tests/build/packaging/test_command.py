from pathlib import Path

import pytest

from build.command_line import main
from build.packaging import Package, command, package
from stack.config import StackConfig

NAMES = [*(function.logical_id for function in StackConfig().functions), "Layer"]


@pytest.fixture(autouse=True)
def sample(handlers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command package the sample, without a terminal."""

    def package_sample(config: StackConfig, output: Path, bytecode: bool) -> Package:
        return package(config, output, bytecode, handlers)

    monkeypatch.setattr(command, "package", package_sample)


def test_lists_what_was_built_and_what_is_unchanged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["package", "--output", str(tmp_path / "output")]
    assert main(arguments) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[:-1]] == ["built"] * len(NAMES)
    assert main(arguments) == 0
    *archives, total = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in archives] == ["unchanged"] * len(NAMES)
    assert total.startswith(f"{len(NAMES)} archives, ") and total.endswith(f", in {tmp_path / 'output'}")


def test_a_failure_is_one_sentence_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["package", "--output", str(tmp_path / "file")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("package: packaging stopped") and captured.err.count("\n") == 1


def test_bytecode_without_the_runtimes_python_names_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert main(["package", "--bytecode", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("package: --bytecode needs python3.13 on PATH; install ")


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["package", "--help"])
    printed = capsys.readouterr().out
    assert "--bytecode" in printed and printed.rstrip().endswith(command.EXAMPLE)
