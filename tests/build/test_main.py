"""How `python -m build` begins, also where it cannot run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.devnull}


def run(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_in_the_projects_folder_it_lists_the_commands() -> None:
    ended = run("-m", "build", cwd=PROJECT)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "local " in ended.stdout


@pytest.mark.parametrize("path", ["build", "build/__main__.py"])
def test_started_by_its_path_it_says_where_to_start_it(path: str, tmp_path: Path) -> None:
    ended = run(str(PROJECT / path), "local", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"build: start it in the project's folder, with `cd {PROJECT}` and `python -m build`.\n"


def test_another_package_of_the_same_name_does_not_hide_the_message(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "__init__.py").touch()
    ended = run(str(PROJECT / "build"), "local", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert ended.returncode == 2
    assert ended.stderr.startswith("build: start it in the project's folder")
