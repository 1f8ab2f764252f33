"""What tells this system from the reference where money is concerned."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import ceil

from benchmarks.costs.observations import StreamObservation, SummaryObservation
from benchmarks.costs.prices import Prices
from benchmarks.sizes import HISTORY_DAYS
from benchmarks.systems.template_facts import CONFIG, count_of
from handlers.counting import CONCURRENT_QUERIES

SECONDS_A_DAY = 24 * 60 * 60
WRITES_OF_A_PARTITION = 1000
"""Write units a second that one partition key takes
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)."""

DAYS_SUMMARISED = 2
"""Each scheduled run counts the last two days again, for what arrived late."""

UNITS_OF_THE_FIRST_PAGE = 128
"""Read units of 1 MB, where a page ends."""

METRICS_OF_A_STREAM_PROCESSOR = 3
METRICS_OF_THE_VALIDATOR = 1
REFERENCE_ALARMS = 2


@dataclass(frozen=True)
class Reading:
    """What the daily summary reads.

    Args:
        units: capacity units.
        requests: to DynamoDB.
        side_by_side: requests that are under way at once.
    """

    units: float
    requests: float
    side_by_side: int


@dataclass(frozen=True)
class Implementation(ABC):
    """What one of the two does with a number of records a day.

    Args:
        name: as tables and plots call it.
        stream: what its stream processor was seen to do.
        summary: what its daily summary was seen to do.
        gb_second: dollars; the architectures of the two differ.
        custom_metrics: that it sends.
        alarms: that it has.
        artifact_bytes: that it keeps in S3.
    """

    name: str
    stream: StreamObservation
    summary: SummaryObservation
    gb_second: float
    custom_metrics: int
    alarms: int
    artifact_bytes: int

    @abstractmethod
    def reading(self, records: float) -> Reading:
        """What the daily summary reads with so many records a day."""


class Ours(Implementation):
    """This system: it counts each of the last days by key, several partitions at a time."""

    def reading(self, records: float) -> Reading:
        """What the queries read of the days that are counted."""
        counted = DAYS_SUMMARISED * records
        kinds = len(CONFIG.sources)
        shards = ceil(records / kinds / SECONDS_A_DAY / WRITES_OF_A_PARTITION)
        queries = DAYS_SUMMARISED * kinds * shards
        requests = max(counted / self.summary.activities_per_page, queries)
        return Reading(counted * self.summary.units_per_activity, requests, min(queries, CONCURRENT_QUERIES))


class ReferenceAsWritten(Implementation):
    """The reference: it scans the first page of the table, whatever is in it, and is wrong when there are more."""

    def reading(self, records: float) -> Reading:
        """What one page holds of the table."""
        everything = records * (HISTORY_DAYS + 1) * self.summary.units_per_activity
        return Reading(min(everything, UNITS_OF_THE_FIRST_PAGE), 1, 1)


class ReferenceMadeRight(Implementation):
    """The reference if it followed every page: it scans the whole table, its history included."""

    def reading(self, records: float) -> Reading:
        """What the whole table holds."""
        items = records * (HISTORY_DAYS + 1)
        return Reading(items * self.summary.units_per_activity, max(items / self.summary.activities_per_page, 1), 1)


@dataclass(frozen=True)
class Observations:
    """What both were seen to do.

    Args:
        ours: the stream processor and the daily summary of this system.
        reference: those of the reference.
        artifact_bytes: of this system's archives.
    """

    ours: tuple[StreamObservation, SummaryObservation]
    reference: tuple[StreamObservation, SummaryObservation]
    artifact_bytes: int


def implementations(observed: Observations, prices: Prices) -> tuple[Ours, ReferenceAsWritten, ReferenceMadeRight]:
    """This system, the reference, and the reference with a summary that counts right."""
    reference = (*observed.reference, prices.lambda_gb_second_x86_64, 0, REFERENCE_ALARMS, 0)
    return (
        Ours(
            "this system",
            *observed.ours,
            gb_second=prices.lambda_gb_second_arm64,
            custom_metrics=custom_metrics(),
            alarms=count_of("AWS::CloudWatch::Alarm"),
            artifact_bytes=observed.artifact_bytes,
        ),
        ReferenceAsWritten("the reference, one page", *reference),
        ReferenceMadeRight("the reference, every page", *reference),
    )


def custom_metrics() -> int:
    """The metrics of all functions: cold starts of each, what stream processors do, the counts of a summary, inputs."""
    sources = len(CONFIG.sources)
    return len(CONFIG.functions) + METRICS_OF_A_STREAM_PROCESSOR * sources + 1 + sources + METRICS_OF_THE_VALIDATOR
