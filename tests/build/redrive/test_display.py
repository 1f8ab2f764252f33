"""Progress as lines and as a bar."""

import io

import pytest
from rich.console import Console

from build.redrive.display import displaying
from build.redrive.report import Entry
from tests.build.redrive.failures import MIDDAY

ENTRY = Entry("aws/lambda/" + "long/" * 40 + "key", MIDDAY)
FAILED = Entry("bad\x1bkey", MIDDAY).failed("it is\nbad")


def shown(force_terminal: bool | None = None) -> str:
    """What a console shows of three objects and a note."""
    output = io.StringIO()
    console = Console(file=output, width=80, _environ={}, force_terminal=force_terminal)
    with displaying(console, total=3) as display:
        display.object_done(ENTRY)
        display.object_done(None)
        display.object_done(FAILED)
        display.note("summary of a day: made again")
    return output.getvalue()


def test_a_pipe_gets_a_line_for_each_object() -> None:
    assert shown().splitlines() == [
        f"1/3 {ENTRY.key} waiting",
        "3/3 bad key failed: it is bad",
        "summary of a day: made again",
    ]


def test_a_terminal_gets_a_bar_and_lines_for_what_needs_attention() -> None:
    text = shown(force_terminal=True)
    assert "3/3" in text
    assert "bad key failed: it is bad" in text
    assert "summary of a day: made again" in text
    assert ENTRY.key not in text


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(name: str) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, _environ={"TERM": name})
    with displaying(console, total=1) as display:
        display.object_done(ENTRY)
    assert output.getvalue() == f"1/1 {ENTRY.key} waiting\n"
