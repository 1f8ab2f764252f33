"""A DynamoDB on loopback: a client of it, and the analytics table in it."""

from typing import TYPE_CHECKING

from botocore.config import Config

from benchmarks.systems.template_facts import analytics_table
from build.local.cloud import isolated_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def connect(endpoint: str) -> "DynamoDBClient":
    """A client of a server on loopback, with nothing of the user's settings."""
    config = Config(proxies={}, retries={"total_max_attempts": 1})
    return isolated_session(CREDENTIALS).client("dynamodb", endpoint_url=endpoint, config=config)


def create_analytics_table(client: "DynamoDBClient") -> None:
    """Make the analytics table as the template has it."""
    table = analytics_table()
    client.create_table(**table)
    client.get_waiter("table_exists").wait(TableName=table["TableName"], WaiterConfig={"Delay": 1})
