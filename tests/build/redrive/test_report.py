"""What is shown: the report, and progress as lines and as a bar."""

import io
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from rich.console import Console

from build.redrive.report import ObjectOutcome, ObjectResult, RedriveReport, redrive_progress
from tests.build.redrive.failure_records import MIDDAY

DAY = date(2026, 3, 1)
WAITING = ObjectResult("key", MIDDAY, '"etag"', "UserData", 10, (DAY,), "RetryAttemptsExhausted")
LEFT = ObjectResult("other", MIDDAY + timedelta(1), outcome=ObjectOutcome.LEFT_ALONE, reason="it is not JSON")

LONG_KEY = ObjectResult("aws/lambda/" + "long/" * 40 + "key", MIDDAY)
FAILED = ObjectResult("bad\x1bkey", MIDDAY).failed("it is\nbad")


def test_only_what_remains_is_a_failure() -> None:
    assert RedriveReport([]).exit_code == 0
    assert RedriveReport([WAITING, WAITING.recorded()]).exit_code == 0
    assert RedriveReport([WAITING, LEFT]).exit_code == 1
    assert RedriveReport([WAITING.failed("no")]).exit_code == 1


def test_the_closing_counts() -> None:
    assert RedriveReport([]).closing == "objects of failed events: none"
    entries = [WAITING.recorded(), WAITING.recorded(), WAITING.failed("no"), LEFT]
    assert RedriveReport(entries).closing == "objects of failed events: 1 failed, 1 left alone, 2 recorded"


def test_the_table_says_when_source_records_error_and_outcome() -> None:
    (table,) = RedriveReport([WAITING, LEFT]).tables
    assert table.columns == ("when (UTC)", "source", "records", "error", "outcome")
    assert list(table.rows) == [
        ("2026-03-01 12:00:00", "UserData", "10", "RetryAttemptsExhausted", "waiting"),
        ("2026-03-02 12:00:00", "", "", "", "left alone: it is not JSON"),
    ]


def test_summaries_have_a_table_of_their_own() -> None:
    _, table = RedriveReport([WAITING], {date(2026, 3, 2): "no table", DAY: None}).tables
    assert list(table.rows) == [("2026-03-01", "recomputed"), ("2026-03-02", "no table")]


def test_nothing_found_is_no_table() -> None:
    assert RedriveReport([]).tables == []


def test_programs_get_everything() -> None:
    document = json.loads(json.dumps(RedriveReport([replace(WAITING, reason="no")], {DAY: None}).document, default=str))
    assert document == {
        "objects": [
            {
                "key": "key",
                "when": "2026-03-01 12:00:00+00:00",
                "etag": '"etag"',
                "source": "UserData",
                "records": 10,
                "days": ["2026-03-01"],
                "error": "RetryAttemptsExhausted",
                "outcome": "waiting",
                "reason": "no",
            }
        ],
        "summaries": [{"day": "2026-03-01", "problem": None}],
    }


def shown(force_terminal: bool | None = None) -> str:
    """What a console shows of three objects and a note."""
    output = io.StringIO()
    console = Console(file=output, width=80, _environ={}, force_terminal=force_terminal)
    with redrive_progress(console, total=3) as progress:
        progress.object_done(LONG_KEY)
        progress.object_done(None)
        progress.object_done(FAILED)
        progress.note("summary of a day: recomputed")
    return output.getvalue()


def test_a_pipe_gets_a_line_for_each_object() -> None:
    assert shown().splitlines() == [
        f"1/3 {LONG_KEY.key} waiting",
        "3/3 bad key failed: it is bad",
        "summary of a day: recomputed",
    ]


def test_a_terminal_gets_a_bar_and_lines_for_what_needs_attention() -> None:
    text = shown(force_terminal=True)
    assert "3/3" in text
    assert "bad key failed: it is bad" in text
    assert "summary of a day: recomputed" in text
    assert LONG_KEY.key not in text


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(name: str) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, _environ={"TERM": name})
    with redrive_progress(console, total=1) as progress:
        progress.object_done(LONG_KEY)
    assert output.getvalue() == f"1/1 {LONG_KEY.key} waiting\n"
