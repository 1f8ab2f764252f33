import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from build.commands.prune import ObjectVersion, object_versions, remove_versions, stacks_made_from, unneeded_versions
from build.deploy.artifacts import ArtifactBucket, artifact_bucket, record_key, restoration_key
from build.errors import CommandError
from tests.build.support import NAME, Stubs, a_stack, description

JOURNAL = restoration_key(NAME)
OLD = datetime.now(UTC) - timedelta(days=3)


@pytest.fixture
def bucket(stubs: Stubs) -> ArtifactBucket:
    return artifact_bucket(stubs.clients, a_stack())


def expect_record(stubs: Stubs, bucket: ArtifactBucket, stack_name: str, record: dict[str, list[str]] | None) -> None:
    parameters = {"Key": record_key(stack_name), **bucket.target}
    if record is None:
        stubs.refuse("s3", "get_object", parameters, "NoSuchKey", status=404)
    else:
        body = json.dumps(record).encode()
        stubs.answer("s3", "get_object", parameters, {"Body": BytesIO(body)})


def expect_versions(stubs: Stubs, bucket: ArtifactBucket, *keys: str, modified: datetime = OLD) -> None:
    versions = [{"Key": key, "VersionId": f"{key}-1", "Size": 10, "LastModified": modified} for key in keys]
    stubs.answer("s3", "list_object_versions", bucket.target, {"Versions": versions})


def keys(versions: list[ObjectVersion]) -> list[str]:
    return [version.key for version in versions]


def test_what_stacks_are_or_were_made_from_is_needed(stubs: Stubs, bucket: ArtifactBucket) -> None:
    expect_record(stubs, bucket, NAME, {"deployed": ["b.zip"], "before": ["a.zip"]})
    kept = ("a.zip", "b.zip", "c.zip", record_key(NAME), JOURNAL)
    expect_versions(stubs, bucket, *kept, "d.zip", record_key("Gone"), "t.json")
    stack = a_stack(Parameters=[{"ParameterKey": "LayerKey", "ParameterValue": "c.zip"}])
    assert keys(unneeded_versions(bucket, [stack])) == ["d.zip", record_key("Gone"), "t.json"]


def test_a_stack_without_a_record_keeps_what_it_is_made_from(stubs: Stubs, bucket: ArtifactBucket) -> None:
    expect_record(stubs, bucket, NAME, None)
    expect_versions(stubs, bucket, "a.zip", "b.zip")
    stack = a_stack(Parameters=[{"ParameterKey": "LayerKey", "ParameterValue": "b.zip"}])
    assert keys(unneeded_versions(bucket, [stack])) == ["a.zip"]


def test_what_was_uploaded_within_a_day_stays(stubs: Stubs, bucket: ArtifactBucket) -> None:
    expect_versions(stubs, bucket, "a.zip", modified=datetime.now(UTC) - timedelta(hours=23))
    assert unneeded_versions(bucket, []) == []


def test_nothing_is_removed_while_a_stack_changes(bucket: ArtifactBucket) -> None:
    with pytest.raises(CommandError, match="TapStackdev is being changed; wait"):
        unneeded_versions(bucket, [a_stack("UPDATE_IN_PROGRESS")])


def test_a_missing_bucket_holds_nothing(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "list_object_versions", bucket.target, "NoSuchBucket", status=404)
    assert list(object_versions(bucket)) == []
    stubs.refuse("s3", "list_object_versions", bucket.target, "AccessDenied", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        list(object_versions(bucket))


def test_stacks_of_all_suffixes_that_use_the_bucket_count(stubs: Stubs) -> None:
    def entry(name: str, bucket: str) -> dict[str, Any]:
        parameters = [{"ParameterKey": "ArtifactBucket", "ParameterValue": bucket}]
        return {**description(), "StackName": name, "Parameters": parameters}

    first = {"Stacks": [entry("TapStackdev", "ours"), entry("Foreign", "theirs")], "NextToken": "more"}
    stubs.answer("cloudformation", "describe_stacks", {}, first)
    last = {"Stacks": [entry("TapStackprod", "ours"), description()]}
    stubs.answer("cloudformation", "describe_stacks", {"NextToken": "more"}, last)
    found = stacks_made_from(stubs.clients.cloudformation, "ours")
    assert [stack.name for stack in found] == ["TapStackdev", "TapStackprod"]


def test_versions_are_removed_for_good_a_thousand_at_a_time(stubs: Stubs, bucket: ArtifactBucket) -> None:
    versions = [ObjectVersion(f"{number}.zip", "v", 1, OLD) for number in range(1_001)]
    for batch in (versions[:1_000], versions[1_000:]):
        objects = [{"Key": version.key, "VersionId": "v"} for version in batch]
        parameters = {"Delete": {"Objects": objects, "Quiet": True}, **bucket.target}
        stubs.answer("s3", "delete_objects", parameters, {})
    remove_versions(bucket, versions)
