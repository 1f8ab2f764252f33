"""What each implementation takes as the records of a day grow, and where it crosses a limit."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

from benchmarks.costs.bill import bill
from benchmarks.costs.daily_execution import EXECUTION_SECONDS
from benchmarks.costs.implementations import Implementation, interpolated
from build.sizing.costs import Prices, total_dollars
from stack.config import ANALYTICS_PROCESSOR, WRITES_PER_SHARD

RECORDS_A_DAY = tuple(digit * 10**exponent for exponent in range(4, 9) for digit in (1, 2, 5)) + (10**9,)


@dataclass(frozen=True)
class Growth:
    """What an implementation takes at each of `RECORDS_A_DAY`.

    Args:
        name: of the implementation.
        dollars: a day.
        read_units: of the daily summary.
        execution_seconds: of the daily summary.
        invocation_seconds: of its longest invocation.
        writes_per_key: write units a second of a partition key at the usual peak.
    """

    name: str
    dollars: Sequence[float]
    read_units: Sequence[float]
    execution_seconds: Sequence[float]
    invocation_seconds: Sequence[float]
    writes_per_key: Sequence[float]


def growth(implementation: Implementation, prices: Prices) -> Growth:
    """What an implementation takes as the records grow."""
    executions = [implementation.daily_execution(records) for records in RECORDS_A_DAY]
    return Growth(
        implementation.name,
        [total_dollars(bill(implementation, prices, records)) for records in RECORDS_A_DAY],
        [implementation.summary_reads(records).units for records in RECORDS_A_DAY],
        [execution.seconds for execution in executions],
        [execution.longest_invocation for execution in executions],
        [implementation.writes_per_key(records) for records in RECORDS_A_DAY],
    )


@dataclass(frozen=True)
class GrowthLimit:
    """What a quantity of a `Growth` may be at most, and what the limit is called."""

    name: str
    most: float
    quantity: Callable[[Growth], Sequence[float]]


INVOCATION_LIMIT = GrowthLimit(
    f"timeout: {ANALYTICS_PROCESSOR.timeout // 60} minutes",
    ANALYTICS_PROCESSOR.timeout,
    lambda growth: growth.invocation_seconds,
)
"""Lambda itself allows 15 minutes."""
EXECUTION_LIMIT = GrowthLimit(
    f"limit: {EXECUTION_SECONDS // 60} minutes",
    EXECUTION_SECONDS,
    lambda growth: growth.execution_seconds,
)
WRITES_LIMIT = GrowthLimit(
    f"limit: {WRITES_PER_SHARD:,} writes/s",
    WRITES_PER_SHARD,
    lambda growth: growth.writes_per_key,
)


@dataclass(frozen=True)
class Crossing:
    """The records a day at which an implementation crosses a limit."""

    records: float
    limit: GrowthLimit


def first_crossing(growth: Growth) -> Crossing | None:
    """The limit that an implementation crosses first, if it crosses one before the last of `RECORDS_A_DAY`."""
    crossings = [
        Crossing(records, limit)
        for limit in (INVOCATION_LIMIT, EXECUTION_LIMIT, WRITES_LIMIT)
        for records in _crossings(limit.quantity(growth), limit.most)
    ]
    return min(crossings, key=lambda crossing: crossing.records, default=None)


def _crossings(heights: Sequence[float], most: float) -> Iterator[float]:
    """Where a line is above a height for the first time, if it ever is."""
    above = next((index for index, height in enumerate(heights) if height > most), None)
    if above is not None:
        start = max(above - 1, 0)
        yield exp(interpolated(*_logarithms(heights, RECORDS_A_DAY, start), log(most)))


def height_at(heights: Sequence[float], records: float) -> float:
    """The height of a line, which is straight between its points with logarithmic axes."""
    start = min(bisect_right(RECORDS_A_DAY, records), len(RECORDS_A_DAY) - 1) - 1
    return exp(interpolated(*_logarithms(RECORDS_A_DAY, heights, start), log(records)))


def _logarithms(xs: Sequence[float], ys: Sequence[float], start: int) -> tuple[float, float, float, float]:
    """The ends of a part of a line: x and y of the first, x and y of the second."""
    return log(xs[start]), log(ys[start]), log(xs[start + 1]), log(ys[start + 1])
