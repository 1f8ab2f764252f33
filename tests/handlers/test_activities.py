"""What a stream record becomes."""

import copy
import hashlib
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.activities import ActivitySource, RecordError, activity_item, activity_key, is_dynamodb_number
from handlers.activity_settings import ShardHistory
from tests.handlers.stream_records import USERS, USERS_ENVIRONMENT, stream_record

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def changed(path: str, *value: Any) -> dict[str, Any]:
    """A good record with another value at a path, or nothing there."""
    record = copy.deepcopy(stream_record())
    *parents, name = path.split(".")
    place = record
    for parent in parents:
        place = place[parent]
    if value:
        place[name] = value[0]
    else:
        del place[name]
    return record


def test_the_source_is_what_the_environment_says() -> None:
    assert ActivitySource.from_environment(USERS_ENVIRONMENT) == USERS


@pytest.mark.parametrize("event_name", ["INSERT", "MODIFY"])
def test_a_change_becomes_an_item_with_every_attribute(event_name: str) -> None:
    digest = hashlib.sha256(b"event-1").digest()
    assert activity_item(stream_record(event_name=event_name), USERS) == {
        "dataType": {"S": "USER_ACTIVITY"},
        "processedAt": {"N": f"1700000000000.{int.from_bytes(digest[:24], 'big') % 10**25:025d}"},
        "sourceUserId": {"S": "user-1"},
        "sourceTimestamp": {"N": "1700000000000"},
        "eventType": {"S": event_name},
        "processedBy": {"S": "userDataProcessor"},
    }


def test_a_removal_is_no_activity() -> None:
    assert activity_item({"eventName": "REMOVE"}, USERS) is None


@given(st.text(min_size=1), st.integers(0, 253_402_300_799) | st.floats(0, 253_402_300_799))
def test_the_key_is_a_function_of_the_record(event_id: str, seconds: float) -> None:
    record = changed("eventID", event_id)
    record["dynamodb"]["ApproximateCreationDateTime"] = seconds
    again = copy.deepcopy(record) | {"eventName": "MODIFY"}
    first, second = activity_item(record, USERS), activity_item(again, USERS)
    assert first and second and first["processedAt"] == second["processedAt"]
    assert int(Decimal(first["processedAt"]["N"])) == int(Decimal(str(seconds)) * 1000)
    assert is_dynamodb_number(first["processedAt"]["N"])


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (1, ("USER_ACTIVITY#1", "1700000000000.9434736803858844629521543")),
        (2, ("USER_ACTIVITY", "1700000000000.6984239680246844541857152")),
    ],
)
def test_keys_outlive_releases(number: int, key: tuple[str, str]) -> None:
    """A record that is replayed by a later release has to meet the item that an earlier one wrote."""
    assert activity_key(stream_record(number), replace(USERS, shards=ShardHistory(((0, 3),)))) == key


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(1700000000, "1700000000000"), (1700000000.123, "1700000000123"), (1.7e9, "1700000000000"), (0, "0")]
    + [(253_402_300_799, "253402300799000")],
)
def test_creation_times_are_exact_to_the_millisecond(seconds: float, milliseconds: str) -> None:
    item = activity_item(changed("dynamodb.ApproximateCreationDateTime", seconds), USERS)
    assert item and item["processedAt"]["N"].split(".")[0] == milliseconds


def test_records_of_one_millisecond_have_keys_of_their_own() -> None:
    items = [activity_item(stream_record(number), USERS) for number in range(1000)]
    assert len({item["processedAt"]["N"] for item in items if item}) == 1000


def test_shards_are_used_evenly() -> None:
    source = replace(USERS, shards=ShardHistory(((0, 3),)))
    items = [activity_item(stream_record(number), source) for number in range(900)]
    counts = Counter(item["dataType"]["S"] for item in items if item)
    assert set(counts) == {"USER_ACTIVITY", "USER_ACTIVITY#1", "USER_ACTIVITY#2"}
    assert min(counts.values()) > 200


@pytest.mark.parametrize(
    "number",
    ["0", "-0.0", "+1", ".5", "5.", "1e3", "-1.5E-7", "12345678901234567890.123456789012345678"]
    + ["0" * 60 + "1" + "0" * 60, "1E-130", "-9.9999999999999999999999999999999999999E+125"],
)
def test_numbers_pass_in_the_digits_that_the_stream_has(number: str) -> None:
    item = activity_item(stream_record(timestamp=number), USERS)
    assert item and item["sourceTimestamp"] == {"N": number}


