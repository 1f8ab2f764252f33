"""What is shown in the end."""

import json
from dataclasses import replace
from datetime import date, timedelta

from build.redrive.report import Entry, Outcome, Report
from tests.build.redrive.failures import MIDDAY

DAY = date(2026, 3, 1)
WAITING = Entry("key", MIDDAY, '"etag"', "UserData", 10, (DAY,), "RetryAttemptsExhausted")
LEFT = Entry("other", MIDDAY + timedelta(1), outcome=Outcome.LEFT_ALONE, reason="it is not JSON")


def test_only_what_remains_is_a_failure() -> None:
    assert Report([]).exit_code == 0
    assert Report([WAITING, WAITING.recorded()]).exit_code == 0
    assert Report([WAITING, LEFT]).exit_code == 1
    assert Report([WAITING.failed("no")]).exit_code == 1


def test_the_closing_counts() -> None:
    assert Report([]).closing == "objects of failed events: none"
    entries = [WAITING.recorded(), WAITING.recorded(), WAITING.failed("no"), LEFT]
    assert Report(entries).closing == "objects of failed events: 1 failed, 1 left alone, 2 recorded"


def test_the_table_says_when_source_records_error_and_outcome() -> None:
    (table,) = Report([WAITING, LEFT]).tables
    assert table.columns == ("when (UTC)", "source", "records", "error", "outcome")
    assert list(table.rows) == [
        ("2026-03-01 12:00:00", "UserData", "10", "RetryAttemptsExhausted", "waiting"),
        ("2026-03-02 12:00:00", "", "", "", "left alone: it is not JSON"),
    ]


def test_summaries_have_a_table_of_their_own() -> None:
    _, table = Report([WAITING], {date(2026, 3, 2): "no table", DAY: None}).tables
    assert list(table.rows) == [("2026-03-01", "made again"), ("2026-03-02", "no table")]


def test_nothing_found_is_no_table() -> None:
    assert Report([]).tables == []


def test_programs_get_everything() -> None:
    document = json.loads(json.dumps(Report([replace(WAITING, reason="no")], {DAY: None}).document, default=str))
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
