"""What the resources of a stack hold that the template does not: items, objects, log events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from build.deployment.aws_errors import error_code
from build.deployment.changes.data_loss import HOLDS_DATA
from build.deployment.clients import Clients
from build.deployment.stack_resources import StackResource

GONE = frozenset({"NoSuchBucket", "ResourceNotFoundException"})


@dataclass(frozen=True)
class Holding:
    """A resource that holds data.

    Args:
        resource: whose data it is.
        kind: `table`, `bucket` or `log group`.
        content: how much, in words.
        retained: whether it outlives its stack.
    """

    resource: StackResource
    kind: str
    content: str
    retained: bool


def holdings(clients: Clients, resources: list[StackResource], retained: frozenset[str]) -> list[Holding]:
    """The resources that hold data, and how much."""
    return [
        Holding(one, HOLDS_DATA[one.resource_type], content_of(clients, one), one.logical_id in retained)
        for one in resources
        if one.resource_type in HOLDS_DATA
    ]


def content_of(clients: Clients, resource: StackResource) -> str:
    """How much a resource holds, in words; a resource that is gone holds nothing."""
    try:
        return CONTENTS[resource.resource_type](clients, resource.physical_id)
    except ClientError as error:
        if error_code(error) not in GONE:
            raise
        return "gone"


def table_content(clients: Clients, name: str) -> str:
    """DynamoDB counts items every six hours or so
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html)."""
    return f"about {clients.dynamodb.describe_table(TableName=name)['Table']['ItemCount']:,} items"


def bucket_content(clients: Clients, name: str) -> str:
    """The first page of versions, which holds at most 1,000."""
    page = clients.s3.list_object_versions(Bucket=name, ExpectedBucketOwner=clients.account)
    count = len(page.get("Versions", []))
    return f"{count:,} object versions" + (" or more" if page.get("IsTruncated") else "")


def log_group_content(clients: Clients, name: str) -> str:
    """What CloudWatch Logs has stored, in bytes; it counts late."""
    groups = clients.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    stored = sum(group.get("storedBytes", 0) for group in groups if group.get("logGroupName") == name)
    return f"about {stored:,} bytes of log events"


CONTENTS: Mapping[str, Callable[[Clients, str], str]] = {
    "AWS::DynamoDB::Table": table_content,
    "AWS::Logs::LogGroup": log_group_content,
    "AWS::S3::Bucket": bucket_content,
}
