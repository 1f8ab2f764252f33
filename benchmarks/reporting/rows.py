"""A row of the table: two measurements beside each other, their ratio, its limit and the verdict."""

from dataclasses import dataclass
from enum import Enum
from math import inf

from benchmarks.measuring.spread import Spread


class Verdict(Enum):
    """What a row says about its limit."""

    REACHED = "reached"
    MISSED = "**missed**"
    NOT_MEASURED = "not measured"
    NO_LIMIT = "-"


@dataclass(frozen=True)
class Limit:
    """Where a ratio has to lie, both ends included."""

    least: float = -inf
    greatest: float = inf

    @property
    def measurable(self) -> bool:
        """Whether a ratio can be nearer to the limit or farther from it."""
        return (self.least == -inf) != (self.greatest == inf)

    def holds(self, ratio: float) -> bool:
        """Whether a ratio lies within the limit."""
        return self.least <= ratio <= self.greatest

    def margin(self, ratio: float) -> float:
        """How many times better than the limit a ratio is; 1 is just reached."""
        return ratio / self.least if self.greatest == inf else self.greatest / ratio

    def __str__(self) -> str:
        if self.least == self.greatest:
            return f"= {self.least:g}"
        return f"at least {self.least:g}" if self.greatest == inf else f"at most {self.greatest:g}"


def at_least(least: float) -> Limit:
    """The limit of a ratio that should be great."""
    return Limit(least=least)


def at_most(greatest: float) -> Limit:
    """The limit of a ratio that should be small."""
    return Limit(greatest=greatest)


def exactly(value: float) -> Limit:
    """The limit of a ratio that can have but one value."""
    return Limit(value, value)


NONE = Limit()
"""The limit of a row that is there to be compared with."""


@dataclass(frozen=True)
class Row:
    """Two measurements beside each other.

    Args:
        subject: what was measured.
        ours: what this system did, with its unit.
        baseline: what it is compared with, with its unit.
        ratio: that the limit is about; None when it was not measured.
        limit: where the ratio has to lie.
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
        """Whether the middle of what was measured lies within the limit."""
        if self.ratio is None:
            return Verdict.NOT_MEASURED
        if self.limit == NONE:
            return Verdict.NO_LIMIT
        return Verdict.REACHED if self.limit.holds(self.ratio.middle) else Verdict.MISSED


def not_measured(subject: str, limit: Limit, reason: str) -> Row:
    """The row of something that could not be measured, and why."""
    return Row(subject, "-", "-", None, limit, note=reason)
