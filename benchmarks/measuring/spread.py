"""Several measurements as one: the middle one, and how far the others lie from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """The least, the middle and the greatest of some measurements."""

    least: float
    middle: float
    greatest: float


def spread_of(values: Iterable[float]) -> Spread:
    """The spread of measurements of the same thing; one alone has none."""
    measured = sorted(values)
    return Spread(measured[0], median(measured), measured[-1])


def spread_of_ratios(dividends: Sequence[float], divisors: Sequence[float]) -> Spread:
    """The spread of the ratios of measurements that were made in turns, each divided by the one made beside it."""
    return spread_of(dividend / divisor for dividend, divisor in zip(dividends, divisors, strict=True))
