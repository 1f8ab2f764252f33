"""How large the parts of a stack have to be for a number of records a day: documented quotas and measured speeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil

from stack.config import PAGES_IN_ONE_INVOCATION, WRITES_PER_SHARD, StackConfig, StreamSource

SECONDS_A_DAY = 24 * 60 * 60
USUAL_PEAK = 3.0
"""The busiest minutes of a day, as a multiple of its average."""
MEGABYTES_PER_CPU = 1769
"""Memory that comes with one virtual CPU; less memory comes with a proportional share of one
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."""
WRITES_PER_TABLE = 40_000
"""Write units a second that a table takes unless the account's quota is raised
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)."""
WRITES_OF_A_NEW_TABLE = 4_000
"""Write units a second that a table on demand takes at once, without warm throughput
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html)."""
CONCURRENT_EXECUTIONS = 1_000
"""Invocations at once in an account and region, unless its quota is raised
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""

_FULLEST = 0.8
"""The share of a shard that is used at the peak, which is where its alarm rings."""
_SPARE = 2
"""How many times as fast as records arrive at the peak a mapping has to be, so that a backlog shrinks."""
_BATCH_CPU_SECONDS, _RECORD_CPU_SECONDS = 0.0009, 0.00009
"""Of an invocation and of each record in it, on a whole virtual CPU: a line through benchmarks/RESULTS.md's batches."""
REQUEST_SECONDS = 0.005
"""Of one BatchWriteItem."""
_RECORDS_PER_REQUEST = 25
_ACTIVITIES_IN_A_PAGE = 2_800
"""Of 1 MB, as an activity of the sources here has some 370 bytes."""
_DAYS_COUNTED = 2
_BATCH_SIZES = (10, 25, 50, 100, 250)
"""250 records of 24 KB, both images included, fill the 6 MB that an invocation takes."""
_MEMORY_SIZES = (256, 512, 1024, MEGABYTES_PER_CPU)
_FACTORS = range(1, 11)


@dataclass(frozen=True)
class Load:
    """Records of one source.

    Args:
        records_per_day: insertions and modifications.
        peak: the busiest minutes as a multiple of the average.
    """

    records_per_day: float
    peak: float = USUAL_PEAK

    @property
    def average(self) -> float:
        """Records a second."""
        return self.records_per_day / SECONDS_A_DAY

    @property
    def busiest(self) -> float:
        """Records a second at the peak."""
        return self.average * self.peak


@dataclass(frozen=True)
class SourceSize:
    """A source under a load.

    Args:
        source: with its batch size, window, parallelization and memory.
        load: of it.
    """

    source: StreamSource
    load: Load

    @property
    def activity_shards(self) -> int:
        """Partition keys of its activities, each below 80% of 1,000 writes a second."""
        return max(1, ceil(self.load.busiest / WRITES_PER_SHARD / _FULLEST))

    @property
    def stream_shards(self) -> int:
        """Shards of its stream: one for each partition of its table, which takes 1,000 writes a second.

        Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
        """
        return max(1, ceil(self.load.busiest / WRITES_PER_SHARD))

    @property
    def keeps_up(self) -> bool:
        """Whether its mapping processes a shard faster than it fills at the peak."""
        return shard_throughput(self.source) > self.load.busiest / self.stream_shards

    @property
    def most_concurrency(self) -> int:
        """Invocations at once while a backlog is processed.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
        """
        return self.stream_shards * self.source.parallelization_factor

    @property
    def concurrency(self) -> float:
        """Invocations at once at the peak: Little's law over the batches that arrive."""
        records = self.records_per_batch(self.load.busiest)
        busy = self.load.busiest / records * batch_seconds(self.source, records)
        return min(busy, self.most_concurrency)

    @property
    def iterator_age(self) -> float | None:
        """Seconds that a record waits at the peak: for its batch, and for its processing; None when that only grows."""
        if not self.keeps_up:
            return None
        records = self.records_per_batch(self.load.busiest)
        lane = self.load.busiest / self.most_concurrency
        waits = min(records / lane, self.source.batching_window) if lane else 0.0
        return waits + batch_seconds(self.source, records)

    def records_per_batch(self, rate: float) -> float:
        """Records that an invocation gets when so many arrive a second."""
        return records_per_batch(self.source, rate / self.most_concurrency)


def records_per_batch(source: StreamSource, rate: float) -> float:
    """What arrives within the batching window after the first record, or what a batch can hold."""
    return min(1 + rate * source.batching_window, source.batch_size)


