"""This system and its reference, as far as their costs differ: what each was observed to do, and what it would do."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import ceil

from benchmarks.sizes import HISTORY_DAYS
from benchmarks.systems.stream_events import SECONDS_A_DAY
from benchmarks.systems.template_facts import CONFIG, count_resources
from handlers.counting import CONCURRENT_QUERIES
from stack.config import ARCHITECTURE, StackConfig

_WRITES_PER_PARTITION_KEY = 1000
"""Write units a second that one partition key accepts
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)."""

_DAYS_SUMMARISED = 2
"""Each scheduled run counts the last two days again, for activities that arrived late."""

_HOURS = 24

_UNITS_PER_PAGE = 128
"""Read units of 1 MB, where a page ends."""

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
        return _interpolate(
            self.small.records, self.small.cpu_seconds, self.large.records, self.large.cpu_seconds, records
        )

    def requests(self, records: float) -> float:
        """Requests to DynamoDB of an invocation with a batch of some records, on average."""
        return max(1.0, records / self.records_per_request)

    def log_bytes(self, records: float) -> float:
        """Bytes that an invocation with a batch of some records logs."""
        return _interpolate(self.small.records, self.small.log_bytes, self.large.records, self.large.log_bytes, records)


@dataclass(frozen=True)
class SummaryObservation:
    """A summary of a day.

    Args:
        cpu_seconds_per_page: of the process that follows the pages.
        activities_per_page: that a page counts or returns.
        units_per_activity: capacity units that reading one takes.
    """

    cpu_seconds_per_page: float
    activities_per_page: float
    units_per_activity: float


@dataclass(frozen=True)
class SummaryReads:
    """What the daily summary reads.

    Args:
        units: capacity units.
        requests: to DynamoDB.
        concurrency: requests that are in flight at once.
    """

    units: float
    requests: float
    concurrency: int


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

    @abstractmethod
    def summary_reads(self, records: float) -> SummaryReads:
        """What the daily summary reads a day."""


class _ThisSystem(Implementation):
    """This system: it counts each of the last days by key, several partitions at a time."""

    def summary_reads(self, records: float) -> SummaryReads:
        counted = _DAYS_SUMMARISED * records
        sources = len(CONFIG.sources)
        shards = ceil(records / sources / SECONDS_A_DAY / _WRITES_PER_PARTITION_KEY)
        queries = _DAYS_SUMMARISED * _HOURS * sources * shards
        requests = max(counted / self.summary.activities_per_page, queries)
        return SummaryReads(counted * self.summary.units_per_activity, requests, min(queries, CONCURRENT_QUERIES))


class _ReferenceAsWritten(Implementation):
    """The reference: it scans the first page of the table, whatever is in it, and is wrong when there are more."""

    def summary_reads(self, records: float) -> SummaryReads:
        everything = records * (HISTORY_DAYS + 1) * self.summary.units_per_activity
        return SummaryReads(min(everything, _UNITS_PER_PAGE), 1, 1)


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
        _ThisSystem(
            "this system",
            *observed.ours,
            architecture=ARCHITECTURE,
            custom_metrics=custom_metrics(CONFIG),
            alarms=count_resources("AWS::CloudWatch::Alarm"),
            composite_alarms=count_resources("AWS::CloudWatch::CompositeAlarm"),
            artifact_bytes=observed.artifact_bytes,
        ),
        _ReferenceAsWritten("the reference, one page", *reference),
        _CorrectedReference("the reference, every page", *reference),
    )


def custom_metrics(config: StackConfig) -> int:
    """How many metrics all functions send: cold starts, work of stream processors, counts of summaries, inputs."""
    sources = len(config.sources)
    return len(config.functions) + _METRICS_OF_A_STREAM_PROCESSOR * sources + 1 + sources + _METRICS_OF_THE_VALIDATOR


def _interpolate(x1: float, y1: float, x2: float, y2: float, x: float) -> float:
    """The y at x on the straight line through two points, never below zero."""
    return max(0.0, y1 + (y2 - y1) * (x - x1) / (x2 - x1))
