"""BatchWriteItem under every fault."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.batch_writer import BatchWriter
from handlers.keys import key_of, sort_key
from tests.handlers.fake_dynamodb import (
    FakeDynamoDB,
    Fault,
    cut_short,
    failing,
    leaving_unprocessed,
    reset_after,
    reset_before,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "test-analytics-synth"


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    left: float = 60.0

    def time_left(self) -> float:
        return self.left

    def sleep(self, seconds: float) -> None:
        assert 0 <= seconds < self.left, "the pause would end after the deadline"
        self.left -= seconds


def items(number: int) -> list[dict[str, Any]]:
    """Items whose numbers end in a zero, which DynamoDB drops."""
    return [
        {"dataType": {"S": "TYPE"}, "processedAt": {"N": sort_key(1_700_000_000_000, 10 * n)}} for n in range(number)
    ]


def too_large(item: dict[str, Any]) -> dict[str, Any]:
    return item | {"padding": {"S": "x" * 400 * 1024}}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(dynamodb: "DynamoDBClient") -> FakeDynamoDB:
    return FakeDynamoDB(dynamodb, TABLE)


@pytest.fixture
def writer(dynamodb: "DynamoDBClient", clock: Clock) -> BatchWriter:
    return BatchWriter(dynamodb, TABLE, clock.time_left, clock.sleep, jitter=lambda: 1.0)


def sizes(table: FakeDynamoDB) -> list[int]:
    """How many items each request had."""
    return [len(body["RequestItems"][TABLE]) for _, body in table.requests]


def is_written(table: FakeDynamoDB, expected: Sequence[dict[str, Any]]) -> bool:
    return set(table.items) == {key_of(item) for item in expected}


def test_a_request_is_exactly_this(dynamodb: "DynamoDBClient", clock: Clock) -> None:
    (item,) = items(1)
    with Stubber(dynamodb) as stubber:
        stubber.add_response(
            "batch_write_item", {"UnprocessedItems": {}}, {"RequestItems": {TABLE: [{"PutRequest": {"Item": item}}]}}
        )
        assert BatchWriter(dynamodb, TABLE, clock.time_left).write([item]) == []


@pytest.mark.parametrize(
    ("number", "requests"), [(0, []), (1, [1]), (25, [25]), (26, [25, 1]), (60, [25, 25, 10]), (100, [25] * 4)]
)
def test_items_go_25_at_a_time(writer: BatchWriter, table: FakeDynamoDB, number: int, requests: list[int]) -> None:
    assert writer.write(items(number)) == []
    assert sizes(table) == requests
    assert is_written(table, items(number))


def test_unprocessed_items_of_several_requests_are_tried_again_together(
    writer: BatchWriter, table: FakeDynamoDB
) -> None:
    table.faults += [leaving_unprocessed(3), leaving_unprocessed(25), None]
    assert writer.write(items(60)) == []
    assert sizes(table) == [25, 25, 10, 25, 3]
    assert is_written(table, items(60))


@pytest.mark.parametrize(
    "fault",
    [
        failing("ProvisionedThroughputExceededException"),
        failing("ThrottlingException"),
        failing("RequestLimitExceeded"),
        failing("ReplicatedWriteConflictException"),
        failing("InternalServerError", 500),
        failing("ServiceUnavailable", 503),
        reset_before,
        reset_after,
        cut_short,
    ],
)
def test_what_may_pass_is_tried_again(writer: BatchWriter, table: FakeDynamoDB, fault: Fault) -> None:
    table.faults += [fault, fault]
    assert writer.write(items(30)) == []
    assert sizes(table) == [25, 5, 25, 5]
    assert is_written(table, items(30))


def test_an_answer_that_was_cut_short_until_the_end_is_named(writer: BatchWriter, table: FakeDynamoDB) -> None:
    table.faults += [cut_short] * 100
    assert {unwritten.reason for unwritten in writer.write(items(2))} == {"IncompleteAnswer"}


@pytest.mark.parametrize("error", [ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError])
def test_time_outs_and_dead_connections_are_tried_again(
    writer: BatchWriter, table: FakeDynamoDB, error: Callable[..., Exception]
) -> None:
    def fault(*_: object) -> Any:
        raise error(endpoint_url="https://dynamodb", error="none")

    table.faults.append(fault)
    assert writer.write(items(2)) == []
    assert sizes(table) == [2, 2]


def test_pauses_double_up_to_the_longest(dynamodb: "DynamoDBClient", table: FakeDynamoDB) -> None:
    pauses: list[float] = []
    table.faults += [failing("ThrottlingException")] * 9
    writer = BatchWriter(dynamodb, TABLE, lambda: 60.0, pauses.append, jitter=lambda: 1.0)
    assert writer.write(items(1)) == []
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_jitter_shortens_a_pause(dynamodb: "DynamoDBClient", table: FakeDynamoDB) -> None:
    pauses: list[float] = []
    table.faults.append(failing("ThrottlingException"))
    assert BatchWriter(dynamodb, TABLE, lambda: 60.0, pauses.append, jitter=lambda: 0.5).write(items(1)) == []
    assert pauses == [0.025]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ItemCollectionSizeLimit"])
def test_what_cannot_pass_is_reported_by_its_code_at_once(
    writer: BatchWriter, table: FakeDynamoDB, clock: Clock, code: str
) -> None:
    table.faults.append(failing(code))
    unwritten = writer.write(items(30))
    assert [(failure.item, failure.reason) for failure in unwritten] == [(item, code) for item in items(25)]
    assert sizes(table) == [25, 5]
    assert clock.left == 60.0


@pytest.mark.parametrize("code", ["ValidationException", "SerializationException"])
def test_an_item_that_is_refused_fails_alone(writer: BatchWriter, table: FakeDynamoDB, code: str) -> None:
    table.faults += [failing(code)] * 2
    assert writer.write(items(4)) == []
    assert sizes(table) == [4, 2, 1, 1, 2]


@pytest.mark.parametrize("bad", [{0}, {24}, {7, 8}, {0, 12, 24, 29}, set(range(30))])
def test_bad_items_are_found_and_the_others_written(writer: BatchWriter, table: FakeDynamoDB, bad: set[int]) -> None:
    mixed = [too_large(item) if number in bad else item for number, item in enumerate(items(30))]
    unwritten = writer.write(mixed)
    assert [failure.item for failure in unwritten] == [mixed[number] for number in sorted(bad)]
    assert {failure.reason for failure in unwritten} == {"ValidationException"}
    assert is_written(table, [item for number, item in enumerate(mixed) if number not in bad])


def test_a_throttle_while_splitting_is_tried_again(writer: BatchWriter, table: FakeDynamoDB) -> None:
    mixed = [*items(4)[:3], too_large(items(4)[3])]
    table.faults += [None, failing("ThrottlingException"), None, leaving_unprocessed(1)]
    assert [failure.item for failure in writer.write(mixed)] == mixed[3:]
    assert is_written(table, mixed[:3])


def test_throttling_without_end_is_reported_before_the_deadline(
    writer: BatchWriter, table: FakeDynamoDB, clock: Clock
) -> None:
    table.faults += [failing("ProvisionedThroughputExceededException")] * 1000
    unwritten = writer.write(items(30))
    assert [failure.item for failure in unwritten] == items(30)
    assert {failure.reason for failure in unwritten} == {"ProvisionedThroughputExceededException"}
    assert clock.left > 0


def test_a_pause_that_would_end_at_the_deadline_is_not_made(
    writer: BatchWriter, table: FakeDynamoDB, clock: Clock
) -> None:
    table.faults.append(failing("ThrottlingException"))
    clock.left = 0.05
    assert len(writer.write(items(1))) == 1
    assert (len(table.requests), clock.left) == (1, 0.05)


def test_items_without_end_unprocessed_are_reported(writer: BatchWriter, table: FakeDynamoDB) -> None:
    table.faults += [leaving_unprocessed(1)] * 1000
    (unwritten,) = writer.write(items(3))
    assert (key_of(unwritten.item), unwritten.reason) == (key_of(items(3)[2]), "UnprocessedItems")
    assert is_written(table, items(2))


def test_requests_that_no_time_was_left_for_are_reported(
    writer: BatchWriter, table: FakeDynamoDB, clock: Clock
) -> None:
    def slow(fake: FakeDynamoDB, operation: str, body: dict[str, Any]) -> Any:
        clock.left = 0.0
        return fake.answer(operation, body)

    table.faults += [None, slow]
    unwritten = writer.write(items(75))
    assert [(failure.item, failure.reason) for failure in unwritten] == [
        (item, "NoTimeLeft") for item in items(75)[50:]
    ]
    assert is_written(table, items(50))


@pytest.mark.parametrize("left", [-1.0, 0.0])
def test_without_time_nothing_is_sent(writer: BatchWriter, table: FakeDynamoDB, clock: Clock, left: float) -> None:
    clock.left = left
    assert len(writer.write(items(30))) == 30
    assert table.requests == []


def test_while_any_time_is_left_a_request_is_sent(writer: BatchWriter, table: FakeDynamoDB, clock: Clock) -> None:
    clock.left = 0.01
    assert writer.write(items(1)) == []
    assert sizes(table) == [1]


@pytest.mark.parametrize(("status", "requests"), [(499, 1), (500, 2)])
def test_an_unknown_error_is_tried_again_when_it_is_the_servers(
    writer: BatchWriter, table: FakeDynamoDB, status: int, requests: int
) -> None:
    table.faults.append(failing("UnknownError", status))
    writer.write(items(1))
    assert len(table.requests) == requests


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    number=st.integers(0, 80),
    faults=st.lists(
        st.sampled_from(
            [
                None,
                reset_before,
                reset_after,
                leaving_unprocessed(1),
                leaving_unprocessed(25),
                failing("ProvisionedThroughputExceededException"),
                failing("InternalServerError", 500),
                failing("ValidationException"),
                failing("AccessDeniedException"),
            ]
        ),
        max_size=30,
    ),
    left=st.floats(0, 20),
)
def test_whatever_happens_an_item_is_written_or_reported_once(
    writer: BatchWriter, table: FakeDynamoDB, clock: Clock, number: int, faults: list[Fault | None], left: float
) -> None:
    table.begin(faults)
    clock.left = left
    unwritten = writer.write(items(number))
    reported = [key_of(failure.item) for failure in unwritten]
    assert len(reported) == len(set(reported))
    assert set(reported) | set(table.items) == {key_of(item) for item in items(number)}