def batch_seconds(source: StreamSource, records: float) -> float:
    """The duration of an invocation: its CPU time, and its requests one by one."""
    return cpu_seconds(source, records) + ceil(records / _RECORDS_PER_REQUEST) * REQUEST_SECONDS


def cpu_seconds(source: StreamSource, records: float) -> float:
    """What an invocation computes, on the share of a CPU that it gets."""
    return (_BATCH_CPU_SECONDS + records * _RECORD_CPU_SECONDS) * max(1.0, MEGABYTES_PER_CPU / source.memory_size)


def shard_throughput(source: StreamSource) -> float:
    """Records a second that a mapping processes of one shard of the stream, its batches full."""
    return source.parallelization_factor * source.batch_size / batch_seconds(source, source.batch_size)


def sized_source(source: StreamSource, load: Load) -> SourceSize:
    """The smallest sizes, none below today's, that process a shard twice as fast as it fills at the peak.

    Larger batches come before more memory, and that before batches side by side, as they cost less.
    """
    rate = load.busiest / SourceSize(source, load).stream_shards
    chosen = next(choice for choice in _choices(source) if shard_throughput(choice) >= _SPARE * rate)
    return SourceSize(replace(chosen, batching_window=_window(chosen, load.average)), load)


def _window(source: StreamSource, rate: float) -> int:
    """Today's, or what fills a batch on average when that is shorter."""
    if rate * source.batching_window <= source.batch_size:
        return source.batching_window
    return ceil(source.batch_size / rate)


def _choices(source: StreamSource) -> list[StreamSource]:
    return [
        source,
        *(
            replace(
                source,
                parallelization_factor=max(factor, source.parallelization_factor),
                memory_size=max(memory, source.memory_size),
                batch_size=max(batch, source.batch_size),
            )
            for factor, memory, batch in product(_FACTORS, _MEMORY_SIZES, _BATCH_SIZES)
        ),
    ]


def sized_sources(sources: Sequence[StreamSource], records_per_day: float, peak: float) -> tuple[SourceSize, ...]:
    """Every source sized for its equal part of the records of a day."""
    load = Load(records_per_day / len(sources), peak)
    return tuple(sized_source(source, load) for source in sources)


def pages_in_one_invocation(records_per_day: float) -> int:
    """The `StackConfig.pages_in_one_invocation` for a load: 0 where the daily summary would find out each day that it
    has to be counted in slices."""
    return PAGES_IN_ONE_INVOCATION if records_per_day < _counted_at_once(PAGES_IN_ONE_INVOCATION) else 0


def _counted_at_once(pages: int) -> float:
    """The records of a day of which the daily summary, which is of two, reads so many pages."""
    return pages * _ACTIVITIES_IN_A_PAGE / _DAYS_COUNTED


@dataclass(frozen=True)
class BreakingPoint:
    """What stops working as configured, and from how many records a day of all sources."""

    records_per_day: float
    what: str


def breaking_points(config: StackConfig, peak: float) -> list[BreakingPoint]:
    """What a configuration cannot do, first things first."""
    return sorted(_breaking_points(config, peak), key=lambda point: point.records_per_day)


def _breaking_points(config: StackConfig, peak: float) -> Iterator[BreakingPoint]:
    def a_day(busiest: float) -> float:
        return busiest / peak * SECONDS_A_DAY * len(config.sources)

    if config.pages_in_one_invocation:
        yield BreakingPoint(
            _counted_at_once(config.pages_in_one_invocation),
            "the daily summary is counted in slices only after a first attempt, which fails and rings",
        )
    yield BreakingPoint(
        WRITES_PER_TABLE / peak * SECONDS_A_DAY, f"the analytics table takes {WRITES_PER_TABLE:,} writes/s"
    )
    for source in config.sources:
        if (speed := shard_throughput(source)) < WRITES_PER_SHARD:
            yield BreakingPoint(
                a_day(speed),
                f"{source.name} falls behind a stream shard's {WRITES_PER_SHARD:,} writes/s: batches of "
                f"{source.batch_size}, {source.parallelization_factor} at once, process {speed:,.0f}/s",
            )
        writes = WRITES_PER_SHARD * config.shards_in_force
        yield BreakingPoint(
            a_day(writes), f"{source.name} has {config.shards_in_force} activity shards, which take {writes:,} writes/s"
        )
