"""Whether the workflow can process an input, and the answer that says so."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from handlers.windows import unreadable_times

_FIELDS = ("dataType", "batchSize", "date", "scheduledTime", "scheduledExecution", "pageSize")
_DEFAULT_BATCH_SIZE = 100
_LARGEST_BATCH_SIZE = 1000
_LARGEST_PAGE_SIZE = 1_000_000


def validated(request: object, data_types: Sequence[str], now: datetime) -> dict[str, Any]:
    """Validate an input of the workflow, whatever JSON value it is.

    Args:
        request: an object with a `dataType` and, unless 100 is meant, a `batchSize`, which the summary repeats. A
            `pageSize` is the number of items that one request to the table counts at most, to read slowly on purpose.
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
    if reasons:
        return answer | {"error": "; ".join(reasons)}
    return answer | {name: int(given[name]) for name in ("batchSize", "pageSize") if name in given}


def _reasons_against(
    request: object, given: Mapping[str, Any], data_types: Sequence[str], now: datetime
) -> Iterator[str]:
    """Everything that is wrong with an input, and what would be valid."""
    if not isinstance(request, dict):
        yield "the input must be a JSON object"
    if given.get("dataType") not in data_types:
        yield f"dataType must be one of {', '.join(data_types)}"
    for name, most in (("batchSize", _LARGEST_BATCH_SIZE), ("pageSize", _LARGEST_PAGE_SIZE)):
        if name in given and not _is_size(given[name], most):
            yield f"{name} must be a whole number from 1 to {most}"
    if not isinstance(given.get("scheduledExecution", False), bool):
        yield "scheduledExecution must be true or false"
    yield from unreadable_times(given, now)


def _is_size(value: Any, most: int) -> bool:
    """Whether a value is a whole number from 1 to the most; 100.0 is the same JSON number as 100, and true is none."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 1 <= value <= most and value % 1 == 0


def _strict_json(value: object) -> Any:
    """A value that any JSON parser reads, as close to the given one as possible.

    Python reads 1e999 as infinity, lone surrogates as text, and lists nested deeper than it can write: the answer of
    a function that echoes them is an error. They become a string, question marks, and null.
    """
    try:
        return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"), parse_constant=str)
    except (RecursionError, ValueError):
        return None
