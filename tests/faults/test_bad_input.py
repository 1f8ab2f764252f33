"""Records that no activity can be made of: each ends in the failure bucket in full, and all others are recorded."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from build.poller.invocation import Response
from stack.config import FunctionSpecification, StreamSource, stream_processor
from tests.faults.changes import Change, Damage, Record
from tests.faults.damages import having, instead, without
from tests.faults.failure_buckets import FailureBucket
from tests.faults.functions import HandlerFunction, crashes
from tests.faults.pipeline import SourcePipeline
from tests.sources import ORDERS, USERS

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

BATCH = range(0, 20, 2)
IMAGE = ("dynamodb", "NewImage")
ID, TIME = (*IMAGE, "userId"), (*IMAGE, "timestamp")
CREATED = ("dynamodb", "ApproximateCreationDateTime")
NO_FILTER: dict[str, Any] = {"FilterCriteria": {"Filters": []}}
ONE_LANE = {"ParallelizationFactor": 1}

NO_ID = "dynamodb.NewImage.userId.S is missing"
NO_TEXT = "dynamodb.NewImage.userId.S must be a string"
NO_TIME = "dynamodb.NewImage.timestamp.N is missing"
NO_NUMBER = "dynamodb.NewImage.timestamp.N must be a number that DynamoDB can hold"
NO_DIGITS = "dynamodb.NewImage.timestamp.N must be a string"
NO_EVENT_NAME = "eventName must be INSERT, MODIFY or REMOVE"
NO_EVENT_ID = "eventID must be a string that is not empty"
NO_CREATION = "dynamodb.ApproximateCreationDateTime must be a number of seconds since 1970"

IN_THE_STREAM: dict[str, tuple[Damage, str]] = {
    "no image": (without(*IMAGE), NO_ID),
    "image is null": (having(None, *IMAGE), NO_ID),
    "image is a list": (having([], *IMAGE), NO_ID),
    "image is empty": (having({}, *IMAGE), NO_ID),
    "old image alone": (
        lambda record: having(record["dynamodb"].pop("NewImage"), "dynamodb", "OldImage")(record),
        NO_ID,
    ),
    "no id": (without(*ID), NO_ID),
    "id is null": (having({"NULL": True}, *ID), NO_ID),
    "id is a number": (having({"N": "7"}, *ID), NO_ID),
    "id is a list": (having({"L": [{"S": "item"}]}, *ID), NO_ID),
    "id is untyped text": (having("item", *ID), NO_ID),
    "id is untyped null": (having(None, *ID), NO_ID),
    "id is text that is a number": (having({"S": 7}, *ID), NO_TEXT),
    "id is larger than an item": (having({"S": "x" * 500_000}, *ID), "ValidationException"),
    "no time": (without(*TIME), NO_TIME),
    "time is null": (having({"NULL": True}, *TIME), NO_TIME),
    "time is text": (having({"S": "1750000000000"}, *TIME), NO_TIME),
    "time is a map": (having({"M": {}}, *TIME), NO_TIME),
    "time is a list": (having([{"N": "1"}], *TIME), NO_TIME),
    "time is a bare number": (having({"N": 1750000000000}, *TIME), NO_DIGITS),
    "time is a bare null": (having({"N": None}, *TIME), NO_DIGITS),
    "time is empty": (having({"N": ""}, *TIME), NO_NUMBER),
    "time is no number": (having({"N": "NaN"}, *TIME), NO_NUMBER),
    "time is infinite": (having({"N": "-Infinity"}, *TIME), NO_NUMBER),
    "time is too large": (having({"N": "1E126"}, *TIME), NO_NUMBER),
    "time is huge": (having({"N": "9" * 100_000}, *TIME), NO_NUMBER),
    "time has a huge exponent": (having({"N": "1E999999999"}, *TIME), NO_NUMBER),
    "time is too small": (having({"N": "-1E-131"}, *TIME), NO_NUMBER),
    "time is too exact": (having({"N": "1." + "2" * 38}, *TIME), NO_NUMBER),
    "time in other digits": (having({"N": "１７５"}, *TIME), NO_NUMBER),
    "time with an underscore": (having({"N": "1_750"}, *TIME), NO_NUMBER),
    "no event id": (without("eventID"), "eventID is missing"),
    "event id is null": (having(None, "eventID"), NO_EVENT_ID),
    "event id is empty": (having("", "eventID"), NO_EVENT_ID),
    "event id is a number": (having(7, "eventID"), NO_EVENT_ID),
}
EVENT_NAMES: dict[str, tuple[Damage, str]] = {
    "no event name": (without("eventName"), "eventName is missing"),
    "event name is unknown": (having("UPSERT", "eventName"), NO_EVENT_NAME),
    "event name in lower case": (having("insert", "eventName"), NO_EVENT_NAME),
    "event name is null": (having(None, "eventName"), NO_EVENT_NAME),
    "event name is a list": (having(["INSERT"], "eventName"), NO_EVENT_NAME),
}
ON_THE_WAY: dict[str, tuple[Damage, str]] = {
    "record is null": (instead(None), "eventName is missing"),
    "record is text": (instead("record"), "eventName is missing"),
    "record is a list": (instead([]), "eventName is missing"),
    "record is empty": (instead({}), "eventName is missing"),
    "no change": (without("dynamodb"), "dynamodb.ApproximateCreationDateTime is missing"),
    "change is null": (having(None, "dynamodb"), "dynamodb.ApproximateCreationDateTime is missing"),
    "no creation": (without(*CREATED), "dynamodb.ApproximateCreationDateTime is missing"),
    "creation is null": (having(None, *CREATED), NO_CREATION),
    "creation is text": (having("2026-01-01T00:00:00Z", *CREATED), NO_CREATION),
    "creation is a boolean": (having(True, *CREATED), NO_CREATION),
    "creation is negative": (having(-1, *CREATED), NO_CREATION),
    "creation is no number": (having(float("nan"), *CREATED), NO_CREATION),
    "creation is huge": (having(10**400, *CREATED), NO_CREATION),
    "no number and no image": (lambda record: without("dynamodb", "SequenceNumber")(without(*IMAGE)(record)), NO_ID),
}


def named(cases: dict[str, tuple[Damage, str]]) -> pytest.MarkDecorator:
    """A test's arguments `damage` and `reason` from cases."""
    return pytest.mark.parametrize(("damage", "reason"), cases.values(), ids=cases)


