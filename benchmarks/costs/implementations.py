"""This system and its reference, as far as their costs differ: what each was observed to do, and what it would do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.costs.daily_execution import (
    DAYS_SUMMARISED,
    UNITS_PER_PAGE,
    DailyExecution,
    SummaryObservation,
    SummaryReads,
    in_one_invocation,
    in_slices,
    reading_seconds,
)
from benchmarks.sizes import HISTORY_DAYS
from benchmarks.systems.capacity import READ_UNIT_BYTES
from benchmarks.systems.template_facts import CONFIG, count_resources, sized_config
from handlers.counting import CONCURRENT_QUERIES
from stack.config import ARCHITECTURE, StackConfig, StreamSource
from stack.sizing import SECONDS_A_DAY, USUAL_PEAK

_HOURS = 24

_ITEMS_OF_A_SMALL_PAGE = 100
_SMALL_PAGES_PER_SECOND = 260
"""That the analytics processor counted when `batchSize` was the size of its pages: measured with the built archive,
held to the share of a CPU that its 1,024 MB have."""

_METRICS_OF_A_STREAM_PROCESSOR = 3
_METRICS_OF_THE_VALIDATOR = 1
_REFERENCE_ALARMS = 2
_REFERENCE_ARCHITECTURE = "x86_64"


@dataclass(frozen=True)
class BatchObservation:
    """Invocations with batches of one size.

    Args:
        records: in a batch.
        cpu_seconds: of one invocation.
        log_bytes: of one invocation.
    """

    records: int
    cpu_seconds: float
    log_bytes: float


@dataclass(frozen=True)
class StreamObservation:
    """A stream processor with small and with large batches; sizes in between are interpolated linearly.

    Args:
        small: the smaller batches.
        large: the larger ones.
        records_per_request: that one request to DynamoDB writes at most.
    """

    small: BatchObservation
    large: BatchObservation
    records_per_request: int

    def cpu_seconds(self, records: float) -> float:
        """CPU time of an invocation with a batch of some records."""
        small, large = self.small, self.large
        return max(0.0, interpolated(small.records, small.cpu_seconds, large.records, large.cpu_seconds, records))

    def requests(self, records: float) -> float:
        """Requests to DynamoDB of an invocation with a batch of some records, on average."""
        return max(1.0, records / self.records_per_request)

    def log_bytes(self, records: float) -> float:
        """Bytes that an invocation with a batch of some records logs."""
        small, large = self.small, self.large
        return max(0.0, interpolated(small.records, small.log_bytes, large.records, large.log_bytes, records))


@dataclass(frozen=True)
class Implementation(ABC):
    """What one implementation of the system does with a number of records a day.

    Args:
        name: as tables and plots call it.
        stream: what its stream processor was observed to do.
        summary: what its daily summary was observed to do.
        architecture: of its functions, `arm64` or `x86_64`.
        custom_metrics: that it sends.
        alarms: on metrics, that it has.
        composite_alarms: that it has.
        artifact_bytes: that it stores in S3.
    """

    name: str
    stream: StreamObservation
    summary: SummaryObservation
    architecture: str
    custom_metrics: int
    alarms: int
    composite_alarms: int
    artifact_bytes: int

    def sources(self, records: float) -> Sequence[StreamSource]:
        """The sources, with the mappings and functions that they have when there are some records a day."""
        return CONFIG.sources

    def activity_shards(self, records: float) -> int:
        """Partition keys of the activities of each type."""
        return 1

    def writes_per_key(self, records: float) -> float:
        """Write units a second of a partition key at the usual peak, all keys being written to evenly."""
        return records / SECONDS_A_DAY * USUAL_PEAK / len(CONFIG.sources) / self.activity_shards(records)

    @abstractmethod
    def summary_reads(self, records: float) -> SummaryReads:
        """What the daily summary reads a day."""

    def daily_execution(self, records: float) -> DailyExecution:
        """What the daily summary takes a day; unless told otherwise, it is made in one invocation."""
        return in_one_invocation(reading_seconds(self.summary, self.summary_reads(records)))


class _ThisSystem(Implementation):
    """This system, sized for its load: it counts the last days by key and hour in full pages, and one that is not full
    for each, a large day in slices side by side."""

    def sources(self, records: float) -> Sequence[StreamSource]:
        return sized_config(records).sources

    def activity_shards(self, records: float) -> int:
        return sized_config(records).shards_in_force

    def summary_reads(self, records: float) -> SummaryReads:
        counted = DAYS_SUMMARISED * records
        partitions = len(CONFIG.sources) * self.activity_shards(records)
        queries = DAYS_SUMMARISED * _HOURS * partitions
        units = counted * self.summary.units_per_activity
        return SummaryReads(units, units / UNITS_PER_PAGE + queries, min(queries, CONCURRENT_QUERIES), partitions)

    def daily_execution(self, records: float) -> DailyExecution:
        config = sized_config(records)
        if config.pages_in_one_invocation:
            return super().daily_execution(records)
        return in_slices(config, records, round(self.summary.units_per_activity * READ_UNIT_BYTES))


class _EarlierDesign(_ThisSystem):
    """This system as it was: one invocation counted everything, in small pages of one partition."""

    def sources(self, records: float) -> Sequence[StreamSource]:
        return CONFIG.sources

    def activity_shards(self, records: float) -> int:
        return 1

    def daily_execution(self, records: float) -> DailyExecution:
        pages = DAYS_SUMMARISED * records / _ITEMS_OF_A_SMALL_PAGE
        return in_one_invocation(pages / _SMALL_PAGES_PER_SECOND)


class _ReferenceAsWritten(Implementation):
    """The reference: it scans the first page of the table, whatever is in it, and is wrong when there are more."""

    def summary_reads(self, records: float) -> SummaryReads:
        everything = records * (HISTORY_DAYS + 1) * self.summary.units_per_activity
        return SummaryReads(min(everything, UNITS_PER_PAGE), 1, 1)


class _CorrectedReference(Implementation):
    """The reference if it followed every page: it scans the whole table, its history included."""

    def summary_reads(self, records: float) -> SummaryReads:
        items = records * (HISTORY_DAYS + 1)
        return SummaryReads(
            items * self.summary.units_per_activity, max(items / self.summary.activities_per_page, 1), 1
        )


@dataclass(frozen=True)
class Observations:
    """What both were observed to do.

    Args:
        ours: the stream processor and the daily summary of this system.
        reference: those of the reference.
        artifact_bytes: of this system's archives.
    """

    ours: tuple[StreamObservation, SummaryObservation]
    reference: tuple[StreamObservation, SummaryObservation]
    artifact_bytes: int


def implementations(observed: Observations) -> tuple[Implementation, Implementation, Implementation]:
    """This system, the reference, and the reference with a summary that counts correctly."""
    reference = (*observed.reference, _REFERENCE_ARCHITECTURE, 0, _REFERENCE_ALARMS, 0, 0)
    return (
        _this_system(_ThisSystem, "this system", observed),
        _ReferenceAsWritten("the reference, one page", *reference),
        _CorrectedReference("the reference, every page", *reference),
    )


def earlier_design(observed: Observations) -> Implementation:
    """This system before it counted full pages in slices side by side."""
    return _this_system(_EarlierDesign, "one invocation, pages of 100", observed)


def _this_system(kind: type[_ThisSystem], name: str, observed: Observations) -> Implementation:
    return kind(
        name,
        *observed.ours,
        architecture=ARCHITECTURE,
        custom_metrics=custom_metrics(CONFIG),
        alarms=count_resources("AWS::CloudWatch::Alarm"),
        composite_alarms=count_resources("AWS::CloudWatch::CompositeAlarm"),
        artifact_bytes=observed.artifact_bytes,
    )


def custom_metrics(config: StackConfig) -> int:
    """How many metrics all functions send: cold starts, work of stream processors, counts of summaries, inputs."""
    sources = len(config.sources)
    return len(config.functions) + _METRICS_OF_A_STREAM_PROCESSOR * sources + 1 + sources + _METRICS_OF_THE_VALIDATOR


def interpolated(x1: float, y1: float, x2: float, y2: float, x: float) -> float:
    """The y at x on the straight line through two points."""
    return y1 + (y2 - y1) * (x - x1) / (x2 - x1)
