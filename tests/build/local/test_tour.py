"""The report of a tour: what it says, and that nothing unexpected passes."""

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from build.errors import CommandError
from build.local import tour
from build.local.faults import FAULTS
from build.local.tour import Tour, TourReport
from build.monitoring.alarms import AlarmStatus, Transition
from build.monitoring.evaluation import State
from build.redrive.report import ObjectResult, RedriveReport
from tests.build.local.test_report import ALARMS
from tests.build.local.test_scenario import Steps

REDRIVEN = RedriveReport([ObjectResult("key", datetime(2026, 3, 1, tzinfo=UTC)).recorded()])
GOOD = TourReport(
    name="crash",
    written=26,
    recorded=26,
    notifications=['ALARM: "broken"'],
    redriven=REDRIVEN,
    expects_failed_events=True,
    alarms=ALARMS,
)


def test_nothing_to_say_of_what_is_expected() -> None:
    assert list(GOOD.problems()) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"recorded": 25}, "26 activities were expected and 25 are recorded"),
        ({"redriven": RedriveReport([])}, "held 0 objects"),
        ({"expects_failed_events": False}, "held 1 objects"),
        ({"redriven": RedriveReport([REDRIVEN.results[0].failed("it crashed")])}, "the redrive left something"),
        ({"notifications": []}, "the alert topic sent nothing"),
        ({"alarms": replace(ALARMS, rang=frozenset())}, "should have rung and did not"),
    ],
)
def test_what_is_not_expected_is_said(changed: dict[str, Any], sentence: str) -> None:
    assert re.search(sentence, next(replace(GOOD, **changed).problems()))


def test_people_read_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    GOOD.print(as_json=False)
    shown = capsys.readouterr().out
    assert "Fault crash" in shown
    assert re.search("activities recorded +26 of 26", shown)
    assert re.search('sent by the alert topic +ALARM: "broken"', shown)
    assert re.search("failures +ALARM +An execution failed", shown)


def test_programs_read_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    GOOD.print(as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "fault": "crash",
        "written": 26,
        "recorded": 26,
        "notifications": ['ALARM: "broken"'],
        "failed_events": 1,
        "alarms": ALARMS.document(),
    }


class Monitor:
    """Rings, and is OK two looks later."""

    def __init__(self) -> None:
        self._looks = 0
        self.transitions = [
            Transition(0, "late", State.OK, State.ALARM),
            Transition(0, "new", State.INSUFFICIENT_DATA, State.OK),
            Transition(0, "late", State.ALARM, State.OK),
        ]

    def alarms(self) -> list[AlarmStatus]:
        self._looks += 1
        return [AlarmStatus("late", State.OK if self._looks > 2 else State.ALARM, "")]


def waiting(monitor: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Steps]:
    """A tour that waits without waiting, and what it says."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    steps = Steps()
    cloud: Any = SimpleNamespace(monitor=monitor, emulator=SimpleNamespace(log_file="emulator.log"))
    return Tour(cloud, "crash", FAULTS["crash"], steps), steps


def test_a_wait_tells_every_alarm_that_rings_and_ceases_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waited, steps = waiting(Monitor(), monkeypatch)
    waited._wait("all alarms are OK", waited._all_clear)
    waited._wait("nothing", lambda: True)
    told = [step.split(" ", 1)[1] for step in steps.steps if step[0].isdigit()]
    assert told == ["late is ALARM", "late is OK"]


def test_an_alarm_that_has_just_changed_is_not_all_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = Monitor()
    waited, _ = waiting(monitor, monkeypatch)
    monitor.transitions.append(Transition(time.time(), "late", State.ALARM, State.OK))
    monitor._looks = 5
    assert not waited._all_clear()


def test_what_never_happens_is_a_failure_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    waited, _ = waiting(Monitor(), monkeypatch)
    monkeypatch.setattr(tour, "_LONGEST_WAIT", 0)
    with pytest.raises(CommandError, match="longer than 0 seconds until the alarms ring: read emulator.log and try"):
        waited._wait("the alarms ring", lambda: False)
