"""The monitor over services that answer from memory: what it publishes, whom it has polled, and what it survives."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from build.local import monitor as monitor_module
from build.local.monitor import Monitor
from build.monitoring.alarms import Transition
from build.monitoring.evaluation import State
from build.monitoring.rules import RuleError
from build.poller.context import Statistics
from build.poller.metrics import MappingMetrics
from tests.build.poller.fakes import aws_error, mapping

PATIENCE = 20
RINGS = Transition(1, "late", State.OK, State.ALARM)
CEASES = Transition(2, "late", State.ALARM, State.OK)


class Services:
    """An emulator with two mappings, one of them disabled."""

    def __init__(self) -> None:
        self.values: list[tuple[str, str, float]] = []
        self.states = {"mapping": "Enabled", "other": "Disabled"}
        self.polled: dict[str, bool] = {}
        self.statistics = {"mapping": Statistics(polled=2), "other": Statistics()}
        self.clients: Any = SimpleNamespace(cloudwatch=self, functions=self)

    def get_paginator(self, operation: str) -> "Services":
        assert operation == "list_event_source_mappings"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"EventSourceMappings": [{"UUID": uuid, "State": state}]} for uuid, state in self.states.items()]

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:
        for datum in MetricData:
            (dimension,) = datum["Dimensions"]
            self.values.append((datum["MetricName"], dimension["Value"], datum["Value"]))

    def set_enabled(self, uuid: str, enabled: bool) -> None:
        self.polled[uuid] = enabled


class Evaluations:
    """What each evaluation leads to: changes, or an error."""

    def __init__(self, *outcomes: list[Transition] | Exception) -> None:
        self._outcomes = list(outcomes)
        self.all_made = threading.Event()

    def evaluate(self, time: float) -> list[Transition]:
        if not self._outcomes:
            self.all_made.set()
            return []
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def monitoring(monkeypatch: pytest.MonkeyPatch, evaluations: Evaluations) -> tuple[Monitor, Services]:
    services = Services()
    monkeypatch.setattr(monitor_module, "AlarmEvaluator", lambda cloudwatch, speed: evaluations)
    poller: Any = services
    return Monitor(services.clients, poller, MappingMetrics([mapping(), mapping(uuid="other")])), services


def test_it_publishes_the_mappings_that_are_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor, services = monitoring(monkeypatch, Evaluations())
    monitor.refresh()
    assert services.polled == {"mapping": True, "other": False}
    assert services.values == [("PolledEventCount", "mapping", 2)]


def test_it_remembers_what_rang_and_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor, _ = monitoring(monkeypatch, Evaluations([RINGS], [CEASES]))
    monitor.refresh()
    monitor.refresh()
    assert monitor.transitions == (RINGS, CEASES)
    assert (monitor.rang(), monitor.rang(since=1)) == ({"late"}, set())


def test_an_emulator_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_module, "_PAUSE", 0.01)
    evaluations = Evaluations(aws_error("ResourceNotFound"), RuleError("an alarm does not exist"), [RINGS])
    with monitoring(monkeypatch, evaluations)[0] as monitor:
        assert evaluations.all_made.wait(PATIENCE)
    assert monitor.rang() == {"late"}
