"""The command `prune`: remove artifacts that no stack is made from, and that none needs to go back one deployment."""

import argparse
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.aws_errors import error_code
from build.cloudformation.stacks import DeployedStack, all_stacks
from build.deploy.artifacts import (
    ArtifactBucket,
    archive_keys,
    artifact_bucket,
    record_key,
    recorded_keys,
    restoration_key,
)
from build.deploy.contents import MOST_OBJECTS_DELETED, delete_objects
from build.errors import CommandError
from build.options import Context, add_context_options, context, require_consent
from stack.parameters import ARTIFACT_BUCKET

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

EXAMPLE = "python -m build prune --region us-west-2 --yes"
KEPT_AFTER_UPLOAD = timedelta(days=1)
"""What was uploaded so recently may belong to a deployment that is still under way."""


@dataclass(frozen=True)
class ObjectVersion:
    """A version of an artifact; `size` in bytes."""

    key: str
    version_id: str
    size: int
    modified: datetime


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_context_options(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """List the artifacts that no stack of the region needs, ask, and remove them; 0 when done.

    Raises:
        CommandError: while a stack is being changed, or when nobody agrees.
    """
    with context(arguments) as chosen:
        bucket = artifact_bucket(chosen.clients)
        unneeded = unneeded_versions(bucket, stacks_made_from(chosen.clients.cloudformation, bucket.name))
        for version in unneeded:
            chosen.presenter.step(
                f"no longer needed: {version.key}, {version.size:,} bytes, of {version.modified:%Y-%m-%d}"
            )
        if unneeded:
            chosen.announce(bucket.name, f"remove {len(unneeded)} artifacts for good")
            require_consent("prune", arguments.yes)
            remove_versions(bucket, unneeded)
        _show_removed(chosen, bucket, unneeded)
    return 0


def unneeded_versions(bucket: ArtifactBucket, stacks: Collection[DeployedStack]) -> list[ObjectVersion]:
    """The versions in an artifact bucket that can be removed.

    Args:
        bucket: to look through; one that is missing is empty.
        stacks: those that are made from what is in it.

    Raises:
        CommandError: while one of the stacks is being changed.
    """
    if busy := [stack.name for stack in stacks if stack.in_progress]:
        raise CommandError(f"{', '.join(busy)} is being changed; wait until that is done and repeat the command.")
    needed = _needed_keys(bucket, stacks)
    newest = datetime.now(UTC) - KEPT_AFTER_UPLOAD
    return [version for version in object_versions(bucket) if version.key not in needed and version.modified < newest]


def stacks_made_from(cloudformation: "CloudFormationClient", bucket_name: str) -> list[DeployedStack]:
    """The stacks of the region that are made from what is in a bucket."""
    return [stack for stack in all_stacks(cloudformation) if stack.parameters.get(ARTIFACT_BUCKET) == bucket_name]


def object_versions(bucket: ArtifactBucket) -> Iterator[ObjectVersion]:
    """Every version in a bucket; none when there is no bucket."""
    try:
        for page in bucket.s3.get_paginator("list_object_versions").paginate(**bucket.target):
            for version in page.get("Versions", []):
                yield ObjectVersion(version["Key"], version["VersionId"], version["Size"], version["LastModified"])
    except ClientError as error:
        if error_code(error) != "NoSuchBucket":
            raise


def remove_versions(bucket: ArtifactBucket, versions: Collection[ObjectVersion]) -> None:
    """Delete versions for good.

    Raises:
        CommandError: when one cannot be deleted.
    """
    remaining = iter(versions)
    while batch := list(islice(remaining, MOST_OBJECTS_DELETED)):
        identifiers: "list[ObjectIdentifierTypeDef]" = [
            {"Key": version.key, "VersionId": version.version_id} for version in batch
        ]
        delete_objects(bucket.s3, bucket.name, bucket.account, identifiers)


def _needed_keys(bucket: ArtifactBucket, stacks: Collection[DeployedStack]) -> set[str]:
    """The keys that stacks are made from, were made from before, and the records that say so."""
    needed: set[str] = set()
    for stack in stacks:
        needed |= {record_key(stack.name), restoration_key(stack.name)}
        needed |= {*archive_keys(stack.parameters), *recorded_keys(bucket, stack.name)}
    return needed


def _show_removed(chosen: Context, bucket: ArtifactBucket, removed: Collection[ObjectVersion]) -> None:
    freed = sum(version.size for version in removed)
    chosen.presenter.step(f"removed {len(removed)} artifacts, {freed:,} bytes, from {bucket.name}")
    chosen.presenter.result({"bucket": bucket.name, "removed": [version.key for version in removed], "bytes": freed})