@pytest.mark.parametrize(
    "number",
    ["", " ", " 1", "1\n", "1_000", "١", "0x10", "NaN", "Infinity", "-inf", "1e", "e5", ".", "--1", "1.2.3"]
    + ["1" * 39, "1." + "1" * 38, "1E-131", "1E+126", "1e99999999999999999999"],
)
def test_numbers_that_dynamodb_would_not_take_are_refused(number: str) -> None:
    with pytest.raises(
        RecordError, match=r"^dynamodb\.NewImage\.timestamp\.N must be a number that DynamoDB can hold$"
    ):
        activity_item(stream_record(timestamp=number), USERS)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (None, "eventName is missing"),
        ("INSERT", "eventName is missing"),
        ([], "eventName is missing"),
        ({}, "eventName is missing"),
        (changed("eventName", "UPSERT"), "eventName must be INSERT, MODIFY or REMOVE"),
        (changed("eventName", ["INSERT"]), "eventName must be INSERT, MODIFY or REMOVE"),
        (changed("eventName", None), "eventName must be INSERT, MODIFY or REMOVE"),
        (changed("eventID"), "eventID is missing"),
        (changed("eventID", ""), "eventID must be a string that is not empty"),
        (changed("eventID", 7), "eventID must be a string that is not empty"),
        (changed("dynamodb"), "dynamodb.ApproximateCreationDateTime is missing"),
        (changed("dynamodb", "secret"), "dynamodb.ApproximateCreationDateTime is missing"),
        (changed("dynamodb.NewImage"), "dynamodb.NewImage.userId.S is missing"),
        (changed("dynamodb.NewImage", None), "dynamodb.NewImage.userId.S is missing"),
        (changed("dynamodb.NewImage.userId"), "dynamodb.NewImage.userId.S is missing"),
        (changed("dynamodb.NewImage.userId", {"NULL": True}), "dynamodb.NewImage.userId.S is missing"),
        (changed("dynamodb.NewImage.userId", {"N": "7"}), "dynamodb.NewImage.userId.S is missing"),
        (changed("dynamodb.NewImage.userId", {"S": 7}), "dynamodb.NewImage.userId.S must be a string"),
        (changed("dynamodb.NewImage.timestamp", {"S": "secret"}), "dynamodb.NewImage.timestamp.N is missing"),
        (changed("dynamodb.NewImage.timestamp", {"N": 7}), "dynamodb.NewImage.timestamp.N must be a string"),
    ],
)
def test_a_record_that_is_not_one_is_refused_with_a_reason(record: object, reason: str) -> None:
    with pytest.raises(RecordError) as refusal:
        activity_item(record, USERS)
    assert str(refusal.value) == reason


@pytest.mark.parametrize(
    "seconds", [None, True, "1700000000", -1, float("nan"), float("inf"), 10**400, 253_402_300_800]
)
def test_creation_times_that_are_none_are_refused(seconds: object) -> None:
    with pytest.raises(
        RecordError, match=r"^dynamodb\.ApproximateCreationDateTime must be a number of seconds since 1970$"
    ):
        activity_item(changed("dynamodb.ApproximateCreationDateTime", seconds), USERS)


def test_a_lone_surrogate_in_the_identifier_is_no_obstacle() -> None:
    assert activity_item(changed("eventID", "\ud800"), USERS)


@given(JSON)
def test_no_json_value_raises_anything_else(value: object) -> None:
    paths = ["eventName", "eventID", "dynamodb", "dynamodb.NewImage", "dynamodb.NewImage.userId"]
    for record in (value, *(changed(path, value) for path in paths)):
        try:
            activity_item(record, USERS)
        except RecordError:
            pass


def test_an_activity_expires_when_its_record_is_that_old() -> None:
    source = ActivitySource.from_environment({**USERS_ENVIRONMENT, "ACTIVITY_RETENTION_DAYS": "30"})
    record = stream_record()
    record["dynamodb"]["ApproximateCreationDateTime"] = 1700000000.9
    item = activity_item(record, source)
    assert item is not None and item["expiresAt"] == {"N": str(1700000000 + 30 * 86_400)}
    assert activity_item(record, USERS) == {name: value for name, value in item.items() if name != "expiresAt"}
