import pytest
from botocore.exceptions import ClientError

from build.deployment.clients import Clients
from build.deployment.stack_buckets import empty_bucket
from build.errors import CommandError
from tests.build.deployment.support import ACCOUNT, Stubs

TARGET = {"Bucket": "failed-events", "ExpectedBucketOwner": ACCOUNT}


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
