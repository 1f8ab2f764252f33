"""Rows of the table of results: two measurements, their ratio, its limit and the verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf
from statistics import median


@dataclass(frozen=True)
class Spread:
    """Several measurements of the same thing."""

    minimum: float
    median: float
    maximum: float


def spread_of(values: Iterable[float]) -> Spread:
    """The spread of at least one measurement."""
    measured = sorted(values)
    return Spread(measured[0], median(measured), measured[-1])


def spread_of_ratios(dividends: Sequence[float], divisors: Sequence[float]) -> Spread:
    """The spread of ratios, each of two measurements that were made one after the other."""
    return spread_of(dividend / divisor for dividend, divisor in zip(dividends, divisors, strict=True))


class Verdict(Enum):
    """What a row says about its limit."""

    REACHED = "reached"
    MISSED = "**missed**"
    NOT_MEASURED = "not measured"
    NO_LIMIT = "-"


@dataclass(frozen=True)
class Limit:
    """The range of a ratio, both ends included."""

    minimum: float = -inf
    maximum: float = inf

    @property
    def one_sided(self) -> bool:
        """Whether a ratio can be farther from the limit or nearer to it."""
        return (self.minimum == -inf) != (self.maximum == inf)

    def allows(self, ratio: float) -> bool:
        return self.minimum <= ratio <= self.maximum

    def margin(self, ratio: float) -> float:
        """How many times better than a one-sided limit a ratio is; 1 just reaches it."""
        return ratio / self.minimum if self.maximum == inf else self.maximum / ratio

    def __str__(self) -> str:
        if self.minimum == self.maximum:
            return f"= {self.minimum:g}"
        return f"at least {self.minimum:g}" if self.maximum == inf else f"at most {self.maximum:g}"


def at_least(minimum: float) -> Limit:
    """The limit of a ratio that should be large."""
    return Limit(minimum=minimum)


def at_most(maximum: float) -> Limit:
    """The limit of a ratio that should be small."""
    return Limit(maximum=maximum)


def exactly(value: float) -> Limit:
    """The limit of a ratio that can have only one value."""
    return Limit(value, value)


NO_LIMIT = Limit()
"""The limit of a row that others are compared with."""


@dataclass(frozen=True)
class ResultRow:
    """Two measurements and their ratio.

    Args:
        subject: what was measured.
        ours: what this system did, with its unit.
        baseline: what it is compared with, with its unit.
        ratio: that the limit is about; None when it was not measured.
        limit: that the ratio has to keep.
        memory: peak memory of both in bytes, ours first; None for one that has no process of its own.
        note: what else a reader has to know; why, when it was not measured.
    """

    subject: str
    ours: str
    baseline: str
    ratio: Spread | None
    limit: Limit
    memory: tuple[int | None, int | None] = (None, None)
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the median keeps the limit."""
        if self.ratio is None:
            return Verdict.NOT_MEASURED
        if self.limit == NO_LIMIT:
            return Verdict.NO_LIMIT
        return Verdict.REACHED if self.limit.allows(self.ratio.median) else Verdict.MISSED


def not_measured(subject: str, limit: Limit, reason: str) -> ResultRow:
    """The row of something that could not be measured, and why."""
    return ResultRow(subject, "-", "-", None, limit, note=reason)


def limit_row(subject: str, ours: str, limit: str, share: float, note: str = "") -> ResultRow:
    """The row of something that has a limit of its own.

    Args:
        subject: what was measured.
        ours: how much it was.
        limit: how much it may be.
        share: of the limit, that is used up.
        note: what else a reader has to know.
    """
    return ResultRow(
        subject=subject,
        ours=ours,
        baseline=f"{limit} (limit)",
        ratio=spread_of([share]),
        limit=at_most(1),
        note=note,
    )
