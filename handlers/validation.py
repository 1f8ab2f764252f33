"""Whether the workflow can process an input, and the answer that says so."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from handlers.windows import unreadable_times

_FIELDS = ("dataType", "batchSize", "date", "scheduledTime", "scheduledExecution")
_DEFAULT_BATCH_SIZE = 100
LARGEST_BATCH_SIZE = 1000


def validated(request: object, data_types: Sequence[str], now: datetime) -> dict[str, Any]:
    """Validate an input of the workflow, whatever JSON value it is.

    Args:
        request: an object with a `dataType` and, unless 100 is meant, a `batchSize`.
        data_types: those that can be processed.
        now: the current time in UTC.

    Returns:
        `isValid`, `validatedAt` in ISO 8601, the fields of the input that the next state reads, every reason in
        `error` when it is not valid, and in `warning` the members that are ignored, if there are any.
    """
    given = {"batchSize": _DEFAULT_BATCH_SIZE, **(request if isinstance(request, dict) else {})}
    reasons = list(_reasons_against(request, given, data_types, now))
    answer = {
        "isValid": not reasons,
        **{name: _strict_json(given[name]) for name in _FIELDS if name in given},
        "validatedAt": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if unknown := sorted(given.keys() - set(_FIELDS)):
        answer["warning"] = _strict_json(f"unknown and ignored: {', '.join(unknown)}; known: {', '.join(_FIELDS)}")
    return answer | ({"error": "; ".join(reasons)} if reasons else {"batchSize": int(given["batchSize"])})


def _reasons_against(
    request: object, given: Mapping[str, Any], data_types: Sequence[str], now: datetime
) -> Iterator[str]:
    """Everything that is wrong with an input, and what would be valid."""
    if not isinstance(request, dict):
        yield "the input must be a JSON object"
    if given.get("dataType") not in data_types:
        yield f"dataType must be one of {', '.join(data_types)}"
    if not _is_batch_size(given["batchSize"]):
        yield f"batchSize must be a whole number from 1 to {LARGEST_BATCH_SIZE}"
    if not isinstance(given.get("scheduledExecution", False), bool):
        yield "scheduledExecution must be true or false"
    yield from unreadable_times(given, now)


def _is_batch_size(value: Any) -> bool:
    """Whether a value is a whole number in the range; 100.0 is the same JSON number as 100, and true is none."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 1 <= value <= LARGEST_BATCH_SIZE and value % 1 == 0


def _strict_json(value: object) -> Any:
    """A value that any JSON parser reads, as close to the given one as possible.

    Python reads 1e999 as infinity, lone surrogates as text, and lists nested deeper than it can write: the answer of
    a function that echoes them is an error. They become a string, question marks, and null.
    """
    try:
        return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"), parse_constant=str)
    except (RecursionError, ValueError):
        return None
