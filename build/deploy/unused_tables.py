"""Tables that a failed creation left and nobody has used: told from all others, and deleted so that their names are
free again.

CloudFormation cannot delete them: while a creation is rolled back their deletion protection forbids it, and afterwards
the stack's deletion retains them.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.aws import until
from build.aws_errors import error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

_BUSY = "ResourceInUseException"
_GONE = "ResourceNotFoundException"


def use_of_table(dynamodb: "DynamoDBClient", name: str, stack_created: datetime) -> str:
    """Why a table may be in use, as a sentence goes on after its name; nothing when it is not.

    One strongly consistent read tells whether it is empty, its ItemCount is hours old
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html).

    Args:
        dynamodb: the client to call with.
        name: of the table; one that is gone is not in use.
        stack_created: when its stack was, to the second; an older table is not the stack's own.
    """
    table = described_table(dynamodb, name)
    if table is None:
        return ""
    if table["CreationDateTime"] < stack_created.replace(microsecond=0):
        return "is older than the stack"
    page = dynamodb.scan(TableName=name, Limit=1, ConsistentRead=True)
    return "stores items" if page["Count"] or "LastEvaluatedKey" in page else ""


def delete_table(dynamodb: "DynamoDBClient", name: str, waiting: Callable[[], None]) -> None:
    """Turn off a table's deletion protection, delete it and wait until its name is free; one that is gone is deleted.

    Args:
        dynamodb: the client to call with.
        name: of the table.
        waiting: called before each pause.
    """
    table = described_table(dynamodb, name)
    if table and table.get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    until(lambda: _is_gone(dynamodb, name) or None, waiting)


def described_table(dynamodb: "DynamoDBClient", name: str) -> "TableDescriptionTypeDef | None":
    """A table as DynamoDB describes it; None when there is none."""
    try:
        return dynamodb.describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error_code(error) != _GONE:
            raise
        return None


def _is_gone(dynamodb: "DynamoDBClient", name: str) -> bool:
    """Whether a table is; deleting is asked for until then, as one that is being updated or deleted refuses it."""
    try:
        dynamodb.delete_table(TableName=name)
    except ClientError as error:
        if error_code(error) not in {_BUSY, _GONE}:
            raise
        return error_code(error) == _GONE
    return False
