"""The bucket of failed events: what lies in it, reading an object, deleting it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.aws import error_code
from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = re.compile(r"aws/lambda/[^/]+/[^/]+/\d{4}/\d{2}/\d{2}/(\d{4}-\d{2}-\d{2}T\d{2}\.\d{2}\.\d{2})-[^/]+", re.ASCII)
CHANGED = frozenset({"ConditionalRequestConflict", "PreconditionFailed"})


@dataclass(frozen=True)
class StoredObject:
    """An object as the bucket lists it.

    Args:
        key: its name.
        size: in bytes.
        last_modified: when it was put there.
    """

    key: str
    size: int
    last_modified: datetime

    @property
    def failed_at(self) -> datetime | None:
        """When Lambda gave up, which its keys tell; None for a key that Lambda does not write.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
        """
        layout = KEY.fullmatch(self.key)
        try:
            return datetime.strptime(layout[1], "%Y-%m-%dT%H.%M.%S").replace(tzinfo=UTC) if layout else None
        except ValueError:
            return None

    @property
    def when(self) -> datetime:
        """When Lambda gave up or, if that is unknown, when the object was put there."""
        return self.failed_at or self.last_modified


@dataclass(frozen=True)
class Content:
    """What an object held when it was read, and the entity tag of just that."""

    body: bytes
    etag: str


@dataclass(frozen=True)
class FailedEventsBucket:
    """A bucket.

    Args:
        s3: the client to call with.
        name: of the bucket.
        account: that it has to belong to.
    """

    s3: "S3Client"
    name: str
    account: str

    def objects(self) -> list[StoredObject]:
        """Everything in the bucket, oldest first.

        Raises:
            CommandError: when the bucket is gone.
        """
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, ExpectedBucketOwner=self.account)
        try:
            found = [
                StoredObject(one["Key"], one["Size"], one["LastModified"])
                for page in pages
                for one in page.get("Contents", [])
            ]
        except ClientError as error:
            if error_code(error) != "NoSuchBucket":
                raise
            raise CommandError(
                f"the bucket of failed events, {self.name}, is gone: create it again under this name, "
                "or the mappings have nowhere to put what fails."
            ) from error
        return sorted(found, key=lambda one: (one.when, one.key))

    def read(self, key: str) -> Content | None:
        """What an object holds; None when it is gone."""
        try:
            answer = self.s3.get_object(Bucket=self.name, Key=key, ExpectedBucketOwner=self.account)
        except ClientError as error:
            if error_code(error) != "NoSuchKey":
                raise
            return None
        return Content(answer["Body"].read(), answer["ETag"])

    def delete(self, key: str, etag: str) -> bool:
        """Put a delete marker on an object that still is what was read; the lifecycle keeps what it covers for 30 days.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html

        Args:
            key: of the object.
            etag: what was read.

        Returns:
            Whether it is gone, whoever deleted it; False when it was replaced meanwhile.
        """
        try:
            self.s3.delete_object(Bucket=self.name, Key=key, IfMatch=etag, ExpectedBucketOwner=self.account)
        except ClientError as error:
            if error_code(error) not in CHANGED | {"NoSuchKey"}:
                raise
            return error_code(error) not in CHANGED
        return True
