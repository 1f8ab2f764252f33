"""A DynamoDB on loopback: its client, the analytics table, and days of activities to fill the table with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from benchmarks.systems.stream_events import SECONDS_A_DAY, SUMMARISED_DAY, insertion, midnight_milliseconds
from benchmarks.systems.template_facts import CONFIG, analytics_table, function_variables
from build.local.cloud import emulator_clients
from handlers.activities import ActivitySource, activity_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from handlers.keys import Item


def dynamodb_client(endpoint: str) -> "DynamoDBClient":
    """A client of a server on loopback, without any of the user's settings."""
    clients = emulator_clients(endpoint, "test", "test")
    return clients.configured(proxies={}, retries={"total_max_attempts": 1}).dynamodb


def create_analytics_table(client: "DynamoDBClient") -> None:
    """Create the analytics table as the template has it."""
    table = analytics_table()
    client.create_table(**table)
    client.get_waiter("table_exists").wait(TableName=table["TableName"], WaiterConfig={"Delay": 1})


@dataclass(frozen=True)
class ActivityDays:
    """The activities of the day that is summarised, and of days before it, made by the stream processor's own code.

    Args:
        activities: of each day, as many of every source.
        history: days before it.
    """

    activities: int
    history: int = 0

    def items(self) -> Iterator["Item"]:
        """Every activity, the oldest day first."""
        for age in range(self.history, -1, -1):
            yield from _day_of_activities(SUMMARISED_DAY - timedelta(days=age), self.activities)


def _day_of_activities(day: date, count: int) -> "Iterator[Item]":
    """Activities that are spread evenly over a day, of every source in turn."""
    midnight, first = midnight_milliseconds(day) // 1000, day.toordinal() * count
    activity_sources = [
        ActivitySource.from_environment(function_variables(f"{source.name}Processor")) for source in CONFIG.sources
    ]
    for number in range(count):
        index = number % len(activity_sources)
        record = insertion(CONFIG.sources[index], first + number, midnight + number * SECONDS_A_DAY // count)
        yield from filter(None, [activity_item(record, activity_sources[index])])
