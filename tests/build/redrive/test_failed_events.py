"""The bucket of failed events, and the invocation records in it: exact calls, and refusing what is not Lambda's."""

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from build.errors import CommandError
from build.redrive.failed_events import (
    DamagedObject,
    FailedEventsBucket,
    ObjectContent,
    StoredObject,
    parse_failed_batch,
)
from handlers.activities import activity_key
from handlers.keys import last_sort_key_before, sort_key
from handlers.windows import requested_windows
from tests.build.redrive.failure_records import (
    ACCOUNT,
    MAPPING,
    MIDDAY,
    ORDERS,
    PIPELINE,
    SHARD,
    USERS,
    body,
    failure,
    key,
    record,
    stored,
)
from tests.build.support import Stubs
from tests.handlers.stream_records import USERS as ACTIVITIES_OF_USERS

LAST_SECOND = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
FIRST_SECOND = datetime(2026, 3, 2, tzinfo=UTC)
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
    assert bucket.read("key") == ObjectContent(b"{}", '"one"')


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


def altered(**changes: Any) -> bytes:
    """A good document with other members; None removes one."""
    document = {**failure(record()), **changes}
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()


def with_payload(payload: object) -> bytes:
    """A good document with another payload."""
    return altered(payload=payload if isinstance(payload, str) else json.dumps(payload))


def test_source_error_and_records_are_read() -> None:
    batch = parse_failed_batch(body(record(1), record(2)), PIPELINE)
    assert (batch.source, batch.error) == (USERS, "RetryAttemptsExhausted, Unhandled")
    assert batch.records == (record(1), record(2))


def test_the_source_is_that_of_the_function_and_stream() -> None:
    assert parse_failed_batch(body(record(origin=ORDERS), origin=ORDERS), PIPELINE).source == ORDERS


@pytest.mark.parametrize("qualifier", ["$LATEST", "1", "42", "live"])
def test_a_function_arn_may_name_a_version_or_an_alias(qualifier: str) -> None:
    document = altered(requestContext={"functionArn": f"{USERS.function_arn}:{qualifier}"})
    assert parse_failed_batch(document, PIPELINE).source == USERS


def test_a_payload_may_be_an_object_instead_of_a_string() -> None:
    records = [record(1), record(2)]
    escaped = parse_failed_batch(altered(payload=json.dumps({"Records": records})), PIPELINE)
    assert parse_failed_batch(altered(payload={"Records": records}), PIPELINE) == escaped
    assert escaped.records == tuple(records)


@pytest.mark.parametrize(
    "context, error",
    [
        ({"responseContext": None}, "RetryAttemptsExhausted"),
        ({"responseContext": {"functionError": None}}, "RetryAttemptsExhausted"),
        ({"responseContext": ["Unhandled"]}, "RetryAttemptsExhausted"),
        ({"requestContext": {"functionArn": USERS.function_arn}}, "Unhandled"),
        ({"requestContext": {"functionArn": USERS.function_arn, "condition": "\x1b[2Jbad"}}, "[2Jbad, Unhandled"),
    ],
)
def test_a_missing_error_is_left_out(context: dict[str, Any], error: str) -> None:
    assert parse_failed_batch(altered(**context), PIPELINE).error == error


def test_records_belong_to_the_utc_days_of_their_creation() -> None:
    batch = parse_failed_batch(body(record(1, LAST_SECOND), record(2, FIRST_SECOND)), PIPELINE)
    assert batch.days == {date(2026, 3, 1), date(2026, 3, 2)}


