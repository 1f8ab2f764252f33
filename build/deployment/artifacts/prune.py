"""Removing artifacts that no stack is made from, and that none would need to go back one deployment."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.deployment.artifacts.bucket import ArtifactBucket
from build.deployment.artifacts.record import artifact_keys, record_key, recorded_keys
from build.deployment.aws_errors import error_code
from build.deployment.deployed_stack import DeployedStack, deployed_stack
from build.deployment.stack_buckets import MOST_DELETED_AT_ONCE, delete_objects
from build.errors import CommandError
from stack.parameters import ARTIFACT_BUCKET

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

FRESH = timedelta(days=1)
"""What was uploaded so recently may belong to a deployment that is still under way."""


@dataclass(frozen=True)
class ObjectVersion:
    """A version of an artifact; `size` in bytes."""

    key: str
    version_id: str
    size: int
    modified: datetime


def unneeded_versions(bucket: ArtifactBucket, stacks: Collection[DeployedStack]) -> list[ObjectVersion]:
    """The versions in an artifact bucket that can go.

    Args:
        bucket: to look through; one that is missing holds none.
        stacks: those that are made from what is in it.

    Raises:
        CommandError: while one of the stacks is being changed.
    """
    if busy := [stack.name for stack in stacks if stack.in_progress]:
        raise CommandError(f"{', '.join(busy)} is being changed; wait until that is done and repeat the command.")
    needed = needed_keys(bucket, stacks)
    oldest_kept = datetime.now(UTC) - FRESH
    return [one for one in object_versions(bucket) if one.key not in needed and one.modified < oldest_kept]


def stacks_made_from(cloudformation: "CloudFormationClient", bucket_name: str) -> list[DeployedStack]:
    """The stacks of the region that are made from what is in a bucket."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    stacks = (deployed_stack(description) for page in pages for description in page["Stacks"])
    return [stack for stack in stacks if stack.parameters.get(ARTIFACT_BUCKET) == bucket_name]


def needed_keys(bucket: ArtifactBucket, stacks: Collection[DeployedStack]) -> set[str]:
    """The keys that stacks are made from, were made from before, and the notes that say so."""
    needed: set[str] = set()
    for stack in stacks:
        needed |= {record_key(stack.name), *artifact_keys(stack.parameters), *recorded_keys(bucket, stack.name)}
    return needed


def object_versions(bucket: ArtifactBucket) -> Iterator[ObjectVersion]:
    """Every version in a bucket; none when there is no bucket."""
    try:
        for page in bucket.s3.get_paginator("list_object_versions").paginate(**bucket.target):
            for one in page.get("Versions", []):
                yield ObjectVersion(one["Key"], one["VersionId"], one["Size"], one["LastModified"])
    except ClientError as error:
        if error_code(error) != "NoSuchBucket":
            raise


def remove_versions(bucket: ArtifactBucket, versions: list[ObjectVersion]) -> None:
    """Delete versions for good.

    Raises:
        CommandError: when one cannot be deleted.
    """
    remaining = iter(versions)
    while batch := list(islice(remaining, MOST_DELETED_AT_ONCE)):
        identifiers: "list[ObjectIdentifierTypeDef]" = [{"Key": one.key, "VersionId": one.version_id} for one in batch]
        delete_objects(bucket.s3, bucket.name, bucket.account, identifiers)
