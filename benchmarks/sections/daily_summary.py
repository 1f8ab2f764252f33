"""The daily summary beside a Scan with a filter: what is counted, what it reads, and how long it takes."""

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.costs.observations import SummaryObservation
from benchmarks.measuring.contestants import Lap, laps_in_turns, single_lap
from benchmarks.measuring.spread import spread_of, spread_of_ratios
from benchmarks.reporting.numbers import count, duration
from benchmarks.reporting.rows import Row, at_most, exactly
from benchmarks.sizes import HISTORY_DAYS, Sizes
from benchmarks.systems import summarizers
from benchmarks.systems.activities import Days
from benchmarks.systems.capacity import PAGE
from benchmarks.systems.dynalite import fill, install, running_dynalite, version
from benchmarks.systems.parallel_dynamodb import LATENCY
from benchmarks.systems.template_facts import function_variables

EXACT = exactly(1)
UNITS_TO_BYTES = at_most(1.25)
UNITS_TO_UNITS_WITHOUT_HISTORY = at_most(1.05)
TIME_TO_TIME_OF_ONE_SHARD = at_most(0.9)
SHARDS = 4


@dataclass(frozen=True)
class Contest:
    """One lap of each over the same table.

    Args:
        size: of all items in the table, in bytes.
        ours: the analytics processor.
        reference: the reference's Scan.
    """

    size: int
    ours: Lap
    reference: Lap


@dataclass(frozen=True)
class SummaryResults:
    """The rows, and what the costs are computed from."""

    rows: list[Row]
    ours: SummaryObservation
    reference: SummaryObservation


def measure_daily_summary(sizes: Sizes) -> SummaryResults:
    """Count a large day, then a small one with and without days before it, then one with several shards.

    Raises:
        CommandError: when dynalite cannot be installed or started, or a measured process ends.
    """
    install()
    large = compare(Days(sizes.activities), every_page=False)
    alone = compare(Days(sizes.history_day), every_page=True)
    behind = compare(Days(sizes.history_day, HISTORY_DAYS), every_page=True)
    return SummaryResults(
        rows=[exactness(large, sizes), units(large, sizes), growth(alone, behind, sizes), parallelism(sizes)],
        ours=observation(large.ours, sizes.activities),
        reference=observation(behind.reference, sizes.history_day * (HISTORY_DAYS + 1)),
    )


def compare(days: Days, every_page: bool) -> Contest:
    """A lap of each over a new table; the reference first, since it would count the other's summary too."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        size = fill(Path(folder) / "database", days.items())
        with running_dynalite(Path(folder) / "database") as endpoint:
            variables = function_environment(endpoint)
            reference = single_lap(partial(summarizers.reference, variables, every_page))
            return Contest(size, single_lap(partial(summarizers.ours, variables)), reference)


def function_environment(endpoint: str) -> dict[str, str]:
    """The analytics processor's variables, and where its DynamoDB is."""
    return {**function_variables("AnalyticsProcessor"), "AWS_ENDPOINT_URL": endpoint}


def exactness(contest: Contest, sizes: Sizes) -> Row:
    """What was counted of a large day."""
    ours, reference = contest.ours, contest.reference
    return Row(
        subject=f"daily summary of {count(sizes.activities)}: activities counted",
        ours=count(ours.answer.total),
        baseline=f"{count(reference.answer.total)} (a Scan of one page)",
        ratio=spread_of([ours.answer.total / sizes.activities]),
        limit=EXACT,
        memory=(ours.peak_memory, reference.peak_memory),
        note=f"pages of {summarizers.BATCH_SIZE}; {duration(ours.seconds)} with dynalite {version()} on this machine",
    )


def units(contest: Contest, sizes: Sizes) -> Row:
    """What reading a large day took."""
    least = contest.size / PAGE
    return Row(
        subject=f"daily summary of {count(sizes.activities)}: read units",
        ours=f"{count(contest.ours.answer.units)} units",
        baseline=f"{count(least)} (bytes / 8 KB)",
        ratio=spread_of([contest.ours.answer.units / least]),
        limit=UNITS_TO_BYTES,
        memory=(contest.ours.peak_memory, None),
    )


def growth(alone: Contest, behind: Contest, sizes: Sizes) -> Row:
    """What reading a day takes when there are days before it."""
    return Row(
        subject=f"read units with {HISTORY_DAYS} days of history, {count(sizes.history_day)} activities a day",
        ours=f"{count(behind.ours.answer.units)} units, {count(alone.ours.answer.units)} without history",
        baseline=f"{count(behind.reference.answer.units)} units, {count(alone.reference.answer.units)} without history "
        "(a Scan of every page)",
        ratio=spread_of([behind.ours.answer.units / alone.ours.answer.units]),
        limit=UNITS_TO_UNITS_WITHOUT_HISTORY,
        memory=(behind.ours.peak_memory, behind.reference.peak_memory),
    )


def parallelism(sizes: Sizes) -> Row:
    """How long counting takes when a type of activity is spread over several partitions."""
    variables = function_environment("http://127.0.0.1:1")
    single, several = laps_in_turns(
        sizes.rounds,
        *(partial(summarizers.ours_in_parallel, variables, shards, sizes.parallel_day) for shards in (1, SHARDS)),
    )
    return Row(
        subject=f"daily summary of {count(sizes.parallel_day)}: time with {SHARDS} shards",
        ours=duration(median(lap.seconds for lap in several)),
        baseline=f"{duration(median(lap.seconds for lap in single))} (one shard)",
        ratio=spread_of_ratios([lap.seconds for lap in several], [lap.seconds for lap in single]),
        limit=TIME_TO_TIME_OF_ONE_SHARD,
        memory=(several[-1].peak_memory, single[-1].peak_memory),
        note=f"answers come from memory, side by side, each after {duration(LATENCY)}",
    )


def observation(lap: Lap, activities: int) -> SummaryObservation:
    """What following the pages was seen to take, given the activities that they held."""
    requests = lap.answer.requests
    return SummaryObservation(lap.cpu_seconds / requests, activities / requests, lap.answer.units / activities)
