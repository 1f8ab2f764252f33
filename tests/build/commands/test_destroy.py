from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.aws import Clients
from build.cloudformation.failures import OperationFailed
from build.cloudformation.stacks import StackResource, find_stack
from build.commands.deploy import deploy
from build.commands.destroy import StackDeletion, destroy, stack_deletion
from build.errors import CommandError
from stack.config import StackConfig
from tests.build.commands.test_deploy import QUEUE
from tests.build.support import (
    ACCOUNT,
    NAME,
    STACK_ID,
    TOKEN,
    Recorder,
    Stubs,
    a_stack,
    event,
    tiny_deployment,
    tiny_template,
)

BUCKETS = {
    "Failures": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "deletion-failures"}},
    "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "kept-failures"}},
}
BUCKET = StackResource("Failures", "deletion-failures", "AWS::S3::Bucket", "CREATE_COMPLETE")
DELETION = {"StackName": STACK_ID, "ClientRequestToken": TOKEN}


def expect_deletion(stubs: Stubs, status: str, number: int = 1) -> None:
    stubs.answer("cloudformation", "delete_stack", DELETION, {})
    expect_end(stubs, status, number)


def expect_end(stubs: Stubs, status: str, number: int = 1) -> None:
    entries: list[dict[str, Any]] = [
        event(number + 2, NAME, status),
        event(number + 1, "Failures", "DELETE_FAILED", "The bucket you tried to delete is not empty"),
        event(number, NAME, "DELETE_IN_PROGRESS"),
    ]
    stubs.events_are(*entries)
    times = 2 if status == "DELETE_FAILED" else 1
    for _ in range(times):
        stubs.stack_is(status)


def expect_emptying(stubs: Stubs) -> None:
    target = {"Bucket": "deletion-failures", "ExpectedBucketOwner": ACCOUNT}
    stubs.answer("s3", "list_object_versions", target, {})


def test_a_stack_and_its_buckets_go_and_what_is_retained_stays(
    cloud: Clients, tmp_path: Path, progress: Recorder
) -> None:
    config = StackConfig("doom")
    deploy(cloud, tiny_deployment(tmp_path, QUEUE | BUCKETS, "doom"), Recorder())
    for bucket in ("deletion-failures", "kept-failures"):
        cloud.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        cloud.s3.put_object(Bucket=bucket, Key="failure", Body=b"1")
    deletion = stack_deletion(cloud, config)
    assert deletion is not None
    assert (deletion.buckets, deletion.retained) == (["deletion-failures"], frozenset({"Kept"}))
    destroy(cloud, deletion, progress)
    assert progress.steps == ["emptied the bucket deletion-failures, 1 versions"]
    assert find_stack(cloud.cloudformation, config.stack_name) is None
    buckets = cloud.s3.list_buckets()["Buckets"]
    kept = [bucket["Name"] for bucket in buckets if "failures" in bucket["Name"]]
    assert kept == ["kept-failures"]
    assert cloud.s3.get_object(Bucket="kept-failures", Key="failure")["Body"].read() == b"1"


def test_a_stack_that_is_not_there_is_nothing_to_destroy(cloud: Clients) -> None:
    assert stack_deletion(cloud, StackConfig("nowhere")) is None


@pytest.mark.parametrize("lifted", [None, "TapStackdev", "prod"])
def test_a_protected_suffix_is_refused_before_anything_is_asked(stubs: Stubs, lifted: str | None) -> None:
    with pytest.raises(CommandError, match="TapStackprod is protected .* --lift-protection TapStackprod"):
        stack_deletion(stubs.clients, StackConfig("prod"), lifted)


def test_protection_turned_on_by_hand_counts_too(stubs: Stubs) -> None:
    stubs.stack_is(EnableTerminationProtection=True, name=NAME)
    with pytest.raises(CommandError, match="TapStackdev is protected and was left alone"):
        stack_deletion(stubs.clients, StackConfig("dev"))


def test_a_protected_stack_goes_when_it_is_named(cloud: Clients, tmp_path: Path, progress: Recorder) -> None:
    config = StackConfig("prod")
    deploy(cloud, tiny_deployment(tmp_path, QUEUE, "prod"), Recorder())
    deletion = stack_deletion(cloud, config, "TapStackprod")
    assert deletion is not None
    destroy(cloud, deletion, progress)
    assert progress.steps == ["turned termination protection off"]
    assert find_stack(cloud.cloudformation, config.stack_name) is None


