"""A note in the artifact bucket of what a stack was last deployed from, and what it was made from before."""

import json
from collections.abc import Mapping

from build.deployment.artifacts.bucket import ArtifactBucket
from build.deployment.desired_stack import DesiredStack

RECORDS = "deployments/"


def record_key(stack_name: str) -> str:
    """Where a stack's note lies in the bucket."""
    return f"{RECORDS}{stack_name}.json"


def artifact_keys(parameters: Mapping[str, str]) -> list[str]:
    """The keys of archives among a stack's parameters."""
    return sorted(value for value in parameters.values() if value.endswith(".zip"))


def record_deployment(bucket: ArtifactBucket, desired: DesiredStack, before: Mapping[str, str]) -> None:
    """Note what a stack was deployed from, so that what came before it is kept for one more deployment.

    Args:
        bucket: for the note.
        desired: what is deployed now.
        before: the stack's parameters until then.
    """
    note = {"deployed": artifact_keys(desired.parameters), "before": artifact_keys(before)}
    bucket.write(record_key(desired.name), json.dumps(note).encode(), "application/json")


def recorded_keys(bucket: ArtifactBucket, stack_name: str) -> set[str]:
    """The keys in a stack's note."""
    note = json.loads(bucket.read(record_key(stack_name)) or b"{}")
    return {key for keys in note.values() for key in keys}
