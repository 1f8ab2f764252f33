"""The list prices that costs are computed from; one file holds them all, with its date."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "prices.json"


@dataclass(frozen=True)
class Prices:
    """Dollars for a unit of each, see the file for units and sources."""

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
    dashboard_month: float
    state_transition: float
    trace_recorded: float


@dataclass(frozen=True)
class PriceList:
    """Prices of a region on a day."""

    date: date
    region: str
    prices: Prices


def load_prices(file: Path = FILE) -> PriceList:
    """Read the price list."""
    document = json.loads(file.read_bytes())
    prices = {name: entry["dollars"] for name, entry in document["prices"].items()}
    return PriceList(date.fromisoformat(document["date"]), document["region"], Prices(**prices))
