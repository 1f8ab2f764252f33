from typing import Any

import pytest
from botocore.exceptions import ClientError

from build.aws import Clients
from build.cloudformation.stacks import StackResource
from build.deploy.contents import empty_bucket, stored_data
from build.errors import CommandError
from tests.build.support import ACCOUNT, Stubs

TABLE = StackResource("Table", "dev-userdata", "AWS::DynamoDB::Table", "CREATE_COMPLETE")
BUCKET = StackResource("Bucket", "dev-failures", "AWS::S3::Bucket", "CREATE_COMPLETE")
GROUP = StackResource("Group", "/aws/lambda/dev", "AWS::Logs::LogGroup", "CREATE_COMPLETE")
QUEUE = StackResource("Queue", "dev-queue", "AWS::SQS::Queue", "CREATE_COMPLETE")
TARGET = {"Bucket": "failed-events", "ExpectedBucketOwner": ACCOUNT}


def content_of(stubs: Stubs, resource: StackResource) -> str:
    (stored,) = stored_data(stubs.clients, [resource], frozenset())
    return stored.content


def test_items_of_a_table_are_about_right(stubs: Stubs) -> None:
    answer = {"Table": {"ItemCount": 12_345}}
    stubs.answer("dynamodb", "describe_table", {"TableName": "dev-userdata"}, answer)
    assert content_of(stubs, TABLE) == "about 12,345 items"


def test_log_groups_that_only_begin_alike_do_not_count(stubs: Stubs) -> None:
    groups = [{"logGroupName": "/aws/lambda/dev", "storedBytes": 2_048}, {"logGroupName": "/aws/lambda/dev2"}]
    stubs.answer("logs", "describe_log_groups", {"logGroupNamePrefix": "/aws/lambda/dev"}, {"logGroups": groups})
    assert content_of(stubs, GROUP) == "about 2,048 bytes of log events"


@pytest.mark.parametrize(
    ("page", "content"),
    [
        ({"Versions": [{"Key": "a"}]}, "1 object versions"),
        ({"Versions": [{"Key": "a"}] * 1_000, "IsTruncated": True}, "1,000 object versions or more"),
        ({}, "0 object versions"),
    ],
)
def test_a_page_of_versions_says_enough_of_a_bucket(
    stubs: Stubs, monkeypatch: pytest.MonkeyPatch, page: dict[str, Any], content: str
) -> None:
    monkeypatch.setattr(Clients, "account", "1")
    parameters = {"Bucket": "dev-failures", "ExpectedBucketOwner": "1"}
    stubs.answer("s3", "list_object_versions", parameters, page)
    assert content_of(stubs, BUCKET) == content


def test_what_is_gone_holds_nothing_and_what_is_denied_is_no_detail(stubs: Stubs) -> None:
    stubs.refuse("dynamodb", "describe_table", {"TableName": "dev-userdata"}, "ResourceNotFoundException")
    assert content_of(stubs, TABLE) == "gone"
    stubs.refuse("dynamodb", "describe_table", {"TableName": "dev-userdata"}, "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        content_of(stubs, TABLE)


def test_only_what_holds_data_is_looked_at(stubs: Stubs) -> None:
    stubs.answer("dynamodb", "describe_table", {"TableName": "dev-userdata"}, {"Table": {"ItemCount": 1}})
    (held,) = stored_data(stubs.clients, [TABLE, QUEUE], frozenset({"Table"}))
    assert (held.kind, held.retained, held.resource) == ("table", True, TABLE)


def test_versions_and_delete_markers_go_page_by_page(stubs: Stubs) -> None:
    first = {
        "Versions": [{"Key": "a", "VersionId": "2"}, {"Key": "a", "VersionId": "1"}],
        "IsTruncated": True,
        "NextKeyMarker": "a",
        "NextVersionIdMarker": "1",
    }
    stubs.answer("s3", "list_object_versions", TARGET, first)
    objects = [{"Key": "a", "VersionId": "2"}, {"Key": "a", "VersionId": "1"}]
    stubs.answer("s3", "delete_objects", {**TARGET, "Delete": {"Objects": objects, "Quiet": True}}, {})
    last = {"DeleteMarkers": [{"Key": "b", "VersionId": "3"}], "IsTruncated": False}
    stubs.answer("s3", "list_object_versions", {**TARGET, "KeyMarker": "a", "VersionIdMarker": "1"}, last)
    objects = [{"Key": "b", "VersionId": "3"}]
    stubs.answer("s3", "delete_objects", {**TARGET, "Delete": {"Objects": objects, "Quiet": True}}, {})
    assert empty_bucket(stubs.clients.s3, "failed-events", ACCOUNT) == 3


def test_an_empty_bucket_needs_no_deletion(stubs: Stubs) -> None:
    stubs.answer("s3", "list_object_versions", TARGET, {})
    assert empty_bucket(stubs.clients.s3, "failed-events", ACCOUNT) == 0


def test_a_bucket_that_is_gone_is_empty(stubs: Stubs) -> None:
    stubs.refuse("s3", "list_object_versions", TARGET, "NoSuchBucket", status=404)
    assert empty_bucket(stubs.clients.s3, "failed-events", ACCOUNT) == 0


def test_somebody_elses_bucket_is_left_alone(stubs: Stubs) -> None:
    stubs.refuse("s3", "list_object_versions", TARGET, "AccessDenied", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        empty_bucket(stubs.clients.s3, "failed-events", ACCOUNT)


def test_a_version_that_stays_is_an_error(stubs: Stubs) -> None:
    stubs.answer("s3", "list_object_versions", TARGET, {"Versions": [{"Key": "a", "VersionId": "1"}]})
    parameters = {**TARGET, "Delete": {"Objects": [{"Key": "a", "VersionId": "1"}], "Quiet": True}}
    stubs.answer("s3", "delete_objects", parameters, {"Errors": [{"Key": "a", "Message": "Access Denied"}]})
    with pytest.raises(CommandError, match="a in failed-events cannot be deleted .Access Denied.; allow"):
        empty_bucket(stubs.clients.s3, "failed-events", ACCOUNT)


def test_a_versioned_bucket_is_empty_afterwards(cloud: Clients) -> None:
    cloud.s3.create_bucket(Bucket="versioned", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    cloud.s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    for content in (b"1", b"2"):
        cloud.s3.put_object(Bucket="versioned", Key="key", Body=content)
    cloud.s3.delete_object(Bucket="versioned", Key="key")
    assert empty_bucket(cloud.s3, "versioned", cloud.account) == 3
    left = cloud.s3.list_object_versions(Bucket="versioned")
    assert not left.get("Versions") and not left.get("DeleteMarkers")
