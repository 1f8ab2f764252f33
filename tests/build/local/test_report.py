"""The report: what it says, and that nothing unexpected passes."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.executions import Execution
from build.local.report import Expected, Report, problems, show
from build.local.sample_records import Written

EXPECTED = Expected({"USER_ACTIVITY": 3, "ORDER_ACTIVITY": 2}, [("SUCCEEDED", None), ("FAILED", "InvalidDataError")])
GOOD = Report(
    written=Written(4, 1, 1),
    activities={"USER_ACTIVITY": 3, "ORDER_ACTIVITY": 2},
    summary={"dataType": "DAILY_SUMMARY", "totalRecords": 5, "userActivityCount": 3, "orderActivityCount": 2},
    executions=[
        Execution("arn:1", {"dataType": "DAILY_ANALYTICS"}, "SUCCEEDED", None, None),
        Execution("arn:2", {"dataType": "UNKNOWN"}, "FAILED", "InvalidDataError", "Data validation failed"),
    ],
    failed_events=0,
    logs=Path("logs"),
)


def test_nothing_to_say_of_what_is_expected() -> None:
    assert list(problems(GOOD, EXPECTED)) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"activities": {"USER_ACTIVITY": 4, "ORDER_ACTIVITY": 2}}, "3 activities .* expected and 4 are recorded"),
        ({"activities": {"USER_ACTIVITY": 3}}, "2 activities of the type ORDER_ACTIVITY"),
        ({"summary": {}}, "should count 5 activities and counts None"),
        ({"summary": {"totalRecords": 4}}, "should count 5 activities and counts 4"),
        ({"executions": GOOD.executions[::-1]}, "should end as"),
        ({"failed_events": 2}, "2 batches failed"),
    ],
)
def test_one_number_that_is_not_expected_is_said(changed: dict[str, Any], sentence: str) -> None:
    found = list(problems(replace(GOOD, **changed), EXPECTED))
    assert re.search(sentence, found[0])


def test_people_read_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show(GOOD)
    shown = capsys.readouterr().out
    assert "4 inserted, 1 modified, 1 removed" in shown
    assert "3 USER_ACTIVITY, 2 ORDER_ACTIVITY" in shown
    assert "FAILED: InvalidDataError" in shown
    assert "totalRecords 5" in shown


def test_a_missing_summary_is_shown_as_none(capsys: pytest.CaptureFixture[str]) -> None:
    show(replace(GOOD, summary={}))
    assert "none" in capsys.readouterr().out


def test_programs_read_a_document() -> None:
    document = GOOD.document()
    assert set(document) == {"written", "activities", "summary", "executions"}
    assert document["executions"][1] == {
        "input": {"dataType": "UNKNOWN"},
        "status": "FAILED",
        "error": "InvalidDataError",
        "cause": "Data validation failed",
    }
