import hashlib
import json
import shlex
import sys
import zipfile
from pathlib import Path

import pytest

from build.command_line import main
from build.packaging import Package, command, package
from build.packaging.members import BytecodeCompiler, find_bytecode_compiler
from stack.config import StackConfig
from tests.build.packaging.test_members import THIS_VERSION
from tests.build.packaging.test_packager import CONFIG, NAMES


@pytest.fixture(autouse=True)
def sample(handlers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command package the sample, without a terminal."""

    def package_sample(config: StackConfig, output: Path, compiler: BytecodeCompiler | None) -> Package:
        return package(CONFIG, output, compiler, handlers)

    monkeypatch.setattr(command, "package", package_sample)


def test_lists_what_was_built_and_what_is_unchanged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["package", "--output", str(tmp_path / "output")]
    for state in ("built", "unchanged"):
        assert main(arguments) == 0
        _, total, heading, *archives = capsys.readouterr().out.splitlines()
        assert total.startswith("5 archives, ") and total.endswith(f", in {tmp_path / 'output'}")
        assert heading.split() == ["archive", "size", "digest", "state"]
        assert [line.split()[0] for line in archives] == NAMES
        assert [line.split()[-1] for line in archives] == [state] * 5


def test_json_says_where_each_archive_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["package", "--json", "--output", str(tmp_path)]) == 0
    *_, result = map(json.loads, capsys.readouterr().out.splitlines())
    assert (result["type"], result["output"]) == ("result", str(tmp_path))
    assert [archive["name"] for archive in result["archives"]] == NAMES
    for archive in result["archives"]:
        content = Path(archive["path"]).read_bytes()
        assert (archive["size"], archive["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert archive["key"].startswith(f"{archive['name']}/") and archive["rebuilt"] is True


def test_json_says_why_it_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["package", "--json", "--output", str(tmp_path / "file")]) == 1
    *_, failure = map(json.loads, capsys.readouterr().out.splitlines())
    assert (failure["type"], failure["exit_code"]) == ("failure", 1)
    assert failure["message"].startswith("packaging stopped")


def test_a_failure_is_one_sentence_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["package", "--output", str(tmp_path / "file")]) == 1
    captured = capsys.readouterr()
    assert "archives" not in captured.out
    assert captured.err.startswith("package: packaging stopped") and captured.err.count("\n") == 1


@pytest.fixture
def no_runtime_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which Lambda's Python is nowhere."""
    for name in ("PATH", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("HOME", str(tmp_path))
    alone = tmp_path / "python"
    alone.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    alone.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(alone))


@pytest.mark.usefixtures("no_runtime_python")
def test_bytecode_without_the_runtimes_python_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["package", "--bytecode", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "package: bytecode needs python3.13, which is neither on PATH nor with pyenv or uv; "
        "get it with `uv python install 3.13`, or leave bytecode out with --no-bytecode.\n"
    )


@pytest.mark.usefixtures("no_runtime_python")
@pytest.mark.parametrize(("option", "said"), [([], 1), (["--no-bytecode"], 0)])
def test_one_line_says_what_it_costs_to_do_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str], said: int
) -> None:
    assert main(["package", "--output", str(tmp_path), *option]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "cold starts take a third longer" in line]
    assert len(lines) == said
    assert all("uv python install 3.13" in line and "bytecode = no" in line for line in lines)
    assert not any(name.endswith(".pyc") for archive in tmp_path.glob("*.zip") for name in names_in(archive))


def test_bytecode_is_the_default_where_the_runtimes_python_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_bytecode_compiler", lambda: find_bytecode_compiler(THIS_VERSION))
    assert main(["package", "--output", str(tmp_path)]) == 0
    archives = [*tmp_path.glob("*.zip")]
    assert len(archives) == len(NAMES)
    for archive in archives:
        assert any(name.endswith(".pyc") for name in names_in(archive)), archive


def names_in(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as content:
        return content.namelist()


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["package", "--help"])
    printed = capsys.readouterr().out
    assert "--bytecode" in printed and printed.rstrip().endswith(command.EXAMPLE)
