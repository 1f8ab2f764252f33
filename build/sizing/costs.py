"""What a day costs: list prices, and a bill with a line for each service."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stack.config import ARCHITECTURE
from stack.sizing import SourceSize, batch_seconds

PRICES_FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Prices:
    """Dollars for a unit of each; the file has the units and the sources."""

    lambda_request: float
    lambda_gb_second_arm64: float
    lambda_gb_second_x86_64: float
    dynamodb_write_unit: float
    dynamodb_read_unit: float
    dynamodb_streams_read: float
    logs_gigabyte: float
    s3_gigabyte_month: float
    custom_metric_month: float
    alarm_month: float
    composite_alarm_month: float
    dashboard_month: float
    state_transition: float
    trace_recorded: float

    def lambda_gb_second(self, architecture: str) -> float:
        """The price for `arm64` or `x86_64`."""
        return {"arm64": self.lambda_gb_second_arm64, "x86_64": self.lambda_gb_second_x86_64}[architecture]


@dataclass(frozen=True)
class PriceList:
    """Prices of a region on a day."""

    date: date
    region: str
    prices: Prices


def load_prices(file: Path = PRICES_FILE) -> PriceList:
    document = json.loads(file.read_bytes())
    prices = {name: entry["dollars"] for name, entry in document["prices"].items()}
    return PriceList(date.fromisoformat(document["date"]), document["region"], Prices(**prices))


@dataclass(frozen=True)
class BillLine:
    """A line of the bill; amount and dollars are of one day."""

    name: str
    amount: float
    unit: str
    dollars: float


_LOG_BYTES = 1_200
"""Of an invocation, what Lambda itself logs included (benchmarks/RESULTS.md)."""
_READ_UNITS_PER_ACTIVITY = 0.02
"""Of one count, which reads 8 KB for a unit (benchmarks/RESULTS.md); each day is counted twice."""
_COUNTS = 2
_GIGABYTE = 10**9


def daily_bill(sizes: Sequence[SourceSize], prices: Prices) -> list[BillLine]:
    """What grows with the records: the application's own writes and what a stack costs when idle are not on it."""
    return [line for size in sizes for line in _source_lines(size, prices)]


def _source_lines(size: SourceSize, prices: Prices) -> Iterator[BillLine]:
    source, records = size.source, size.load.records_per_day
    batch = size.records_per_batch(size.load.average)
    invocations = records / batch
    gigabyte_seconds = invocations * batch_seconds(source, batch) * source.memory_size / 1024
    reads = records * _COUNTS * _READ_UNITS_PER_ACTIVITY
    for name, amount, unit, price in (
        ("Lambda requests", invocations, "requests", prices.lambda_request),
        ("Lambda duration", gigabyte_seconds, "GB-s", prices.lambda_gb_second(ARCHITECTURE)),
        ("DynamoDB writes of activities", records, "units", prices.dynamodb_write_unit),
        ("DynamoDB reads of the summary", reads, "units", prices.dynamodb_read_unit),
        ("CloudWatch Logs", invocations * _LOG_BYTES / _GIGABYTE, "GB", prices.logs_gigabyte),
    ):
        yield BillLine(f"{source.name}: {name}", amount, unit, amount * price)


def total_dollars(lines: Sequence[BillLine]) -> float:
    return sum(line.dollars for line in lines)
