"""What a day costs: list prices, and a bill with a line for each service.

Not on it, since both pay the same: the application's own writes to the source tables, the storage of their streams, and
point-in-time recovery. Not on it because it cannot be measured here: the billed initialisation of cold starts, retries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.costs.daily_execution import DailyExecution
from benchmarks.costs.implementations import Implementation
from benchmarks.systems.parallel_dynamodb import LATENCY
from benchmarks.systems.stream_events import SECONDS_A_DAY
from build.sizing.costs import BillLine, Prices
from stack.config import ANALYTICS_PROCESSOR, StreamSource
from stack.sizing import MEGABYTES_PER_CPU, records_per_batch

_PLATFORM_LOG_BYTES = 400
"""What Lambda itself logs of an invocation: START, END and REPORT lines."""

SAMPLED = 0.05
"""The share of requests beyond one a second whose traces are recorded
(https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html)."""

_DAYS_A_MONTH = 30
_VALIDATIONS_A_DAY = 1
_GIGABYTE = 10**9


@dataclass(frozen=True)
class DailyInvocations:
    """The invocations of a stream processor in a day: how many, and records in each."""

    number: float
    records: float


_Streams = Sequence[tuple[StreamSource, DailyInvocations]]


def invocations(source: StreamSource, records: float) -> DailyInvocations:
    """How a day's records of a source reach its function."""
    batch = records_per_batch(source, records / SECONDS_A_DAY)
    return DailyInvocations(records / batch, batch)


def billed_seconds(cpu_seconds: float, requests: float, memory_size: int) -> float:
    """The duration of an invocation: its CPU time on the share of a CPU that it gets, and its requests one by one."""
    return cpu_seconds * max(1.0, MEGABYTES_PER_CPU / memory_size) + requests * LATENCY


def bill(implementation: Implementation, prices: Prices, records: float) -> list[BillLine]:
    """What a day costs, with the same lines for every implementation.

    Args:
        implementation: what is billed.
        prices: of each line.
        records: insertions and modifications a day, the same number of every source.
    """
    sources, execution = implementation.sources(records), implementation.daily_execution(records)
    streams = [(source, invocations(source, records / len(sources))) for source in sources]
    return [
        *_lambda_lines(implementation, prices, execution, streams),
        *_data_lines(implementation, prices, records, streams),
        *_monitoring_lines(implementation, prices, streams),
    ]


def _lambda_lines(
    implementation: Implementation, prices: Prices, execution: DailyExecution, streams: _Streams
) -> list[BillLine]:
    requests = sum(invoked.number for _, invoked in streams) + execution.invocations + _VALIDATIONS_A_DAY
    summary = execution.billed_seconds * ANALYTICS_PROCESSOR.memory_size / 1024
    seconds = _stream_gb_seconds(implementation, streams) + summary
    return [
        _line("Lambda requests", requests, "requests", prices.lambda_request),
        _line("Lambda duration", seconds, "GB-s", prices.lambda_gb_second(implementation.architecture)),
        _line("Step Functions", execution.transitions, "transitions", prices.state_transition),
    ]


def _data_lines(implementation: Implementation, prices: Prices, records: float, streams: _Streams) -> list[BillLine]:
    batches, units = sum(invoked.number for _, invoked in streams), implementation.summary_reads(records).units
    stored = implementation.artifact_bytes / _GIGABYTE
    return [
        _line("DynamoDB writes of activities", records, "units", prices.dynamodb_write_unit),
        _line("DynamoDB reads of the summary", units, "units", prices.dynamodb_read_unit),
        _line("DynamoDB streams, read by Lambda", batches, "batches", prices.dynamodb_streams_read),
        _line("S3", stored, "GB", prices.s3_gigabyte_month / _DAYS_A_MONTH),
    ]


def _monitoring_lines(implementation: Implementation, prices: Prices, streams: _Streams) -> list[BillLine]:
    metrics, alarms = implementation.custom_metrics, implementation.alarms
    composites = implementation.composite_alarms
    traces = sum(traces_recorded(invoked.number) for _, invoked in streams)
    return [
        _line("CloudWatch Logs", _logged_gigabytes(implementation, streams), "GB", prices.logs_gigabyte),
        _line("custom metrics", metrics, "metrics", prices.custom_metric_month / _DAYS_A_MONTH),
        _line("alarms", alarms, "alarms", prices.alarm_month / _DAYS_A_MONTH),
        _line("composite alarms", composites, "alarms", prices.composite_alarm_month / _DAYS_A_MONTH),
        _line("dashboard", 1, "dashboard", prices.dashboard_month / _DAYS_A_MONTH),
        _line("X-Ray", traces, "traces", prices.trace_recorded),
    ]


def _line(name: str, amount: float, unit: str, price: float) -> BillLine:
    return BillLine(name, amount, unit, amount * price)


def _stream_gb_seconds(implementation: Implementation, streams: _Streams) -> float:
    stream = implementation.stream
    return sum(
        invoked.number
        * source.memory_size
        / 1024
        * billed_seconds(stream.cpu_seconds(invoked.records), stream.requests(invoked.records), source.memory_size)
        for source, invoked in streams
    )


def _logged_gigabytes(implementation: Implementation, streams: _Streams) -> float:
    """What the stream processors log; the lines of the daily summary are too few to matter."""
    log_bytes = implementation.stream.log_bytes
    return (
        sum(invoked.number * (log_bytes(invoked.records) + _PLATFORM_LOG_BYTES) for _, invoked in streams) / _GIGABYTE
    )


def traces_recorded(requests: float) -> float:
    """The traces that X-Ray records of a function's requests in a day: one a second, and a share of the others."""
    first = min(requests, SECONDS_A_DAY)
    return first + SAMPLED * (requests - first)
