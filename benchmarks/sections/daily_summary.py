"""The daily summary compared with a Scan and a filter: what is counted, what it reads, and how long it takes."""

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.costs.daily_execution import SummaryObservation
from benchmarks.measuring.iterations import Iteration, interleaved_iterations, single_iteration
from benchmarks.reporting.formatting import format_count, format_duration
from benchmarks.reporting.rows import ResultRow, at_most, exactly, spread_of, spread_of_ratios
from benchmarks.sizes import HISTORY_DAYS, Sizes
from benchmarks.systems.capacity import READ_UNIT_BYTES
from benchmarks.systems.dynalite import fill_database, install, running_dynalite, version
from benchmarks.systems.dynamodb import ActivityDays
from benchmarks.systems.parallel_dynamodb import LATENCY
from benchmarks.systems.summarizers import THE_SCHEDULE, parallel_summary, reference_summary, this_summary
from benchmarks.systems.template_facts import function_variables
from handlers.counting import CONCURRENT_QUERIES

EXACT = exactly(1)
_UNITS_TO_BYTES = at_most(1.25)
_UNITS_TO_UNITS_WITHOUT_HISTORY = at_most(1.05)
_TIME_TO_TIME_OF_ONE_QUERY = at_most(0.5)


@dataclass(frozen=True)
class SummaryPair:
    """One summary of each implementation, of the same table.

    Args:
        size: of all items in the table, in bytes.
        ours: the analytics processor.
        reference: the reference's Scan.
    """

    size: int
    ours: Iteration
    reference: Iteration


@dataclass(frozen=True)
class SummaryResults:
    """The rows, and what the costs are computed from."""

    rows: list[ResultRow]
    ours: SummaryObservation
    reference: SummaryObservation


def measure_daily_summary(sizes: Sizes) -> SummaryResults:
    """Count a large day, then a small one with and without days before it, then one hour by hour.

    Raises:
        CommandError: when dynalite cannot be installed or started, or a measured process ends.
    """
    install()
    large = _summarise(ActivityDays(sizes.activities), every_page=False)
    alone = _summarise(ActivityDays(sizes.history_day), every_page=True)
    behind = _summarise(ActivityDays(sizes.history_day, HISTORY_DAYS), every_page=True)
    return SummaryResults(
        rows=[
            exactness_row(large, sizes),
            units_row(large, sizes),
            history_row(alone, behind, sizes),
            _hours_row(sizes),
        ],
        ours=_observation(large.ours, sizes.activities),
        reference=_observation(behind.reference, sizes.history_day * (HISTORY_DAYS + 1)),
    )


def _summarise(days: ActivityDays, every_page: bool) -> SummaryPair:
    """A summary of each from a new table; the reference first, since it would count the other's summary too.

    Where the reference reads one page, as it does, ours is what the schedule starts; else both read the day alone.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        size = fill_database(Path(folder) / "database", days.items())
        with running_dynalite(Path(folder) / "database") as endpoint:
            variables = _function_environment(endpoint)
            reference = single_iteration(partial(reference_summary, variables, every_page))
            ours = partial(this_summary, variables) if every_page else partial(this_summary, variables, THE_SCHEDULE)
            return SummaryPair(size, single_iteration(ours), reference)


def _function_environment(endpoint: str) -> dict[str, str]:
    """The analytics processor's variables, and where its DynamoDB is."""
    return {**function_variables("AnalyticsProcessor"), "AWS_ENDPOINT_URL": endpoint}


def exactness_row(pair: SummaryPair, sizes: Sizes) -> ResultRow:
    ours, reference = pair.ours, pair.reference
    return ResultRow(
        subject=f"daily summary of {format_count(sizes.activities)}: activities counted",
        ours=format_count(ours.answer.total),
        baseline=f"{format_count(reference.answer.total)} (a Scan of one page)",
        ratio=spread_of([ours.answer.total / sizes.activities]),
        limit=EXACT,
        memory=(ours.peak_memory, reference.peak_memory),
        note=f"{format_duration(ours.seconds)} with dynalite {version()} on this machine",
    )


def units_row(pair: SummaryPair, sizes: Sizes) -> ResultRow:
    minimum = pair.size / READ_UNIT_BYTES
    return ResultRow(
        subject=f"daily summary of {format_count(sizes.activities)}: read units",
        ours=f"{format_count(pair.ours.answer.units)} units",
        baseline=f"{format_count(minimum)} (bytes / 8 KB)",
        ratio=spread_of([pair.ours.answer.units / minimum]),
        limit=_UNITS_TO_BYTES,
        memory=(pair.ours.peak_memory, None),
    )


def history_row(alone: SummaryPair, behind: SummaryPair, sizes: Sizes) -> ResultRow:
    """What reading a day takes with and without days before it."""
    return ResultRow(
        subject=f"read units with {HISTORY_DAYS} days of history, {format_count(sizes.history_day)} activities a day",
        ours=_units_text(behind.ours, alone.ours),
        baseline=f"{_units_text(behind.reference, alone.reference)} (a Scan of every page)",
        ratio=spread_of([behind.ours.answer.units / alone.ours.answer.units]),
        limit=_UNITS_TO_UNITS_WITHOUT_HISTORY,
        memory=(behind.ours.peak_memory, behind.reference.peak_memory),
    )


def _units_text(behind: Iteration, alone: Iteration) -> str:
    return f"{format_count(behind.answer.units)} units, {format_count(alone.answer.units)} without history"


def _hours_row(sizes: Sizes) -> ResultRow:
    """How long counting takes when the hours of a day are read side by side."""
    variables = _function_environment("http://127.0.0.1:1")
    single, several = interleaved_iterations(
        sizes.rounds,
        *(partial(parallel_summary, variables, queries, sizes.parallel_day) for queries in (1, CONCURRENT_QUERIES)),
    )
    return ResultRow(
        subject=f"daily summary of {format_count(sizes.parallel_day)}: time with hours side by side",
        ours=format_duration(median(iteration.seconds for iteration in several)),
        baseline=f"{format_duration(median(iteration.seconds for iteration in single))} (one after the other)",
        ratio=spread_of_ratios(
            [iteration.seconds for iteration in several], [iteration.seconds for iteration in single]
        ),
        limit=_TIME_TO_TIME_OF_ONE_QUERY,
        memory=(several[-1].peak_memory, single[-1].peak_memory),
        note=f"answers come from memory, in parallel, each after {format_duration(LATENCY)}",
    )


def _observation(iteration: Iteration, activities: int) -> SummaryObservation:
    """What following the pages took, given the activities that they contained."""
    requests = iteration.answer.requests
    return SummaryObservation(
        iteration.cpu_seconds / requests, activities / requests, iteration.answer.units / activities
    )
