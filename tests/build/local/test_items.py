"""Items: nothing of a record changes on the way to its table, and what the table would refuse is refused before."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from build.local.documents import Json, JsonNumber
from build.local.items import ItemError, item_from_json, item_size

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = TEXT.filter(bool)
NUMBERS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.integers(-80, 80),
)
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
TYPED = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | TEXT
    | st.binary(max_size=20)
    | st.sets(TEXT, min_size=1, max_size=3)
    | st.sets(NUMBERS, min_size=1, max_size=3)
    | st.sets(st.binary(max_size=5), min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def as_json(value: Any) -> Json:
    """A Python value as it is read from JSON."""
    match value:
        case Decimal():
            return JsonNumber(str(value))
        case list():
            return [as_json(element) for element in value]
        case dict():
            return {name: as_json(member) for name, member in value.items()}
    json_value: Json = value
    return json_value


def content(binary: Any) -> bytes:
    """What boto3's Binary holds, which its type does not say."""
    return bytes(binary)


def as_printed(value: Any) -> Any:
    """An attribute value of boto3 as the AWS CLI prints it."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case Binary():
            return base64.b64encode(content(value)).decode()
        case list():
            return [as_printed(element) for element in value]
        case dict():
            return {name: as_printed(member) for name, member in value.items()}
    return value


class ExactDeserializer(TypeDeserializer):
    """boto3's, which refuses large numbers for the zeros at their end."""

    def _deserialize_n(self, value: str) -> Decimal:
        return Decimal(value)


def python(item: Any) -> Any:
    """An item as boto3 gives it to an application."""
    return without_wrappers({name: ExactDeserializer().deserialize(value) for name, value in item.items()})


def without_wrappers(value: Any) -> Any:
    match value:
        case Binary():
            return content(value)
        case set():
            return set(map(without_wrappers, value))
        case list():
            return [without_wrappers(element) for element in value]
        case dict():
            return {name: without_wrappers(member) for name, member in value.items()}
    return value


def serialized(value: Any) -> Any:
    return TypeSerializer().serialize(value)


@given(st.dictionaries(NAMES, PLAIN, max_size=4))
def test_plain_json_round_trips(record: dict[str, Any]) -> None:
    document: Any = as_json({"id": "1", **record})
    assert python(item_from_json(document)) == {"id": "1", **record}


@given(st.dictionaries(NAMES, TYPED, max_size=4), st.booleans())
def test_dynamodb_json_round_trips(record: dict[str, Any], exported: bool) -> None:
    printed = {name: as_printed(serialized(value)) for name, value in {"id": "1", **record}.items()}
    document: Any = {"Item": printed} if exported else printed
    assert python(item_from_json(document)) == {"id": "1", **record}


@given(NUMBERS)
def test_a_number_is_written_in_one_way(number: Decimal) -> None:
    spellings = {f"{number}", f"{number:f}", f"{number:e}", f"{number:.200f}"}
    written = {json.dumps(item_from_json({"n": JsonNumber(spelling)})) for spelling in spellings}
    assert len(written) == 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0", "0"),
        ("-0.000", "0"),
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+2", "100"),
        ("-12e-1", "-1.2"),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("9" * 38 + "0" * 88, "9" * 38 + "0" * 88),
    ],
)
def test_numbers_have_no_digit_without_meaning(text: str, written: str) -> None:
    assert item_from_json({"n": JsonNumber(text)}) == {"n": {"N": written}}


def test_the_order_of_a_set_means_nothing() -> None:
    sets: Any = {"s": {"SS": ["b", "a"]}, "n": {"NS": ["10", "9.0"]}, "b": {"BS": ["Yg==", "YQ=="]}}
    assert item_from_json(sets) == {"s": {"SS": ["a", "b"]}, "n": {"NS": ["9", "10"]}, "b": {"BS": [b"a", b"b"]}}


def nested(levels: int) -> Json:
    value: Json = "x"
    for _ in range(levels - 1):
        value = [value]
    return value


