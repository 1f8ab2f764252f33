"""Reading what Lambda leaves of a batch, and refusing everything else."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from build.redrive.failed_batch import DamagedObject, failed_batch
from tests.build.redrive.failures import ACCOUNT, MIDDAY, ORDERS, PIPELINE, USERS, body, failure, record

LAST_SECOND = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
FIRST_SECOND = datetime(2026, 3, 2, tzinfo=UTC)


def altered(**changes: Any) -> bytes:
    """A good document with other members; None removes one."""
    document = {**failure(record()), **changes}
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()


def with_payload(payload: object) -> bytes:
    """A good document with another payload."""
    return altered(payload=payload if isinstance(payload, str) else json.dumps(payload))


def test_source_error_and_records_are_read() -> None:
    batch = failed_batch(body(record(1), record(2)), PIPELINE)
    assert (batch.source, batch.error) == (USERS, "RetryAttemptsExhausted, Unhandled")
    assert batch.records == (record(1), record(2))


def test_each_source_is_told_from_the_other() -> None:
    assert failed_batch(body(record(origin=ORDERS), origin=ORDERS), PIPELINE).source == ORDERS


def test_a_function_arn_may_say_latest() -> None:
    document = altered(requestContext={"functionArn": f"{USERS.function_arn}:$LATEST"})
    assert failed_batch(document, PIPELINE).source == USERS


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
def test_an_error_that_is_not_told_is_left_out(context: dict[str, Any], error: str) -> None:
    assert failed_batch(altered(**context), PIPELINE).error == error


def test_records_belong_to_the_utc_days_of_their_creation() -> None:
    batch = failed_batch(body(record(1, LAST_SECOND), record(2, FIRST_SECOND)), PIPELINE)
    assert batch.days == {date(2026, 3, 1), date(2026, 3, 2)}


@pytest.mark.parametrize("time", [None, "now", True, -1, 253_402_300_800, 10**400, 1e300, [], {}])
def test_a_record_without_a_creation_time_belongs_to_no_day(time: object) -> None:
    poison = record(1)
    poison["dynamodb"]["ApproximateCreationDateTime"] = time
    assert failed_batch(body(record(2, MIDDAY), poison), PIPELINE).days == {date(2026, 3, 1)}


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
        (altered(payload={"Records": []}), "it has no payload"),
        (with_payload("{"), "its payload is not JSON"),
        (with_payload('{"Records": [Infinity]}'), "its payload is not JSON"),
        (with_payload("[]"), "its payload is not a JSON object"),
        (with_payload({}), "its payload has no list of records"),
        (with_payload({"Records": {}}), "its payload has no list of records"),
        (with_payload({"Records": []}), "its payload has no list of records"),
        (with_payload({"Records": [record(), "text"]}), "record 2 in its payload is none of the stream of UserData"),
        (with_payload({"Records": [record(dynamodb=[])]}), "record 1 in its payload is none"),
        (with_payload({"Records": [record(dynamodb={"SequenceNumber": 5})]}), "record 1 in its payload is none"),
        (with_payload({"Records": [record(eventSourceARN=None)]}), "record 1 in its payload is none"),
        (with_payload({"Records": [record(origin=ORDERS)]}), "record 1 in its payload is none"),
    ],
)
def test_damage_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(DamagedObject) as damage:
        failed_batch(content, PIPELINE)
    assert str(damage.value).startswith(reason)


@pytest.mark.parametrize(
    "function",
    [
        f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:prod-userdataproc-synth",
        f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:dev-analyticsproc-synth",
        "arn:aws:lambda:us-west-2:999999999999:function:dev-userdataproc-synth",
        f"{USERS.function_arn}:live",
        ORDERS.function_arn,
    ],
)
def test_what_another_function_left_is_foreign(function: str) -> None:
    with pytest.raises(DamagedObject, match="processes no stream of this stack"):
        failed_batch(altered(requestContext={"functionArn": function}), PIPELINE)


def test_a_foreign_function_cannot_write_to_the_terminal() -> None:
    with pytest.raises(DamagedObject) as damage:
        failed_batch(altered(requestContext={"functionArn": "\x1b[2J\nfunction"}), PIPELINE)
    assert str(damage.value).isprintable()
