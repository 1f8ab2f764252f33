"""The wait for the streams: it ends when all is processed, goes on while anything moves, and else gives up."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from build.errors import CommandError
from build.local import scenario
from build.poller.context import Statistics
from build.progress import NullProgress


class Steps(NullProgress):
    """Remembers the steps."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)


class Poller:
    """A poller that has done a little more at each look, and then no more."""

    def __init__(self, looks: Iterator[Statistics], idle: bool = True) -> None:
        self._looks = looks
        self._last = Statistics()
        self._idle = idle

    @property
    def statistics(self) -> dict[str, Statistics]:
        self._last = next(self._looks, self._last)
        return {"mapping": self._last, "other": Statistics(filtered_out=1)}

    def wait_until_idle(self, timeout: float) -> bool:
        return self._idle


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Sleeping takes 100 seconds, and no time."""
    seconds = [0.0]

    def sleep(_: float) -> None:
        seconds[0] += 100

    monkeypatch.setattr(scenario, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: seconds[0]))
    return seconds


def wait(poller: Poller, streamed: int) -> Steps:
    steps, cloud = Steps(), SimpleNamespace(poller=poller, emulator=SimpleNamespace(log_file=Path("emulator.log")))
    waited: Any = cloud
    scenario._wait_until_processed(waited, streamed, steps)
    return steps


def test_waits_as_long_as_anything_is_tried(clock: list[float]) -> None:
    slow = [Statistics(invoked=tried, processed=tried // 8) for tried in range(80)]
    steps = wait(Poller(iter(slow)), 10)
    assert clock[0] == 7_200
    assert "a batch waits for 1 s at most" in steps.steps[0]


def test_given_up_counts_as_done(clock: list[float]) -> None:
    wait(Poller(iter([Statistics(dropped=1, on_failure_destination_delivered=2, processed=3)])), 7)
    assert clock[0] == 0


@pytest.mark.parametrize("poller", [Poller(iter([Statistics(processed=3)])), Poller(iter([]), idle=False)])
def test_gives_up_when_nothing_moves(poller: Poller, clock: list[float]) -> None:
    with pytest.raises(CommandError, match="not processed any further for 300 seconds: read emulator.log"):
        wait(poller, 1 if poller._idle is False else 10)
    assert clock[0] <= 500
