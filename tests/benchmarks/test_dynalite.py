"""What is known of dynalite without starting it."""

import io
import json
import shutil
from typing import Any

import pytest

from benchmarks.systems import dynalite
from benchmarks.systems.dynamodb import ActivityDays
from build.errors import CommandError
from build.local.items import item_size


class Closed(io.StringIO):
    """A pipe that nobody reads from."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_the_pinned_version_is_the_one_that_is_asked_for() -> None:
    asked_for: dict[str, Any] = json.loads((dynalite.NODE / "package.json").read_bytes())
    assert asked_for["dependencies"]["dynalite"] == dynalite.version()


def test_every_package_is_checked_and_none_says_where_it_comes_from() -> None:
    packages = json.loads(dynalite.LOCK.read_bytes())["packages"]
    installed = [package for name, package in packages.items() if name]
    assert installed and all("integrity" in package and "resolved" not in package for package in installed)


def test_without_node_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CommandError, match="install Node"):
        dynalite.install()


def test_items_are_written_a_line_each_and_their_bytes_added_up() -> None:
    class KeptLines(io.StringIO):
        def close(self) -> None:
            pass

    lines, items = KeptLines(), list(ActivityDays(10).items())
    assert dynalite.write_lines(lines, items) == sum(map(item_size, items))
    assert [json.loads(line) for line in lines.getvalue().splitlines()] == items


def test_a_reader_that_has_ended_is_left_to_its_exit_code() -> None:
    assert dynalite.write_lines(Closed(), ActivityDays(10).items()) == 0