def test_a_stack_under_review_has_nothing_to_lose(stubs: Stubs) -> None:
    stubs.stack_is("REVIEW_IN_PROGRESS", name=NAME)
    expected = StackDeletion(a_stack("REVIEW_IN_PROGRESS"), (), frozenset())
    assert stack_deletion(stubs.clients, StackConfig("dev")) == expected


def test_what_prevented_it_is_removed_and_the_stack_deleted_once_more(stubs: Stubs, progress: Recorder) -> None:
    for number, status in ((1, "DELETE_FAILED"), (10, "DELETE_COMPLETE")):
        expect_emptying(stubs)
        expect_deletion(stubs, status, number)
    destroy(stubs.clients, StackDeletion(a_stack(), (BUCKET,), frozenset()), progress)
    assert "trying once more, Failures prevented it" in progress.steps


def test_a_second_failure_is_final_and_names_the_resource(stubs: Stubs, progress: Recorder) -> None:
    for number in (1, 10):
        expect_emptying(stubs)
        expect_deletion(stubs, "DELETE_FAILED", number)
    with pytest.raises(OperationFailed, match="resource: Failures"):
        destroy(stubs.clients, StackDeletion(a_stack(), (BUCKET,), frozenset()), progress)


def test_another_end_is_not_tried_again(stubs: Stubs, progress: Recorder) -> None:
    stubs.answer("cloudformation", "delete_stack", DELETION, {})
    entries = [event(2, NAME, "UPDATE_COMPLETE"), event(1, NAME, "UPDATE_IN_PROGRESS")]
    stubs.events_are(*entries)
    for _ in ("the end", "the cause"):
        stubs.stack_is("UPDATE_COMPLETE")
    with pytest.raises(OperationFailed, match="ended as UPDATE_COMPLETE"):
        destroy(stubs.clients, StackDeletion(a_stack(), (), frozenset()), progress)


def test_a_deletion_under_way_is_followed_to_its_end(stubs: Stubs, progress: Recorder) -> None:
    stubs.events_are(event(1, NAME, "DELETE_IN_PROGRESS"))
    expect_end(stubs, "DELETE_COMPLETE")
    destroy(stubs.clients, StackDeletion(a_stack("DELETE_IN_PROGRESS"), (), frozenset()), progress)
    assert progress.steps == ["TapStackdev is DELETE_IN_PROGRESS; following that first"]


def test_a_creation_under_way_is_ended(stubs: Stubs, progress: Recorder) -> None:
    stubs.answer("cloudformation", "delete_stack", {**DELETION, "RoleARN": "arn:aws:iam::1:role/deployer"}, {})
    expect_end(stubs, "DELETE_COMPLETE")
    deletion = StackDeletion(a_stack("CREATE_IN_PROGRESS"), (), frozenset())
    destroy(stubs.clients, deletion, progress, "arn:aws:iam::1:role/deployer")


def test_retained_buckets_are_not_emptied() -> None:
    kept = replace(BUCKET, logical_id="Kept")
    assert StackDeletion(a_stack(), (BUCKET, kept), frozenset({"Kept"})).buckets == ["deletion-failures"]


@pytest.mark.parametrize(
    ("status", "ended"),
    [("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"), ("ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE")],
)
def test_a_rollback_under_way_is_followed_and_what_it_left_is_deleted(
    stubs: Stubs, progress: Recorder, status: str, ended: str
) -> None:
    """The bucket that there was before the rollback is gone, and another one is back."""
    stubs.events_are(event(1, NAME, status, token="theirs"))
    stubs.events_are(event(2, NAME, ended, token="theirs"), event(1, NAME, status, token="theirs"))
    stubs.stack_is(ended)
    stubs.resources_are(("Failures", "AWS::S3::Bucket"), physical_ids={"Failures": "deletion-failures"})
    parameters = {"StackName": STACK_ID, "TemplateStage": "Original"}
    stubs.answer("cloudformation", "get_template", parameters, {"TemplateBody": tiny_template(BUCKETS)})
    expect_emptying(stubs)
    expect_deletion(stubs, "DELETE_COMPLETE", 3)
    gone = replace(BUCKET, physical_id="gone")
    destroy(stubs.clients, StackDeletion(a_stack(status), (gone,), frozenset()), progress)
    assert progress.steps[0] == f"TapStackdev is {status}; following that first"
