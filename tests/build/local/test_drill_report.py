"""The report of a drill: what it says, and that nothing unexpected passes."""

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from build.days.day import Day, Losses
from build.local.drill_report import DrillReport, TableLossReport
from build.reconcile.ledger import SourceBalance

WHOLE = Day(date(2026, 3, 1), {"UserData": 40, "OrderData": 20}, {"UserData": 40, "OrderData": 20})
LACKS_SUMMARY = replace(WHOLE, summarised=None)
USERS = SourceBalance("UserData", 40, 0, 0, 0, 0, {})
DAMAGED = TableLossReport(
    name="damaged",
    before=30,
    recoverable=15,
    restored=15,
    found=[LACKS_SUMMARY],
    written=60,
    processed=60,
    failed_events=2,
    balances=[USERS, SourceBalance("OrderData", 20, 0, 0, 0, 0, {})],
    days=[WHOLE],
    seconds={"restore": 4.25},
)
DELETED = replace(DAMAGED, name="deleted", recoverable=30, restored=30, found=[replace(WHOLE, summarised={})])


def test_nothing_to_say_of_what_came_back() -> None:
    assert list(DrillReport([DAMAGED, DELETED]).problems()) == []


def test_a_day_that_began_before_its_mapping_was_made_may_say_at_least() -> None:
    assert list(replace(DAMAGED, days=[replace(WHOLE, losses=Losses(unread=["UserData"]))]).problems) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"restored": 14}, "the table that was damaged came back with 14 of 15 activities"),
        ({"found": [WHOLE]}, "`days` missed no summary"),
        ({"processed": 59}, "after the table was damaged, 59 of 60 records are processed"),
        ({"balances": [USERS]}, "40 of 60 records are recorded"),
        ({"balances": [replace(USERS, recorded=60, twice=1)]}, "of UserData, 0 records .*, 1 have more than one"),
        ({"days": [replace(WHOLE, summarised={"UserData": 59})]}, "59 of 60 records are summarised"),
        ({"days": [LACKS_SUMMARY, WHOLE]}, "2026-03-01 is missing"),
        ({"days": [replace(WHOLE, losses=Losses(failed={"UserData": 1}))]}, "2026-03-01 is partly lost: failed ev"),
    ],
)
def test_what_did_not_come_back_is_said(changed: dict[str, Any], sentence: str) -> None:
    problem, *_ = DrillReport([DELETED, replace(DAMAGED, **changed)]).problems()
    assert re.search(sentence, problem)


def test_people_read_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    DrillReport([DAMAGED, DELETED]).print(as_json=False)
    shown = capsys.readouterr().out
    assert re.search("what +a table damaged +a table deleted", shown)
    assert re.search("in the restored table +15 of 15 +30 of 30", shown)
    assert re.search("`days` found +missing +stale", shown)
    assert re.search("activities summarised +60 of 60 +60 of 60", shown)
    assert re.search("restore took here +4.2 s +4.2 s", shown)


def test_programs_read_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    DrillReport([DAMAGED, DELETED]).print(as_json=True)
    damaged, deleted = json.loads(capsys.readouterr().out)["drill"]
    assert (damaged["loss"], deleted["loss"]) == ("damaged", "deleted")
    numbers = {name: damaged[name] for name in ("written", "processed", "recorded", "summarised")}
    assert set(numbers.values()) == {60}
    assert (damaged["found"], damaged["days"][0]["state"]) == (["2026-03-01 missing"], "exact")
    assert damaged["seconds"] == {"restore": 4.25}
