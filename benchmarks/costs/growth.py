"""How money, read units and time grow with the work."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.costs.implementations import Implementation
from benchmarks.costs.model import bill, summary_seconds, total
from benchmarks.costs.prices import Prices

RECORDS_A_DAY = tuple(digit * 10**exponent for exponent in range(4, 9) for digit in (1, 2, 5)) + (10**9,)


@dataclass(frozen=True)
class Growth:
    """What an implementation takes at each of `RECORDS_A_DAY`: dollars, read units and seconds of a daily summary."""

    name: str
    dollars: Sequence[float]
    read_units: Sequence[float]
    summary_seconds: Sequence[float]


def growth(implementation: Implementation, prices: Prices) -> Growth:
    """Compute the growth of an implementation."""
    return Growth(
        implementation.name,
        [total(bill(implementation, prices, records)) for records in RECORDS_A_DAY],
        [implementation.reading(records).units for records in RECORDS_A_DAY],
        [summary_seconds(implementation, records) for records in RECORDS_A_DAY],
    )
