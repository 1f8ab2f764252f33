"""What becomes of measurements."""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.measuring.iterations import Iteration
from benchmarks.measuring.processes import MeasuredCommand
from benchmarks.reporting.rows import Verdict
from benchmarks.sections import daily_summary, stream_backlog, stream_processing
from benchmarks.sections.commands import archives_made
from benchmarks.sizes import QUICK
from benchmarks.systems.simulated_mapping import Waiting
from benchmarks.systems.summarizers import CountedDay
from tests.sources import ORDERS

MEGABYTE = 2**20


def iteration(seconds: float, answer: object) -> Iteration:
    return Iteration(seconds, seconds / 2, answer, MEGABYTE)


def test_iterations_of_stream_processors_become_a_rate_and_a_ratio() -> None:
    measured = stream_processing.StreamMeasurement(
        "dynalite", 10, 20, [iteration(0.1, 400), iteration(0.2, 400)], [iteration(0.5, 900), iteration(0.8, 900)]
    )
    row = measured.row()
    assert row.subject == "stream processor, batch of 10, dynalite"
    assert row.ours == "1,333 records/s"
    assert row.ratio is not None and (row.ratio.minimum, row.ratio.maximum) == (4.0, 5.0)
    assert row.verdict is Verdict.REACHED


def test_an_observation_is_of_one_invocation() -> None:
    measured = stream_processing.StreamMeasurement("dynalite", 10, 20, [iteration(0.2, 400)], [iteration(0.5, 900)])
    observed = measured.observation(measured.ours)
    assert (observed.records, observed.cpu_seconds, observed.log_bytes) == (10, 0.005, 20)


def summaries(counted: CountedDay) -> daily_summary.SummaryPair:
    return daily_summary.SummaryPair(8192 * 100, iteration(1.0, counted), iteration(1.0, CountedDay(7, 128.0, 1)))


def test_a_count_that_is_off_by_one_is_missed() -> None:
    exact = daily_summary.exactness_row(summaries(CountedDay(QUICK.activities, 110.0, 200)), QUICK)
    wrong = daily_summary.exactness_row(summaries(CountedDay(QUICK.activities - 1, 110.0, 200)), QUICK)
    assert (exact.verdict, wrong.verdict) == (Verdict.REACHED, Verdict.MISSED)


def test_units_are_compared_with_bytes() -> None:
    row = daily_summary.units_row(summaries(CountedDay(QUICK.activities, 110.0, 200)), QUICK)
    assert row.ratio is not None and row.ratio.median == 1.1
    assert row.baseline == "100 (bytes / 8 KB)"


def test_units_are_compared_with_those_without_history() -> None:
    alone, behind = summaries(CountedDay(10, 100.0, 1)), summaries(CountedDay(10, 106.0, 1))
    assert daily_summary.history_row(alone, alone, QUICK).verdict is Verdict.REACHED
    assert daily_summary.history_row(alone, behind, QUICK).verdict is Verdict.MISSED


def test_archives_that_were_made_are_counted_from_what_packaging_prints() -> None:
    output = (
        "UserDataProcessor  8.5 kB  6303cf6e83bd  built\nLayer  1.6 MB  3d9fe1e3158f  unchanged\n2 archives, in x\n"
    )
    assert archives_made(MeasuredCommand(1.0, 1.0, MEGABYTE, output)) == 1


RUN = stream_backlog.StreamRun(
    before=100,
    at_peak=Waiting(900, 3.0),
    after=110,
    longest_age=3.0,
    activities=5_000,
    stored=5_000,
    throttled=0,
    most_at_once=9,
    allowed_at_once=16,
)


@pytest.mark.parametrize(
    ("number", "change"),
    [(0, {"stored": 4_999}), (0, {"stored": 5_001}), (1, {"after": 151}), (2, {"longest_age": 121.0})],
)
def test_a_stream_that_is_not_kept_up_with_is_missed(number: int, change: dict[str, Any]) -> None:
    verdicts = [row.verdict for row in stream_backlog.backlog_rows([RUN, RUN], QUICK)]
    assert verdicts == [Verdict.REACHED] * 4
    verdicts = [row.verdict for row in stream_backlog.backlog_rows([RUN, replace(RUN, **change)], QUICK)]
    assert verdicts.pop(number) is Verdict.MISSED and verdicts == [Verdict.REACHED] * 3


def test_a_slow_mapping_is_shown_beside_the_sized_one() -> None:
    row = stream_backlog.slow_mapping_row(ORDERS, replace(ORDERS, batch_size=25), 0.5, 50.0, 100)
    assert row.baseline == "50.0 s and growing (batches of 5, 1 at once, 512 MB: the reference's mapping)"
    assert row.ours == "500.0 ms (batches of 25, 1 at once, 512 MB)"
    assert row.verdict is Verdict.NO_LIMIT and "processes 517" in row.note
