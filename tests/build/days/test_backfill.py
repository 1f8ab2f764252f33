"""Executions that several threads start and follow, stopped at any moment; and what cannot be made."""

import signal
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from threading import Event
from typing import Any

import pytest

from build.days import backfill
from build.days.backfill import Backfill
from build.days.day import Day
from build.errors import INTERRUPTED, CommandError
from build.executions import summary_request
from build.options import StackContext
from stack.settings import read_settings
from tests.build.support import Recorder, Stubs

STATE_MACHINE = "arn:aws:states:us-west-2:123456789012:stateMachine:dev"
DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(12)]
DUE = [Day(day, {"UserData": 3}, None) for day in DAYS]


class Workflow:
    """A state machine whose executions end when they may; some fail."""

    def __init__(self, *failing: date) -> None:
        self.started: list[str] = []
        self.may_end = Event()
        self.failing = {str(day) for day in failing}

    def start_execution(self, stateMachineArn: str, input: str) -> dict[str, str]:
        assert stateMachineArn == STATE_MACHINE
        day = next(str(day) for day in DAYS if str(day) in input)
        self.started.append(day)
        return {"executionArn": day}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        if not self.may_end.is_set():
            return {"status": "RUNNING"}
        failed = executionArn in self.failing
        return {"status": "FAILED", "cause": "no table"} if failed else {"status": "SUCCEEDED"}


class Presenter(Recorder):
    """Remembers the result, too."""

    document: Any = None

    def result(self, document: Any, tables: Any = ()) -> None:
        self.document, self.tables = document, list(tables)


class Chosen:
    """What the command works with."""

    def __init__(self, workflow: Workflow, stubs: Stubs) -> None:
        self.presenter = Presenter()
        clients = stubs.clients
        clients.__dict__["workflow"] = workflow
        presenter: Any = self.presenter
        settings = read_settings("dev")
        self.context = StackContext(clients, presenter, "--region", settings, settings.config)

    def make(self, *days: Day) -> Any:
        return backfill._make_summaries(self.context, STATE_MACHINE, days, True)


@pytest.fixture
def workflow() -> Iterator[Workflow]:
    running = Workflow()
    yield running
    running.may_end.set()


def test_several_run_at_once_and_each_day_once(workflow: Workflow, stubs: Stubs) -> None:
    chosen = Chosen(workflow, stubs)
    workflow.may_end.set()
    executions = chosen.make(*DUE)
    assert sorted(workflow.started) == list(map(str, DAYS))
    assert sorted(executions) == DAYS
    assert sorted(chosen.presenter.steps) == [f"summary of {day}: made" for day in DAYS]


def test_a_summary_that_cannot_be_made_is_named_and_the_others_are_made(stubs: Stubs) -> None:
    workflow = Workflow(DAYS[1])
    workflow.may_end.set()
    chosen = Chosen(workflow, stubs)
    executions = chosen.make(*DUE[:3])
    with pytest.raises(CommandError, match="1 of 3 summaries could not be made; correct what is said of each"):
        backfill._show(chosen.context, DUE[:3], executions)
    why = f"the execution {DAYS[1]} is FAILED, no table"
    assert chosen.presenter.document["made"] == [DAYS[0], DAYS[2]]
    assert chosen.presenter.document["failed"] == {str(DAYS[1]): why}
    (table,) = chosen.presenter.tables
    assert table.rows[1] == (str(DAYS[1]), "missing", "3", why)


def test_ctrl_c_starts_no_more_and_names_what_goes_on(
    workflow: Workflow, stubs: Stubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed, look = Event(), workflow.describe_execution

    def described(executionArn: str) -> dict[str, Any]:
        if len(workflow.started) == backfill._EXECUTIONS_AT_ONCE and not pressed.is_set():
            pressed.set()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return look(executionArn)

    monkeypatch.setattr(workflow, "describe_execution", described)
    with pytest.raises(CommandError) as stopped:
        Chosen(workflow, stubs).make(*DUE)
    first = [str(day) for day in DAYS[: backfill._EXECUTIONS_AT_ONCE]]
    assert sorted(workflow.started) == first
    assert (stopped.value.exit_code, pressed.is_set()) == (INTERRUPTED, True)
    said = str(stopped.value)
    assert all(day in said for day in first) and str(DAYS[5]) not in said
    assert said.startswith("stopped after 0 executions had ended; executions that are running go on: ")
    assert said.endswith("; repeat the command to make the others.")


def test_nothing_is_started_once_it_is_stopped_and_what_runs_is_known(workflow: Workflow) -> None:
    client: Any = workflow
    running = Backfill(client, STATE_MACHINE)
    running._running[DAYS[0]] = "arn-of-the-first"
    assert running.stop() == ["arn-of-the-first"]
    with pytest.raises(CommandError):
        running.summarise(DAYS[1])
    assert workflow.started == []


def test_an_execution_that_has_ended_is_not_running(workflow: Workflow) -> None:
    client: Any = workflow
    running = Backfill(client, STATE_MACHINE)
    workflow.may_end.set()
    day, execution = running.summarise(DAYS[0])
    assert (day, execution.input, running.stop()) == (DAYS[0], summary_request(DAYS[0]), [])
