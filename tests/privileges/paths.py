"""The ways through every handler: what it can be given, and what DynamoDB can do to it meanwhile."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from handlers.errors import AnalyticsTableError, InvalidRequestError
from tests.handlers.fake_dynamodb import (
    Answer,
    FakeDynamoDB,
    Fault,
    failing,
    leaving_unprocessed,
    reset_after,
    reset_before,
)
from tests.handlers.stream_records import stream_record

Variables = Mapping[str, str]

THROTTLED = failing("ProvisionedThroughputExceededException")
BROKEN = failing("InternalServerError", 500)
DENIED = failing("AccessDeniedException")
MISSING = failing("ResourceNotFoundException")
REFUSED = failing("ValidationException")
VALIDATED_AT = "2026-11-22T02:00:03.250Z"
MORE_THAN_A_CLIENT_RETRIES = 100


@dataclass(frozen=True)
class HandlerPath:
    """A way through a handler.

    Args:
        event: what it is given.
        faults: what DynamoDB does instead of answering, one a request.
        remaining_milliseconds: what is left of the function's time.
        raises: the exceptions that it may end with; none when it has to answer.
    """

    event: Any
    faults: tuple[Fault, ...] = ()
    remaining_milliseconds: int = 300_000
    raises: tuple[type[Exception], ...] = ()


def record(variables: Variables, number: int, event_name: str = "INSERT") -> dict[str, Any]:
    """A change of the table that a stream processor with this environment follows."""
    change = stream_record(number, event_name)
    keys = {variables["ID_ATTRIBUTE"]: {"S": f"id-{number}"}, variables["TIME_ATTRIBUTE"]: {"N": "1700000000000"}}
    change["dynamodb"] |= {"Keys": keys, "NewImage": keys}
    return change


def stream_processor_paths(variables: Variables) -> Iterator[HandlerPath]:
    """Recorded, ignored and failed records; faults that pass and faults that stay; no time left; no stream event."""
    batch = {"Records": [record(variables, number) for number in range(30)]}
    poison = record(variables, 1, "INSERT") | {"dynamodb": None}
    yield HandlerPath(batch)
    yield HandlerPath(
        {"Records": [record(variables, number, name) for number, name in enumerate(("MODIFY", "REMOVE"))]}
    )
    yield HandlerPath({"Records": [record(variables, 0), poison, record(variables, 2, "UNKNOWN"), None]})
    for fault in (THROTTLED, BROKEN, reset_before, reset_after, leaving_unprocessed(2), DENIED, MISSING, REFUSED):
        yield HandlerPath(batch, faults=(fault,) * 4)
    yield HandlerPath(batch, faults=(THROTTLED,) * MORE_THAN_A_CLIENT_RETRIES, remaining_milliseconds=15_050)
    yield HandlerPath(batch, remaining_milliseconds=1_000)
    no_stream_events: tuple[Any, ...] = ({}, {"Records": None}, [], None, "text")
    for event in no_stream_events:
        yield HandlerPath(event, raises=(ValueError,))


def another_page(fake: FakeDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
    """Say that there is more to count, as DynamoDB does after 1 MB."""
    last = {"dataType": {"S": "any"}, "processedAt": {"N": str(len(fake.requests))}}
    return 200, {"Count": 1, "LastEvaluatedKey": last}


def analytics_processor_paths(variables: Variables) -> Iterator[HandlerPath]:
    """Every data type over every kind of window; several pages; faults that pass and faults that stay; bad requests."""
    data_types = [*(source["dataType"] for source in json.loads(variables["SOURCES"])), "DAILY_ANALYTICS"]
    validated = {"isValid": True, "batchSize": 100, "validatedAt": VALIDATED_AT}
    schedule = {"scheduledExecution": True, "scheduledTime": "2026-11-22T02:00:00Z"}
    windows: tuple[dict[str, Any], ...] = ({"date": "2026-11-21"}, schedule, {"scheduledExecution": True}, {})
    for data_type, window in product(data_types, windows):
        yield HandlerPath({**validated, "dataType": data_type, **window})
    daily = {**validated, "dataType": "DAILY_ANALYTICS"}
    yield HandlerPath({"dataType": "DAILY_ANALYTICS"})
    for fault in (another_page, THROTTLED, BROKEN, reset_before, reset_after):
        yield HandlerPath(daily, faults=(fault,) * 3)
    for fault in (THROTTLED, BROKEN, reset_before, DENIED, MISSING, REFUSED):
        yield HandlerPath(daily, faults=(fault,) * MORE_THAN_A_CLIENT_RETRIES, raises=(AnalyticsTableError,))
    for wish in ({"date": "soon"}, {"date": "2999-01-01"}, {"scheduledTime": 1}, {"dataType": None}):
        yield HandlerPath({**daily, **wish}, raises=(InvalidRequestError,))


def data_validator_paths(variables: Variables) -> Iterator[HandlerPath]:
    """Every data type, and inputs that are not valid."""
    for data_type in variables["DATA_TYPES"].split(","):
        yield HandlerPath({"dataType": data_type, "batchSize": 100})
    not_a_number = {"dataType": [], "batchSize": float("nan")}
    not_valid: tuple[Any, ...] = (None, [], "text", 7, {}, {"dataType": "UNKNOWN_DATA"}, not_a_number)
    for event in not_valid:
        yield HandlerPath(event)


PATHS: dict[str, Callable[[Variables], Iterator[HandlerPath]]] = {
    "analytics_processor": analytics_processor_paths,
    "data_validator": data_validator_paths,
    "stream_processor": stream_processor_paths,
}
"""By module of the handler, its paths for the environment variables of a function."""
