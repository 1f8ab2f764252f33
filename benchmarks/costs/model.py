"""What a day costs: every line of the bill that the two can differ in.

Not in it, since both pay the same: the application's own writes to the source tables and their streams' storage, and
point-in-time recovery. Not in it for lack of a way to measure it here: billed initialisation of cold starts, retries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.costs.implementations import SECONDS_A_DAY, Implementation
from benchmarks.costs.prices import Prices
from benchmarks.systems.parallel_dynamodb import LATENCY
from benchmarks.systems.template_facts import CONFIG
from stack.config import ANALYTICS_PROCESSOR, StreamSource

MEGABYTES_OF_A_CPU = 1769
"""Memory that comes with one virtual CPU; less memory comes with as much less of it
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."""

PLATFORM_LOG_BYTES = 400
"""What Lambda itself logs of an invocation: START, END and REPORT lines."""

SAMPLED = 0.05
"""Part of the requests beyond one a second whose traces are recorded
(https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html)."""

DAYS_A_MONTH = 30
TRANSITIONS_A_DAY = 4
"""Start, ValidateData, IsDataValid?, ProcessAnalytics."""

WORKFLOW_REQUESTS_A_DAY = 2
GIGABYTE = 10**9


@dataclass(frozen=True)
class Line:
    """A line of the bill: what, how much of it a day with its unit, and dollars a day."""

    name: str
    amount: float
    unit: str
    dollars: float


@dataclass(frozen=True)
class Invocations:
    """The invocations of a stream processor in a day: how many, and records in each."""

    number: float
    records: float


Streams = Sequence[tuple[StreamSource, Invocations]]


def invocations(source: StreamSource, records: float) -> Invocations:
    """How a day's records of a source reach its function.

    A batch is what arrives within the batching window after its first record, or what a batch can hold.
    """
    arriving = 1 + records / SECONDS_A_DAY * source.batching_window
    batch = min(arriving, source.batch_size)
    return Invocations(records / batch, batch)


def billed_seconds(cpu_seconds: float, requests: float, memory_size: int) -> float:
    """The duration of an invocation: its CPU time with the part of a CPU that it gets, and its requests in turn."""
    return cpu_seconds * max(1.0, MEGABYTES_OF_A_CPU / memory_size) + requests * LATENCY


def summary_seconds(implementation: Implementation, records: float) -> float:
    """How long the daily summary takes: pages wait side by side, and share one CPU."""
    reading = implementation.reading(records)
    cpu = implementation.summary.cpu_seconds_per_page * max(1.0, MEGABYTES_OF_A_CPU / ANALYTICS_PROCESSOR.memory_size)
    return max(reading.requests * (LATENCY + cpu) / reading.side_by_side, reading.requests * cpu)


def bill(implementation: Implementation, prices: Prices, records: float) -> list[Line]:
    """What a day with so many records costs, a line each, the same lines for every implementation.

    Args:
        implementation: what is billed.
        prices: in dollars.
        records: insertions and modifications a day, the same number of every source.
    """
    streams = [(source, invocations(source, records / len(CONFIG.sources))) for source in CONFIG.sources]
    return [
        *lambda_lines(implementation, prices, records, streams),
        *data_lines(implementation, prices, records, streams),
        *watching_lines(implementation, prices, streams),
    ]


def lambda_lines(implementation: Implementation, prices: Prices, records: float, streams: Streams) -> list[Line]:
    """What running the functions and the workflow costs."""
    requests = sum(invoked.number for _, invoked in streams) + WORKFLOW_REQUESTS_A_DAY
    seconds = stream_gb_seconds(implementation, streams) + summary_gb_seconds(implementation, records)
    return [
        line("Lambda requests", requests, "requests", prices.lambda_request),
        line("Lambda duration", seconds, "GB-s", implementation.gb_second),
        line("Step Functions", TRANSITIONS_A_DAY, "transitions", prices.state_transition),
    ]


def data_lines(implementation: Implementation, prices: Prices, records: float, streams: Streams) -> list[Line]:
    """What writing, following and reading data costs."""
    batches, units = sum(invoked.number for _, invoked in streams), implementation.reading(records).units
    stored = implementation.artifact_bytes / GIGABYTE
    return [
        line("DynamoDB writes of activities", records, "units", prices.dynamodb_write_unit),
        line("DynamoDB reads of the summary", units, "units", prices.dynamodb_read_unit),
        line("DynamoDB streams, read by Lambda", batches, "batches", prices.dynamodb_streams_read),
        line("S3", stored, "GB", prices.s3_gigabyte_month / DAYS_A_MONTH),
    ]


def watching_lines(implementation: Implementation, prices: Prices, streams: Streams) -> list[Line]:
    """What seeing what happens costs."""
    metrics, alarms = implementation.custom_metrics, implementation.alarms
    traces = sum(traces_recorded(invoked.number) for _, invoked in streams)
    return [
        line("CloudWatch Logs", logged_gigabytes(implementation, streams), "GB", prices.logs_gigabyte),
        line("custom metrics", metrics, "metrics", prices.custom_metric_month / DAYS_A_MONTH),
        line("alarms", alarms, "alarms", prices.alarm_month / DAYS_A_MONTH),
        line("dashboard", 1, "dashboard", prices.dashboard_month / DAYS_A_MONTH),
        line("X-Ray", traces, "traces", prices.trace_recorded),
    ]


def line(name: str, amount: float, unit: str, price: float) -> Line:
    """A line of the bill from an amount and the price of one."""
    return Line(name, amount, unit, amount * price)


def total(lines: Sequence[Line]) -> float:
    """The sum of a bill in dollars."""
    return sum(each.dollars for each in lines)


def stream_gb_seconds(implementation: Implementation, streams: Streams) -> float:
    """What the stream processors are billed for a day."""
    stream = implementation.stream
    return sum(
        invoked.number
        * source.memory_size
        / 1024
        * billed_seconds(stream.cpu_seconds(invoked.records), stream.requests(invoked.records), source.memory_size)
        for source, invoked in streams
    )


def logged_gigabytes(implementation: Implementation, streams: Streams) -> float:
    """What the stream processors log in a day; the daily summary's lines are too few to count."""
    log_bytes = implementation.stream.log_bytes
    return sum(invoked.number * (log_bytes(invoked.records) + PLATFORM_LOG_BYTES) for _, invoked in streams) / GIGABYTE


def summary_gb_seconds(implementation: Implementation, records: float) -> float:
    """What the analytics processor is billed for a day."""
    return summary_seconds(implementation, records) * ANALYTICS_PROCESSOR.memory_size / 1024


def traces_recorded(requests: float) -> float:
    """The traces that X-Ray records of a function's requests in a day: one a second, and a part of the others."""
    first = min(requests, SECONDS_A_DAY)
    return first + SAMPLED * (requests - first)
