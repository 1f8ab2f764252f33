"""CloudWatch's part of the local cloud: what the mappings publish, and the alarms, once a minute.

A minute lasts a second here, so that an alarm whose periods are five minutes rings within seconds. Only the periods of
alarms are shortened: metrics keep the time at which something happened, and thresholds are as in the template.
"""

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import Clients
from build.monitoring.alarms import SECONDS_BETWEEN_EVALUATIONS, AlarmEvaluator, AlarmStatus, Transition
from build.monitoring.evaluation import State
from build.monitoring.metrics import put_values
from build.monitoring.rules import RuleError
from build.poller.metrics import MappingMetrics
from build.poller.poller import Poller

SPEED = 60
"""How many times as fast as on AWS the periods of alarms pass."""
SPEED_IN_WORDS = "a minute of the alarms' periods lasts a second here"
_PAUSE = SECONDS_BETWEEN_EVALUATIONS / SPEED
_STOP_SECONDS = 5.0


class Monitor:
    """Publishes and evaluates, within a `with` statement, in a thread of its own.

    Args:
        clients: of the emulator.
        poller: whose mappings are enabled and disabled as the emulator says.
        metrics: of the poller's mappings.
    """

    def __init__(self, clients: Clients, poller: Poller, metrics: MappingMetrics) -> None:
        self._clients = clients
        self._poller = poller
        self._metrics = metrics
        self._transitions: list[Transition] = []
        self._evaluator = AlarmEvaluator(clients.cloudwatch, SPEED)
        self._refreshing = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)

    @property
    def transitions(self) -> Sequence[Transition]:
        """Every change of an alarm's state so far, oldest first."""
        return tuple(self._transitions)

    def alarms(self) -> list[AlarmStatus]:
        """Every alarm as it is after the last evaluation, composite ones last."""
        with self._refreshing:
            return self._evaluator.statuses()

    def rang(self, since: int = 0) -> set[str]:
        """The names of the alarms that rang, those of the first `since` transitions left out."""
        return {change.alarm for change in self._transitions[since:] if change.after is State.ALARM}

    def refresh(self) -> None:
        """Publish what happened until now, and evaluate the alarms."""
        with self._refreshing:
            enabled = self._follow_mappings()
            now = time.time()
            put_values(self._clients.cloudwatch, self._metrics.take(self._poller.statistics, enabled, now))
            self._transitions += self._evaluator.evaluate(now)

    def stop(self) -> None:
        """Publish and evaluate no more."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopping.wait(_PAUSE):
            try:
                self.refresh()
            except (BotoCoreError, ClientError, RuleError):
                continue  # The emulator is ending, or the stack is being deleted; the next minute is another try.

    def _follow_mappings(self) -> set[str]:
        """Have the poller poll the mappings that are enabled, and no other; the result is their ids."""
        pages = self._clients.functions.get_paginator("list_event_source_mappings").paginate()
        states = {mapping["UUID"]: mapping["State"] for page in pages for mapping in page["EventSourceMappings"]}
        enabled = {uuid for uuid, state in states.items() if state == "Enabled"}
        for uuid in states:
            self._poller.set_enabled(uuid, uuid in enabled)
        return enabled