@pytest.mark.parametrize(
    "time",
    [
        LAST_SECOND.timestamp() + 0.999,
        LAST_SECOND.timestamp() + 0.9999996,
        FIRST_SECOND.timestamp(),
        int(FIRST_SECOND.timestamp()),
        FIRST_SECOND.timestamp() + 0.0004,
    ],
)
def test_a_record_belongs_to_the_day_that_the_functions_count_it_in(time: float) -> None:
    """A fraction that rounds up to midnight is cut off, as it is from the activity's key."""
    late = record(1)
    late["dynamodb"]["ApproximateCreationDateTime"] = time
    (day,) = parse_failed_batch(body(late), PIPELINE).days
    at = Decimal(activity_key(late, ACTIVITIES_OF_USERS)[1])
    (window,) = requested_windows({"date": day.isoformat()}, MIDDAY + timedelta(days=9))
    assert Decimal(sort_key(window.start, 0)) <= at <= Decimal(last_sort_key_before(window.end))


@pytest.mark.parametrize("time", [None, "now", True, -1, 253_402_300_800, 10**400, 1e300, [], {}])
def test_a_record_without_a_creation_time_belongs_to_no_day(time: object) -> None:
    poison = record(1)
    poison["dynamodb"]["ApproximateCreationDateTime"] = time
    assert parse_failed_batch(body(record(2, MIDDAY), poison), PIPELINE).days == {date(2026, 3, 1)}


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe\xfa", "it is not JSON"),
        (body(record())[:-1], "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b'{"payload": NaN}', "it is not JSON"),
        (b'"text"', "it is not a JSON object"),
        (b"{}", "it has no requestContext.functionArn"),
        (altered(requestContext="text"), "it has no requestContext.functionArn"),
        (altered(requestContext={"functionArn": 5}), "it has no requestContext.functionArn"),
        (altered(DDBStreamBatchInfo=None), "it has no DDBStreamBatchInfo.streamArn"),
        (altered(payload=None), "it has no payload"),
        (altered(payload={"Records": []}), "its payload has no list of records"),
        (altered(payload={}), "its payload has no list of records"),
        (altered(payload=[]), "it has no payload"),
        (altered(payload={"Records": [record(), "text"]}), "record 2 in its payload is not from a stream of UserData"),
        (with_payload("{"), "its payload is not JSON"),
        (with_payload('{"Records": [Infinity]}'), "its payload is not JSON"),
        (with_payload("[]"), "its payload is not a JSON object"),
        (with_payload({}), "its payload has no list of records"),
        (with_payload({"Records": {}}), "its payload has no list of records"),
        (with_payload({"Records": []}), "its payload has no list of records"),
        (with_payload({"Records": [record(), "text"]}), "record 2 in its payload is not from a stream of UserData"),
        (with_payload({"Records": [record(dynamodb=[])]}), "record 1 in its payload is not from"),
        (with_payload({"Records": [record(dynamodb={"SequenceNumber": 5})]}), "record 1 in its payload is not from"),
        (with_payload({"Records": [record(eventSourceARN=None)]}), "record 1 in its payload is not from"),
        (with_payload({"Records": [record(origin=ORDERS)]}), "record 1 in its payload is not from"),
    ],
)
def test_damage_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(DamagedObject) as damage:
        parse_failed_batch(content, PIPELINE)
    assert str(damage.value).startswith(reason)


@pytest.mark.parametrize(
    "function",
    [
        f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:prod-userdataproc-synth",
        f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:dev-analyticsproc-synth",
        "arn:aws:lambda:us-west-2:999999999999:function:dev-userdataproc-synth",
        f"{USERS.function_arn}-old:live",
        USERS.function_arn.removesuffix("-synth"),
        ORDERS.function_arn,
    ],
)
def test_what_was_stored_for_another_function_is_refused(function: str) -> None:
    with pytest.raises(DamagedObject, match="processes no stream of this stack"):
        parse_failed_batch(altered(requestContext={"functionArn": function}), PIPELINE)


def test_a_foreign_function_cannot_write_to_the_terminal() -> None:
    with pytest.raises(DamagedObject) as damage:
        parse_failed_batch(altered(requestContext={"functionArn": "\x1b[2J\nfunction"}), PIPELINE)
    assert str(damage.value).isprintable()
