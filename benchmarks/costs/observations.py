"""What the costs are computed from, beside prices: what an implementation was seen to do."""

from dataclasses import dataclass


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
    """A stream processor with small and with large batches; what lies between is on a straight line.

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
        return between(self.small.records, self.small.cpu_seconds, self.large.records, self.large.cpu_seconds, records)

    def requests(self, records: float) -> float:
        """Requests to DynamoDB of an invocation with a batch of some records, on average."""
        return max(1.0, records / self.records_per_request)

    def log_bytes(self, records: float) -> float:
        """Bytes that an invocation with a batch of some records logs."""
        return between(self.small.records, self.small.log_bytes, self.large.records, self.large.log_bytes, records)


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


def between(x1: float, y1: float, x2: float, y2: float, x: float) -> float:
    """The height at x of the straight line through two points, never below zero."""
    return max(0.0, y1 + (y2 - y1) * (x - x1) / (x2 - x1))
