"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Args:
        rounds: iterations of each implementation.
        records: stream records that an iteration handles, whatever the size of its batches.
        profiled_records: records that a profiled iteration handles.
        activities: of the day that is summarised.
        history_day: activities of each day of the history.
        parallel_day: activities of the day whose hours are counted one after the other and side by side.
        cold_starts: processes of each kind that are started.
        simulated_seconds: of streams that get an average day's records, before their shards are full and afterwards.
    """

    rounds: int
    records: int
    profiled_records: int
    activities: int
    history_day: int
    parallel_day: int
    cold_starts: int
    simulated_seconds: int


FULL = Sizes(
    rounds=10,
    records=1_000,
    profiled_records=5_000,
    activities=1_000_000,
    history_day=10_000,
    parallel_day=40_000,
    cold_starts=9,
    simulated_seconds=15,
)
QUICK = Sizes(
    rounds=3,
    records=200,
    profiled_records=2_000,
    activities=20_000,
    history_day=1_000,
    parallel_day=8_000,
    cold_starts=3,
    simulated_seconds=2,
)

HISTORY_DAYS = 30
