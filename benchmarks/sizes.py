"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Args:
        rounds: iterations of each of two that are compared.
        records: stream records that a iteration handles, whatever the size of its batches.
        profiled_records: records that a profiled iteration handles.
        activities: of the day that is summarised.
        history_day: activities of each day where the history grows.
        parallel_day: activities of the day that is counted with more and more shards.
        cold_starts: processes that are started of each kind.
    """

    rounds: int
    records: int
    profiled_records: int
    activities: int
    history_day: int
    parallel_day: int
    cold_starts: int


FULL = Sizes(
    rounds=10,
    records=1_000,
    profiled_records=5_000,
    activities=1_000_000,
    history_day=10_000,
    parallel_day=40_000,
    cold_starts=9,
)
QUICK = Sizes(
    rounds=3,
    records=200,
    profiled_records=2_000,
    activities=20_000,
    history_day=1_000,
    parallel_day=8_000,
    cold_starts=3,
)

HISTORY_DAYS = 30
