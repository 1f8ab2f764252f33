"""Failure buckets: one in S3, and one in memory for tests that run thousands of times."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build.poller.destination import FailureRecord, S3Destination

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class FailureBucket(S3Destination):
    """A bucket, and what is in it."""

    def documents(self) -> list[dict[str, Any]]:
        """Every failure record."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return [json.load(self.client.get_object(Bucket=self.bucket, Key=key)["Body"]) for key in keys]


class MemoryBucket:
    """Keeps failure records as the text that an object would have."""

    def __init__(self) -> None:
        self.contents: list[str] = []

    def __call__(self, record: FailureRecord) -> None:
        self.contents.append(json.dumps(record.with_payload))

    def documents(self) -> list[dict[str, Any]]:
        """Every failure record."""
        return list(map(json.loads, self.contents))


def make_bucket(client: "S3Client", name: str) -> FailureBucket:
    """Make a bucket for failed batches."""
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    return FailureBucket(client, name)
