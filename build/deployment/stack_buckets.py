"""Emptying the buckets of a stack: CloudFormation deletes only empty ones."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.deployment.aws_errors import error_code
from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

MOST_DELETED_AT_ONCE = 1_000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html; a page of versions is no longer."""


def empty_bucket(s3: "S3Client", bucket: str, account: str) -> int:
    """Delete every version and every delete marker in a bucket.

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
        return sum(delete_objects(s3, bucket, account, page) for page in version_pages(s3, bucket, account))
    except ClientError as error:
        if error_code(error) != "NoSuchBucket":
            raise
        return 0


def version_pages(s3: "S3Client", bucket: str, account: str) -> "Iterator[list[ObjectIdentifierTypeDef]]":
    """The versions and delete markers in a bucket, at most 1,000 at a time."""
    paginator = s3.get_paginator("list_object_versions")
    for page in paginator.paginate(Bucket=bucket, ExpectedBucketOwner=account):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if entries:
            yield [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]


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
