"""The bucket of failed events: exact calls, and what S3 can answer."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from build.errors import CommandError
from build.redrive.bucket import Content, FailedEventsBucket, StoredObject
from tests.build.redrive.failures import ACCOUNT, MAPPING, MIDDAY, SHARD, key, stored
from tests.build.support import Stubs

OWNED = {"Bucket": "failed-events", "ExpectedBucketOwner": ACCOUNT}


@pytest.fixture
def stub(stubs: Stubs) -> Stubber:
    return stubs.of("s3")


@pytest.fixture
def bucket(stubs: Stubs) -> FailedEventsBucket:
    return FailedEventsBucket(stubs.clients.s3, "failed-events", ACCOUNT)


def listed(name: str, modified: datetime = MIDDAY) -> dict[str, Any]:
    return {"Key": name, "Size": 5, "LastModified": modified}


def test_keys_tell_when_lambda_gave_up() -> None:
    failed_at = datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC)
    assert stored(key(failed_at)).failed_at == failed_at
    assert stored(key(failed_at)).when == failed_at


@pytest.mark.parametrize(
    "name",
    [
        "",
        "readme.txt",
        f"aws/lambda/{MAPPING}/{SHARD}/2026/03/01/",
        f"aws/lambda/{MAPPING}/2026/03/01/2026-03-01T12.00.00-1",
        f"aws/lambda/{MAPPING}/{SHARD}/2026/03/01/2026-13-01T12.00.00-1",
        f"aws/lambda/{MAPPING}/{SHARD}/2026/03/01/2026-03-01T12:00:00-1",
        f"aws/lambda/{MAPPING}/{SHARD}/2026/03/01/2026-03-01T12.00.00-1/more",
        f"copy/aws/lambda/{MAPPING}/{SHARD}/2026/03/01/2026-03-01T12.00.00-1",
    ],
)
def test_other_keys_are_none_of_lambdas(name: str) -> None:
    assert stored(name).failed_at is None
    assert stored(name).when == MIDDAY


def test_every_page_is_listed_oldest_first(stub: Stubber, bucket: FailedEventsBucket) -> None:
    late, early = key(MIDDAY), key(MIDDAY - timedelta(hours=1))
    first = {"IsTruncated": True, "NextContinuationToken": "more", "Contents": [listed(late)]}
    second = {"Contents": [listed(early), listed("foreign", MIDDAY - timedelta(hours=2))]}
    stub.add_response("list_objects_v2", first, OWNED)
    stub.add_response("list_objects_v2", second, {**OWNED, "ContinuationToken": "more"})
    assert bucket.objects() == [
        StoredObject("foreign", 5, MIDDAY - timedelta(hours=2)),
        StoredObject(early, 5, MIDDAY),
        StoredObject(late, 5, MIDDAY),
    ]


def test_an_empty_bucket_holds_nothing(stub: Stubber, bucket: FailedEventsBucket) -> None:
    stub.add_response("list_objects_v2", {"KeyCount": 0}, OWNED)
    assert bucket.objects() == []


def test_a_bucket_that_is_gone_is_one_sentence(stub: Stubber, bucket: FailedEventsBucket) -> None:
    stub.add_client_error("list_objects_v2", "NoSuchBucket", http_status_code=404)
    with pytest.raises(CommandError, match="failed-events, is gone: create it again"):
        bucket.objects()


def test_reading_gives_content_and_entity_tag(stub: Stubber, bucket: FailedEventsBucket) -> None:
    answer = {"Body": StreamingBody(io.BytesIO(b"{}"), 2), "ETag": '"one"'}
    stub.add_response("get_object", answer, {**OWNED, "Key": "key"})
    assert bucket.read("key") == Content(b"{}", '"one"')


def test_an_object_that_is_gone_has_no_content(stub: Stubber, bucket: FailedEventsBucket) -> None:
    stub.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    assert bucket.read("key") is None


def test_deleting_leaves_a_marker_on_just_what_was_read(stub: Stubber, bucket: FailedEventsBucket) -> None:
    stub.add_response("delete_object", {"DeleteMarker": True}, {**OWNED, "Key": "key", "IfMatch": '"one"'})
    assert bucket.delete("key", '"one"')


@pytest.mark.parametrize(
    "code, status, gone",
    [("NoSuchKey", 404, True), ("PreconditionFailed", 412, False), ("ConditionalRequestConflict", 409, False)],
)
def test_what_deleting_can_meet(stub: Stubber, bucket: FailedEventsBucket, code: str, status: int, gone: bool) -> None:
    stub.add_client_error("delete_object", code, http_status_code=status)
    assert bucket.delete("key", '"one"') is gone


@pytest.mark.parametrize(
    "operation, call",
    [
        ("list_objects_v2", lambda bucket: bucket.objects()),
        ("get_object", lambda bucket: bucket.read("key")),
        ("delete_object", lambda bucket: bucket.delete("key", '"one"')),
    ],
)
def test_what_is_denied_is_not_taken_for_anything_else(
    stub: Stubber, bucket: FailedEventsBucket, operation: str, call: Callable[[FailedEventsBucket], object]
) -> None:
    stub.add_client_error(operation, "AccessDenied", http_status_code=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        call(bucket)
