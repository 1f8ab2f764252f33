"""The report: what it says, and that nothing unexpected passes."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.executions import WorkflowExecution
from build.local.report import AlarmReport, LocalReport, print_report, report_problems
from build.local.writing import WriteCounts
from build.monitoring.alarms import AlarmStatus
from build.monitoring.evaluation import State
from build.reconcile.ledger import SourceBalance

ALARMS = AlarmReport(
    alarms=[
        AlarmStatus("stopped", State.OK, "Nobody reads the stream: enable the mapping."),
        AlarmStatus("failures", State.ALARM, "An execution failed: fix it."),
        AlarmStatus("missing", State.OK, "No execution succeeded."),
    ],
    rang={"failures", "missing"},
    expected={"failures", "missing"},
    tolerated={"failures"},
)
GOOD = LocalReport(
    written={"USER_ACTIVITY": WriteCounts(2, 1, 1), "ORDER_ACTIVITY": WriteCounts(2)},
    rejected=0,
    activities={"USER_ACTIVITY": 3, "ORDER_ACTIVITY": 2},
    summary={"dataType": "DAILY_SUMMARY", "totalRecords": 5, "userActivityCount": 3, "orderActivityCount": 2},
    executions=[
        WorkflowExecution("arn:1", {"dataType": "DAILY_ANALYTICS"}, "SUCCEEDED", None, None),
        WorkflowExecution("arn:2", {"dataType": "UNKNOWN"}, "FAILED", "InvalidDataError", "Data validation failed"),
    ],
    failed_events=0,
    alarms=ALARMS,
    logs=Path("logs"),
    balances=(SourceBalance("UserData", 3, 0, 0, 0, 0, {}), SourceBalance("OrderData", 2, 0, 0, 0, 0, {})),
)


def test_nothing_to_say_of_what_is_expected() -> None:
    assert list(report_problems(GOOD)) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"activities": {"USER_ACTIVITY": 4, "ORDER_ACTIVITY": 2}}, "3 activities .* expected and 4 are recorded"),
        ({"activities": {"USER_ACTIVITY": 3}}, "2 activities of the type ORDER_ACTIVITY"),
        ({"summary": {}}, "should count 5 activities and counts None"),
        ({"summary": {"totalRecords": 4}}, "should count 5 activities and counts 4"),
        ({"executions": GOOD.executions[::-1]}, "should end as"),
        ({"failed_events": 2}, "2 batches failed"),
        ({"balances": (SourceBalance("UserData", 2, 1, 0, 0, 0, {}),)}, "of UserData, 1 records have no activity"),
        ({"balances": (SourceBalance("UserData", 2, 0, 0, 1, 0, {}),)}, "no activity, 1 have more than one"),
        ({"balances": (SourceBalance("UserData", 2, 0, 0, 0, 1, {}),)}, "1 activities are of no record"),
        ({"alarms": replace(ALARMS, rang={"failures"})}, "the alarm missing should have rung and did not"),
        ({"alarms": replace(ALARMS, rang={*ALARMS.rang, "stopped"})}, "the alarm stopped rang and should not have"),
        ({"alarms": replace(ALARMS, tolerated=frozenset())}, "the alarm failures is ALARM and should be OK"),
        ({"rejected": 1_500}, "1,500 lines hold no record"),
    ],
)
def test_one_number_that_is_not_expected_is_said(changed: dict[str, Any], sentence: str) -> None:
    found = list(report_problems(replace(GOOD, **changed)))
    assert re.search(sentence, found[0])


def test_people_read_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(GOOD, as_json=False)
    shown = capsys.readouterr().out
    assert "4 inserted, 1 modified, 1 removed" in shown
    assert "3 USER_ACTIVITY, 2 ORDER_ACTIVITY" in shown
    assert "FAILED: InvalidDataError" in shown
    assert "totalRecords 5" in shown
    assert "a minute of the alarms' periods lasts a second here" in shown
    assert re.search("failures +ALARM +An execution failed$", shown, re.MULTILINE)
    assert re.search("missing +OK, rang before +No execution succeeded.$", shown, re.MULTILINE)
    assert re.search("1 others? +OK +never rang", shown)
    assert "refused" not in shown
    assert "unchanged" not in shown


def test_people_read_what_is_unusual(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    unusual = {"USER_ACTIVITY": WriteCounts(1, unchanged=7)}
    print_report(replace(GOOD, written=unusual, rejected=3), as_json=False)
    shown = capsys.readouterr().out
    assert "1 inserted, 0 modified, 0 removed, 7 unchanged" in shown
    assert re.search("lines refused +3$", shown, re.MULTILINE)


def test_a_missing_summary_is_shown_as_none(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(replace(GOOD, summary={}), as_json=False)
    assert "none" in capsys.readouterr().out


def test_programs_read_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(replace(GOOD, rejected=1, failed_events=2), as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {
        "written",
        "rejected",
        "activities",
        "summary",
        "executions",
        "failed_events",
        "alarms",
        "reconciliation",
    }
    assert [source["recorded"] for source in document["reconciliation"]] == [3, 2]
    assert document["alarms"] == {
        "states": {"stopped": "OK", "failures": "ALARM", "missing": "OK"},
        "rang": ["failures", "missing"],
    }
    assert document["written"] == {"inserted": 4, "modified": 1, "removed": 1, "unchanged": 0}
    assert (document["rejected"], document["failed_events"]) == (1, 2)
    assert document["executions"][1] == {
        "input": {"dataType": "UNKNOWN"},
        "status": "FAILED",
        "error": "InvalidDataError",
        "cause": "Data validation failed",
    }