REFUSED: dict[str, tuple[Any, str]] = {
    "39 digits": ({"a": JsonNumber("1" * 39)}, "the attribute 'a' holds a number of more than 38 digits"),
    "too large": ({"a": JsonNumber("1e126")}, "beyond 1E-130 to 9.9E\\+125"),
    "too small": ({"a": JsonNumber("1e-131")}, "beyond 1E-130"),
    "a huge exponent": ({"a": JsonNumber("1e99999999999999999999")}, "cannot be read"),
    "no number": ({"a": {"N": "five"}, "b": {"S": ""}}, "cannot be read"),
    "other digits": ({"a": {"N": "\u0661"}}, "cannot be read"),
    "a number that is no string": ({"a": {"N": JsonNumber("5")}}, "writes it as a string"),
    "a string that is none": ({"a": {"S": None}}, "holds an S that is no string"),
    "not Base64": ({"a": {"B": "é"}}, "not Base64"),
    "binary that is none": ({"a": {"B": True}}, "no string in Base64"),
    "no truth": ({"a": {"BOOL": "true"}}, "neither true nor false"),
    "null that is false": ({"a": {"NULL": False}}, "NULL that is not true"),
    "an empty set": ({"a": {"SS": []}}, "no list with members"),
    "a member twice": ({"a": {"NS": ["1", "1.0"]}}, "the same member twice"),
    "a list that is none": ({"a": {"L": {}}}, "an L that is no list"),
    "a map that is none": ({"a": {"M": []}}, "an M that is no map"),
    "an unknown type": ({"a": {"X": "1"}}, "'a' has the type 'X'"),
    "two types": ({"a": {"S": "1", "N": "1"}}, "without its one type"),
    "no type": ({"a": {"L": ["x"]}}, "without its one type"),
    "half a surrogate pair": ({"a": "\ud800"}, "not valid Unicode"),
    "a name of nothing": ({"": "x"}, "name that is empty"),
    "an inner name of nothing": ({"a": {"": "x"}, "b": "x"}, "'a' has a name that is empty"),
    "a long name": ({"n" * 65_536: "x"}, "longer than 65,535"),
    "33 levels": ({"a": nested(33)}, "more than 32 levels"),
    "400 KB and a byte": ({"a": "x" * (400 * 1024)}, "the item has 409,601 bytes, and 409,600 are allowed"),
}


@pytest.mark.parametrize(("document", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_dynamodb_refuses_is_refused(document: Any, reason: str) -> None:
    with pytest.raises(ItemError, match=reason):
        item_from_json(document)


def test_the_limits_themselves_are_allowed() -> None:
    assert item_size(item_from_json({"a": "x" * (400 * 1024 - 1)})) == 400 * 1024
    item_from_json({"a": nested(32)})
    item_from_json({"n" * 65_535: JsonNumber("1" * 38)})


def test_no_value_is_in_a_reason() -> None:
    with pytest.raises(ItemError) as refused:
        item_from_json({"a": {"N": "secret"}})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("attribute", "size"),
    [
        ({"S": "é"}, 2),
        ({"N": "0"}, 1),
        ({"N": "12"}, 2),
        ({"N": "-12"}, 3),
        ({"N": "1.2"}, 3),
        ({"N": "1000000"}, 2),
        ({"B": "YWJj"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "2"]}, 4),
        ({"BS": ["YWJj"]}, 3),
        ({"L": [{"S": "a"}]}, 5),
        ({"M": {"k": {"S": "a"}}}, 6),
    ],
)
def test_sizes_are_those_that_dynamodb_counts(attribute: Any, size: int) -> None:
    assert item_size(item_from_json({"name": attribute})) == len("name") + size


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"name": {"S": "Zoë"}}, 4 + 4),
        ({"n": {"N": "0"}}, 1 + 1),
        ({"n": {"N": "1700000000000"}}, 1 + 3),
        ({"n": {"N": "1234.5"}}, 1 + 4),
        ({"n": {"N": "1" * 38}}, 1 + 20),
        ({"a": {"S": "b"}, "c": {"N": "12"}}, 2 + 3),
    ],
)
def test_an_item_is_as_large_as_documented(item: dict[str, Any], size: int) -> None:
    """Names and strings in UTF-8; numbers without zeroes at their ends, a byte for each pair of digits
    around the decimal point and one more."""
    assert item_size(item) == size
