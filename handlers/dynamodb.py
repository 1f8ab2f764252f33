"""The client of DynamoDB that the functions make once, while they start."""

from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import get_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_client(config: Config) -> "DynamoDBClient":
    """The client that boto3 would make, without boto3, whose resources and transfers lengthen a cold start."""
    return cast("DynamoDBClient", get_session().create_client("dynamodb", config=config))
