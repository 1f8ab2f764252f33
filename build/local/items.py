"""From a JSON object to a DynamoDB item: refused here if DynamoDB would refuse it, and written in one way."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from build.local.documents import Json, JsonNumber

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

_LARGEST_ITEM = 400 * 1024
_DEEPEST_NESTING = 32
_LONGEST_NAME = 65_535
_SIGNIFICANT_DIGITS = 38
_LEAST_EXPONENT, _GREATEST_EXPONENT = -130, 125
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,6})?", re.ASCII | re.IGNORECASE)
_EXACT = Context(prec=_SIGNIFICANT_DIGITS)
_SHOWN_OF_A_NAME = 40


class ItemError(ValueError):
    """JSON that no item can be made of; the message names attributes and types, never values."""


def item_from_json(document: Mapping[str, Json]) -> "Item":
    """Make an item of plain JSON, of DynamoDB JSON, or of an `Item` around one, as exports and GetItem write it.

    Numbers keep every digit and are written in one way, sets are sorted: as in DynamoDB, how an item was written does
    not tell it from an equal one.

    Raises:
        ItemError: DynamoDB would refuse it
            (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
    """
    attributes = document.get("Item")
    if not isinstance(attributes, dict) or len(document) > 1:
        attributes = dict(document)
    typed = bool(attributes) and all(isinstance(value, dict) for value in attributes.values())
    convert = _typed if typed else _plain
    item = {name: _attribute(name, value, convert) for name, value in attributes.items()}
    if (size := item_size(item)) > _LARGEST_ITEM:
        raise ItemError(f"the item has {size:,} bytes, and {_LARGEST_ITEM:,} are allowed")
    return item


def item_size(item: "Mapping[str, AttributeValueTypeDef]") -> int:
    """The bytes that DynamoDB counts for an item.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def shown(name: str) -> str:
    """The name of an attribute for people, whatever it holds."""
    return ascii(name if len(name) <= _SHOWN_OF_A_NAME else f"{name[:_SHOWN_OF_A_NAME]}…")


_Convert = Callable[[Json, int], "AttributeValueTypeDef"]


def _attribute(name: str, value: Json, convert: _Convert) -> "AttributeValueTypeDef":
    try:
        _require_name(name)
        return convert(value, 1)
    except ItemError as error:
        raise ItemError(f"the attribute {shown(name)} {error}") from error


def _require_name(name: str) -> None:
    if not 1 <= len(_encoded(name)) <= _LONGEST_NAME:
        raise ItemError(f"has a name that is empty or longer than {_LONGEST_NAME:,} bytes")


def _require_depth(depth: int) -> None:
    if depth > _DEEPEST_NESTING:
        raise ItemError(f"is nested in more than {_DEEPEST_NESTING} levels")


def _plain(value: Json, depth: int) -> "AttributeValueTypeDef":
    _require_depth(depth)
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case JsonNumber():
            return {"N": _number(value.text)}
        case str():
            return {"S": _string(value)}
        case list():
            return {"L": _list(value, depth, _plain)}
    return {"M": _map(value, depth, _plain)}


def _typed(value: Json, depth: int) -> "AttributeValueTypeDef":
    _require_depth(depth)
    if not isinstance(value, dict) or len(value) != 1:
        raise ItemError("holds a value without its one type, which DynamoDB JSON needs")
    ((descriptor, content),) = value.items()
    if descriptor not in _READERS:
        raise ItemError(f"has the type {shown(descriptor)}, which is none of DynamoDB's")
    return cast("AttributeValueTypeDef", {descriptor: _READERS[descriptor](content, depth)})


def _list(value: Json, depth: int, convert: _Convert) -> "list[AttributeValueTypeDef]":
    if not isinstance(value, list):
        raise ItemError("holds an L that is no list")
    return [convert(element, depth + 1) for element in value]


def _map(value: Json, depth: int, convert: _Convert) -> "Item":
    if not isinstance(value, dict):
        raise ItemError("holds an M that is no map")
    for name in value:
        _require_name(name)
    return {name: convert(member, depth + 1) for name, member in value.items()}


def _string(value: Json) -> str:
    if not isinstance(value, str):
        raise ItemError("holds an S that is no string")
    _encoded(value)
    return value


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ItemError("holds text that is not valid Unicode") from error


def _number(value: Json) -> str:
    """The one way to write a number: plain digits, none of them without meaning."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ItemError("holds a number that cannot be read; DynamoDB JSON writes it as a string")
    number = Decimal(value)
    digits = number.as_tuple().digits
    if len("".join(map(str, digits)).strip("0")) > _SIGNIFICANT_DIGITS:
        raise ItemError(f"holds a number of more than {_SIGNIFICANT_DIGITS} digits")
    if not number:
        return "0"
    if not _LEAST_EXPONENT <= number.adjusted() <= _GREATEST_EXPONENT:
        raise ItemError(f"holds a number beyond 1E{_LEAST_EXPONENT} to 9.9E+{_GREATEST_EXPONENT}")
    written = f"{number:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _binary(value: Json) -> bytes:
    if not isinstance(value, str):
        raise ItemError("holds binary data that is no string in Base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ItemError("holds binary data that is not Base64") from error


def _bool(value: Json) -> bool:
    if not isinstance(value, bool):
        raise ItemError("holds a BOOL that is neither true nor false")
    return value


def _null(value: Json) -> bool:
    if value is not True:
        raise ItemError("holds a NULL that is not true")
    return True


def _members(value: Json, read: Callable[[Json], Any], order: Callable[[Any], Any]) -> list[Any]:
    """The members of a set in order."""
    if not isinstance(value, list) or not value:
        raise ItemError("holds a set that is no list with members")
    members = sorted(map(read, value), key=order)
    if any(member == following for member, following in pairwise(members)):
        raise ItemError("holds a set with the same member twice")
    return members


_READERS: Mapping[str, Callable[[Json, int], Any]] = {
    "S": lambda value, _: _string(value),
    "N": lambda value, _: _number(value),
    "B": lambda value, _: _binary(value),
    "BOOL": lambda value, _: _bool(value),
    "NULL": lambda value, _: _null(value),
    "SS": lambda value, _: _members(value, _string, str.encode),
    "NS": lambda value, _: _members(value, _number, Decimal),
    "BS": lambda value, _: _members(value, _binary, bytes),
    "L": lambda value, depth: _list(value, depth, _typed),
    "M": lambda value, depth: _map(value, depth, _typed),
}


def _value_size(value: Mapping[str, Any]) -> int:
    ((descriptor, content),) = value.items()
    return _SIZES[descriptor](content)


def _number_size(text: str) -> int:
    """A byte for each two digits, as pairs stand around the decimal point, one more, and one for a minus."""
    number = Decimal(text)
    if not number:
        return 1
    last_digit = number.normalize(_EXACT).as_tuple().exponent
    pairs = number.adjusted() // 2 - int(last_digit) // 2 + 1
    return 1 + pairs + number.is_signed()


_SIZES: Mapping[str, Callable[[Any], int]] = {
    "S": lambda text: len(text.encode()),
    "N": _number_size,
    "B": len,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "SS": lambda members: sum(len(text.encode()) for text in members),
    "NS": lambda members: sum(map(_number_size, members)),
    "BS": lambda members: sum(map(len, members)),
    "L": lambda elements: 3 + sum(1 + _value_size(element) for element in elements),
    "M": lambda members: 3 + len(members) + item_size(members),
}
