"""What the resources of a stack store that its template does not say: items, objects, log events; deleting objects."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.aws import Clients
from build.aws_errors import error_code
from build.cloudformation.changes import STORES_DATA
from build.cloudformation.stacks import BUCKET_TYPE, LOG_GROUP_TYPE, TABLE_TYPE, StackResource
from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

MOST_OBJECTS_DELETED = 1_000
"""In one call: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html;
a page of versions is no longer."""
_GONE = frozenset({"NoSuchBucket", "ResourceNotFoundException"})


@dataclass(frozen=True)
class StoredData:
    """What a resource stores.

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


def stored_data(clients: Clients, resources: Sequence[StackResource], retained: frozenset[str]) -> list[StoredData]:
    """What the resources that store data store, and how much."""
    return [
        StoredData(
            resource,
            STORES_DATA[resource.resource_type],
            _content_of(clients, resource),
            resource.logical_id in retained,
        )
        for resource in resources
        if resource.resource_type in STORES_DATA
    ]


def empty_bucket(s3: "S3Client", bucket: str, account: str) -> int:
    """Delete every version and every delete marker in a bucket: CloudFormation deletes only empty ones.

    Args:
        s3: the client to call with.
        bucket: its name; one that is gone is empty.
        account: that it has to belong to.

    Returns:
        How many were deleted.

    Raises:
        CommandError: when one cannot be deleted.
    """
    try:
        return sum(delete_objects(s3, bucket, account, page) for page in _version_pages(s3, bucket, account))
    except ClientError as error:
        if error_code(error) != "NoSuchBucket":
            raise
        return 0


def delete_objects(s3: "S3Client", bucket: str, account: str, objects: "list[ObjectIdentifierTypeDef]") -> int:
    """Delete up to 1,000 versions for good.

    Returns:
        How many.

    Raises:
        CommandError: when one cannot be deleted.
    """
    answer = s3.delete_objects(Bucket=bucket, ExpectedBucketOwner=account, Delete={"Objects": objects, "Quiet": True})
    for error in answer.get("Errors", []):
        raise CommandError(
            f"{error.get('Key')} in {bucket} cannot be deleted ({error.get('Message')}); "
            "allow s3:DeleteObjectVersion on it and repeat the command."
        )
    return len(objects)


def _version_pages(s3: "S3Client", bucket: str, account: str) -> "Iterator[list[ObjectIdentifierTypeDef]]":
    """The versions and delete markers in a bucket, at most 1,000 at a time."""
    paginator = s3.get_paginator("list_object_versions")
    for page in paginator.paginate(Bucket=bucket, ExpectedBucketOwner=account):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if entries:
            yield [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]


def _content_of(clients: Clients, resource: StackResource) -> str:
    try:
        return _CONTENTS[resource.resource_type](clients, resource.physical_id)
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        return "gone"


def _table_content(clients: Clients, name: str) -> str:
    """DynamoDB counts items every six hours or so
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html)."""
    return f"about {clients.dynamodb.describe_table(TableName=name)['Table']['ItemCount']:,} items"


def _bucket_content(clients: Clients, name: str) -> str:
    """The first page of versions, which holds at most 1,000, says enough."""
    page = clients.s3.list_object_versions(Bucket=name, ExpectedBucketOwner=clients.account)
    count = len(page.get("Versions", []))
    return f"{count:,} object versions" + (" or more" if page.get("IsTruncated") else "")


def _log_group_content(clients: Clients, name: str) -> str:
    """CloudWatch Logs updates the size late."""
    groups = clients.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    stored = sum(group.get("storedBytes", 0) for group in groups if group.get("logGroupName") == name)
    return f"about {stored:,} bytes of log events"


_CONTENTS: Mapping[str, Callable[[Clients, str], str]] = {
    TABLE_TYPE: _table_content,
    LOG_GROUP_TYPE: _log_group_content,
    BUCKET_TYPE: _bucket_content,
}