@pytest.fixture
def function(function_of: Callable[[FunctionSpecification], HandlerFunction]) -> HandlerFunction:
    return function_of(stream_processor(USERS))


def unchanged(record: Record) -> Record:
    """Damage that is done later."""
    return record


def write_around(pipeline: SourcePipeline, damage: Damage, *positions: int) -> list[Change]:
    """Write a batch of one lane whose records at these positions are bad; returns those."""
    written = [
        pipeline.write(item, damage=damage if position in positions else None) for position, item in enumerate(BATCH)
    ]
    return [written[position] for position in positions]


def reasons(function: HandlerFunction) -> set[str]:
    """Why records failed, as the log tells."""
    return {failure["reason"] for line in function.log() for failure in line.get("failures", ())}


def kept_alone(bucket: FailureBucket) -> list[str]:
    """The sequence number of each document of one record."""
    batches = [document["DDBStreamBatchInfo"] for document in bucket.documents()]
    assert all(batch["batchSize"] == 1 for batch in batches)
    return sorted(batch["startSequenceNumber"] for batch in batches)


@named(IN_THE_STREAM)
def test_a_bad_record_is_kept_and_all_around_it_recorded(
    follow: Callable[..., SourcePipeline], function: HandlerFunction, bucket: FailureBucket, damage: Damage, reason: str
) -> None:
    users = follow(USERS, function, **ONE_LANE)
    (bad,) = write_around(users, damage, 4)
    users.run()
    assert users.assert_promise() == {bad.sequence_number}
    assert kept_alone(bucket) == [bad.sequence_number]
    assert reasons(function) == {reason}


@named(EVENT_NAMES)
def test_an_unknown_event_that_no_filter_holds_back_is_kept(
    follow: Callable[..., SourcePipeline], function: HandlerFunction, damage: Damage, reason: str
) -> None:
    users = follow(USERS, function, **ONE_LANE, **NO_FILTER)
    (bad,) = write_around(users, damage, 4)
    users.run()
    assert users.assert_promise() == {bad.sequence_number}
    assert reasons(function) == {reason}


@dataclass
class Meddler:
    """Damages the record of one change on its way to the function."""

    function: HandlerFunction
    damage: Damage
    sequence_number: str = ""

    def __call__(self, payload: bytes) -> Response:
        records = [
            self.damage(record) if record["dynamodb"]["SequenceNumber"] == self.sequence_number else record
            for record in json.loads(payload)["Records"]
        ]
        return self.function(json.dumps({"Records": records}).encode())


@named(ON_THE_WAY)
def test_a_record_that_is_damaged_on_the_way_is_kept_as_the_stream_has_it(
    follow: Callable[..., SourcePipeline], function: HandlerFunction, damage: Damage, reason: str
) -> None:
    meddler = Meddler(function, damage)
    users = follow(USERS, meddler, **ONE_LANE)
    (bad,) = write_around(users, unchanged, 4)
    meddler.sequence_number = bad.sequence_number
    users.run()
    assert users.assert_promise() == {bad.sequence_number}
    assert reasons(function) == {reason}


def test_an_image_is_enough(follow: Callable[..., SourcePipeline], function: HandlerFunction) -> None:
    meddler = Meddler(function, without("dynamodb", "Keys"))
    users = follow(USERS, meddler)
    users.write_some()
    meddler.sequence_number = users.changes[4].sequence_number
    users.run()
    assert users.assert_promise() == set()


@pytest.mark.parametrize("source", [USERS, ORDERS], ids=lambda source: source.name)
@pytest.mark.parametrize(
    "positions",
    [(0,), (4,), (5,), (9,), (0, 9), (0, 1, 2), (7, 8, 9), (1, 3, 5, 7, 9), tuple(range(10))],
    ids=lambda positions: "-".join(map(str, positions)),
)
def test_bad_records_are_found_wherever_they_are(
    follow: Callable[..., SourcePipeline],
    function_of: Callable[[FunctionSpecification], HandlerFunction],
    bucket: FailureBucket,
    source: StreamSource,
    positions: tuple[int, ...],
) -> None:
    pipeline = follow(source, function_of(stream_processor(source)), **ONE_LANE)
    bad = write_around(pipeline, without(*IMAGE), *positions)
    pipeline.run()
    numbers = {change.sequence_number for change in bad}
    assert pipeline.assert_promise() == numbers
    assert kept_alone(bucket) == sorted(numbers)


@pytest.mark.parametrize("position", [0, 4, 9])
def test_a_record_that_ends_the_function_is_kept_alone(
    follow: Callable[..., SourcePipeline], function: HandlerFunction, bucket: FailureBucket, position: int
) -> None:
    poison = "item-poison"

    def fragile(payload: bytes) -> Response:
        return (crashes if poison.encode() in payload else HandlerFunction.__call__)(function, payload)

    users = follow(USERS, fragile, **ONE_LANE)
    (bad,) = write_around(users, having({"S": poison}, *ID), position)
    users.run()
    assert users.assert_promise() == {bad.sequence_number}
    assert kept_alone(bucket) == [bad.sequence_number]
