"""Contestants: processes of their own that do laps in turns."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, repeat

import pytest

from benchmarks.measuring.contestants import Contestant, laps_in_turns, single_lap
from build.errors import CommandError


def numbered() -> Iterator[Callable[[], int]]:
    return (partial(int, number) for number in count())


def process() -> Iterator[Callable[[], int]]:
    return repeat(os.getpid)


def end() -> None:
    os._exit(3)


def ending() -> Iterator[Callable[[], None]]:
    return repeat(end)


def test_the_first_lap_warms_up_and_is_not_counted() -> None:
    first, second = laps_in_turns(3, numbered, numbered)
    assert [lap.answer for lap in first] == [lap.answer for lap in second] == [1, 2, 3]


def test_each_contestant_has_a_process_of_its_own() -> None:
    laps = laps_in_turns(1, process, process)
    processes = {lap.answer for [lap] in laps}
    assert len(processes) == 2 and os.getpid() not in processes


def test_a_lap_is_measured() -> None:
    lap = single_lap(partial(repeat, partial(sum, range(1_000_000))))
    assert lap.answer == sum(range(1_000_000))
    assert lap.seconds > 0 and lap.cpu_seconds > 0 and lap.peak_memory > 1_000_000


def test_a_contestant_stops_when_it_is_no_longer_needed() -> None:
    with Contestant(process) as contestant:
        its_process = contestant.lap().answer
    with pytest.raises(ProcessLookupError):
        os.kill(its_process, 0)


def test_a_contestant_that_ends_is_reported() -> None:
    with Contestant(ending) as contestant:
        with pytest.raises(CommandError, match="a measured process ended"):
            contestant.lap()
