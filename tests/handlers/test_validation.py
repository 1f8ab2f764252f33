"""What the workflow accepts, and how it answers."""

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.errors import InvalidRequestError
from handlers.validation import validated
from handlers.windows import requested_windows

NOW = datetime(2026, 11, 22, 2, 0, 3, 250_999, tzinfo=UTC)
DATA_TYPES = ("DAILY_ANALYTICS", "ORDER_DATA", "USER_DATA")
NO_OBJECT = "the input must be a JSON object"
NO_DATA_TYPE = "dataType must be one of DAILY_ANALYTICS, ORDER_DATA, USER_DATA"
NO_BATCH_SIZE = "batchSize must be a whole number from 1 to 1000"

NAMES = st.sampled_from(["dataType", "batchSize", "date", "scheduledTime", "scheduledExecution"]) | st.text()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(DATA_TYPES)
SURROGATES = st.text(st.characters(categories=["Cs"]), min_size=1)
JSON = st.recursive(SCALARS | SURROGATES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=8)
REQUESTS = st.dictionaries(NAMES, JSON, max_size=6)


def validate(request: object) -> dict[str, Any]:
    return validated(request, DATA_TYPES, NOW)


@pytest.mark.parametrize("data_type", DATA_TYPES)
def test_a_valid_request_is_answered_as_the_next_state_needs_it(data_type: str) -> None:
    assert validate({"dataType": data_type, "batchSize": 7}) == {
        "isValid": True,
        "dataType": data_type,
        "batchSize": 7,
        "validatedAt": "2026-11-22T02:00:03.250Z",
    }


def test_the_batch_size_is_100_unless_given() -> None:
    assert validate({"dataType": "USER_DATA"})["batchSize"] == 100


def test_what_says_the_window_is_passed_on() -> None:
    wishes = {"date": "2026-11-21", "scheduledTime": "2026-11-22T02:00:00Z", "scheduledExecution": True}
    answer = validate({"dataType": "USER_DATA", "somethingElse": 1, **wishes})
    assert {name: answer[name] for name in wishes} == wishes
    assert "somethingElse" not in answer


def test_an_unknown_member_is_named_as_a_warning() -> None:
    answer = validate({"dataType": "USER_DATA", "Date": "2026-11-21", "batchsize": 7})
    assert answer["isValid"] is True
    assert answer["warning"] == (
        "unknown and ignored: Date, batchsize; known: dataType, batchSize, date, scheduledTime, scheduledExecution"
    )
    assert validate({"Date": "2026-11-21", "\ud800": 1})["warning"].startswith("unknown and ignored: Date, ?; known: ")
    assert "warning" not in validate({"dataType": "USER_DATA", "batchSize": 1, "date": "2026-11-21"})
    assert "warning" not in validate(["Date"])


@pytest.mark.parametrize("value", [None, 0, 1, "true", [], {}])
def test_whether_it_is_scheduled_is_true_or_false(value: object) -> None:
    answer = validate({"dataType": "USER_DATA", "scheduledExecution": value})
    assert (answer["isValid"], answer["error"]) == (False, "scheduledExecution must be true or false")


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_says_whether_it_is_scheduled(value: bool) -> None:
    assert validate({"dataType": "USER_DATA", "scheduledExecution": value})["isValid"] is True


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"date": "soon"}, "`date` cannot be read: it is no date or time in ISO 8601; write it like 2026-01-31"),
        (
            {"date": "2026-11-23"},
            "no activity can be of 2026-11-23: ask for a day from 1970-01-01 to today, 2026-11-22 in UTC",
        ),
        (
            {"scheduledTime": 7},
            "`scheduledTime` cannot be read: it is no date or time in ISO 8601; write it like 2026-01-31T02:00:00Z",
        ),
    ],
)
def test_times_are_refused_as_the_processor_would_refuse_them(wishes: dict[str, Any], reason: str) -> None:
    answer = validate({"dataType": "USER_DATA", **wishes})
    assert (answer["isValid"], answer["error"]) == (False, reason)
    assert validate({"batchSize": 0, **wishes})["error"] == f"{NO_DATA_TYPE}; {NO_BATCH_SIZE}; {reason}"


TIMES = st.sampled_from(["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-22T02:00:00Z", "1970-01-02T00:00:00Z", ""])


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {"dataType": st.sampled_from(DATA_TYPES)},
        optional={
            "date": TIMES | SCALARS,
            "scheduledTime": TIMES | SCALARS,
            "scheduledExecution": st.booleans() | SCALARS,
            "batchSize": st.integers(0, 1001),
        },
    )
)
def test_what_is_valid_can_be_processed_and_what_cannot_is_not_valid(request: dict[str, Any]) -> None:
    answer = validate(request)
    check_answer(request)
    if answer["isValid"]:
        assert requested_windows(answer, datetime.fromisoformat(answer["validatedAt"]))


