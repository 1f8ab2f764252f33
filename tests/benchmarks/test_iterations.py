"""Iterations in turns, each in a process of its own."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, repeat

import pytest

from benchmarks.measuring.iterations import BenchmarkProcess, interleaved_iterations, single_iteration
from build.errors import CommandError


def numbered() -> Iterator[Callable[[], int]]:
    return (partial(int, number) for number in count())


def process_ids() -> Iterator[Callable[[], int]]:
    return repeat(os.getpid)


def end() -> None:
    os._exit(3)


def ending() -> Iterator[Callable[[], None]]:
    return repeat(end)


def test_the_first_iteration_warms_up_and_is_not_counted() -> None:
    first, second = interleaved_iterations(3, numbered, numbered)
    assert [iteration.answer for iteration in first] == [iteration.answer for iteration in second] == [1, 2, 3]


def test_each_preparation_has_a_process_of_its_own() -> None:
    iterations = interleaved_iterations(1, process_ids, process_ids)
    processes = {iteration.answer for [iteration] in iterations}
    assert len(processes) == 2 and os.getpid() not in processes


def test_an_iteration_is_measured() -> None:
    iteration = single_iteration(partial(repeat, partial(sum, range(1_000_000))))
    assert iteration.answer == sum(range(1_000_000))
    assert iteration.seconds > 0 and iteration.cpu_seconds > 0 and iteration.peak_memory > 1_000_000


def test_a_process_stops_when_it_is_no_longer_needed() -> None:
    with BenchmarkProcess(process_ids) as process:
        process_id = process.iteration().answer
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_a_process_that_ends_is_reported() -> None:
    with BenchmarkProcess(ending) as process:
        with pytest.raises(CommandError, match="a measured process ended"):
            process.iteration()
