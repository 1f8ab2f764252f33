"""A DynamoDB on loopback: a client of it, and the analytics table in it."""

from typing import TYPE_CHECKING

from benchmarks.systems.template_facts import analytics_table
from build.aws import emulator_clients

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def connect(endpoint: str) -> "DynamoDBClient":
    """A client of a server on loopback, with nothing of the user's settings."""
    clients = emulator_clients(endpoint, "test", "test")
    return clients.configured(proxies={}, retries={"total_max_attempts": 1}).dynamodb


def create_analytics_table(client: "DynamoDBClient") -> None:
    """Make the analytics table as the template has it."""
    table = analytics_table()
    client.create_table(**table)
    client.get_waiter("table_exists").wait(TableName=table["TableName"], WaiterConfig={"Delay": 1})