@pytest.mark.parametrize("size", [1, 1000, 100.0, 1e3])
def test_sizes_are_whole_numbers_however_written(size: float) -> None:
    answer = validate({"dataType": "USER_DATA", "batchSize": size})
    assert answer["isValid"] is True
    assert (answer["batchSize"], type(answer["batchSize"])) == (int(size), int)


@pytest.mark.parametrize(
    "size", [0, 1001, -1, 1.5, 0.5, 1000.5, "100", "", None, True, False, [100], {}, 1e300, 10**30]
)
def test_other_sizes_are_refused_and_echoed(size: object) -> None:
    answer = validate({"dataType": "USER_DATA", "batchSize": size})
    assert (answer["isValid"], answer["error"]) == (False, NO_BATCH_SIZE)
    assert answer["batchSize"] == size and type(answer["batchSize"]) is type(size)


@pytest.mark.parametrize("data_type", ["", "user_data", "USER_DATA ", None, True, 1, ["USER_DATA"], {"USER_DATA": 1}])
def test_other_data_types_are_refused_and_echoed(data_type: object) -> None:
    answer = validate({"dataType": data_type})
    assert answer == {
        "isValid": False,
        "dataType": data_type,
        "batchSize": 100,
        "error": NO_DATA_TYPE,
        "validatedAt": "2026-11-22T02:00:03.250Z",
    }


def test_every_reason_is_given() -> None:
    assert validate({"batchSize": 0})["error"] == f"{NO_DATA_TYPE}; {NO_BATCH_SIZE}"
    assert "dataType" not in validate({"batchSize": 0})


@pytest.mark.parametrize("request_", [None, "USER_DATA", 1, 1.5, True, [], [{"dataType": "USER_DATA"}]])
def test_what_is_no_object_is_refused(request_: object) -> None:
    answer = validate(request_)
    assert (answer["isValid"], answer["error"]) == (False, f"{NO_OBJECT}; {NO_DATA_TYPE}")


@pytest.mark.parametrize(
    ("given_", "echoed"),
    [
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        ([float("nan")], ["NaN"]),
        ("\ud800!", "?!"),
        ([10**5000], None),
        (json.loads("[" * 500 + "]" * 500), json.loads("[" * 500 + "]" * 500)),
    ],
)
def test_what_json_cannot_carry_is_not_echoed_as_it_is(given_: object, echoed: object) -> None:
    answer = validate({"dataType": given_, "batchSize": given_})
    assert (answer["isValid"], answer["dataType"], answer["batchSize"]) == (False, echoed, echoed)


def test_what_is_nested_too_deeply_is_not_echoed() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert validate({"dataType": nested})["dataType"] is None
    while nested:
        nested = nested[0]


@settings(deadline=None)
@given(REQUESTS | JSON)
def test_any_json_value_is_answered_in_strict_json(request: object) -> None:
    check_answer(request)


def test_five_thousand_random_json_values_are_answered() -> None:
    random = Random(2026)
    for _ in range(5_000):
        check_answer(random_json(random, depth=3))


def random_json(random: Random, depth: int) -> Any:
    """A JSON value, likely to look like a request."""
    width = random.randrange(7) if depth else 0
    names = [random.choice(["dataType", "batchSize", "date", "scheduledTime", "x\ud800"]) for _ in range(width)]
    number = random.choice([0, 1, -1, 100, 1000, 1001, 10**40, 0.5, 100.0, 1e300, float("nan"), float("inf")])
    scalar = random.choice([None, True, False, "", "\ud800", number, random.choice(DATA_TYPES)])
    array = [random_json(random, depth - 1) for _ in names]
    return random.choice([scalar, array, dict(zip(names, array)), dict(zip(names, array))])


def is_processed(request: dict[str, Any]) -> bool:
    """Whether the analytics processor finds the windows of a request."""
    try:
        return bool(requested_windows(request, NOW))
    except InvalidRequestError:
        return False


def check_answer(request: object) -> None:
    """An answer must be right, and survive a strict JSON encoder in UTF-8."""
    answer = validate(request)
    valid = (
        isinstance(request, dict)
        and request.get("dataType") in DATA_TYPES
        and type(request.get("batchSize", 100)) in (int, float)
        and request.get("batchSize", 100) in range(1, 1001)
        and type(request.get("scheduledExecution", True)) is bool
        and all(is_processed({name: request.get(name)}) for name in ("date", "scheduledTime"))
    )
    assert answer["isValid"] is valid
    assert ("error" in answer) is not valid
    assert json.loads(json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()) == answer
