"""How many partition keys one activity type is spread over: a history, because a record keeps the key it was given.

An activity's key depends on the number of shards, so the number for records that exist must never change: their
activities would be stored again under other keys when the records are delivered again, and counted twice.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from stack.errors import ConfigurationError

ActivityShards: TypeAlias = tuple[tuple[str | int, int], ...]
"""Since when, 0 or a time like `2026-12-01T00:00:00Z`, how many; ascending, and the first time is 0."""

FROM_THE_BEGINNING = 0
_MOST_SHARDS = 1_000
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_HOUR = timedelta(hours=1)
LONGEST_DEPLOYMENT = _HOUR
"""A number of shards has to be deployed to every function before the first record for which it holds is created."""
_EXAMPLE = '((0, 1), ("2026-12-01T00:00:00Z", 8))'


def check_activity_shards(history: ActivityShards) -> None:
    """Refuse a history that is not what `ActivityShards` says.

    Raises:
        ConfigurationError: saying what to write.
    """
    times = [when for when, _ in history]
    if times[:1] != [FROM_THE_BEGINNING] or not all(map(_is_time, times[1:])):
        raise _refused(history, "the first time has to be 0, and each further one like 2026-12-01T00:00:00Z")
    if not all(str(earlier) < str(later) for earlier, later in zip(times, times[1:])):
        raise _refused(history, "the times have to ascend")
    if not all(type(shards) is int and 1 <= shards <= _MOST_SHARDS for _, shards in history):
        raise _refused(history, f"the numbers of shards have to be from 1 to {_MOST_SHARDS:,}")


def activity_shards_variable(history: ActivityShards) -> str:
    """What the functions' environment says of a history."""
    return json.dumps(history, separators=(",", ":"))


def activity_shards_from_variable(text: str) -> ActivityShards:
    """The history in a function's environment; a number alone, as in earlier templates, holds from the beginning."""
    value = json.loads(text)
    if isinstance(value, int):
        return ((FROM_THE_BEGINNING, value),)
    return tuple((when, shards) for when, shards in value)


def require_unchanged_past(deployed: ActivityShards, wanted: ActivityShards, now: datetime) -> None:
    """Refuse a history that changes the number of shards for records that exist before it is deployed.

    Args:
        deployed: the history that the stack has.
        wanted: the one that it would get.
        now: the current time in UTC.

    Raises:
        ConfigurationError: saying what to write.
    """
    soonest = _text(now + LONGEST_DEPLOYMENT)
    past = _until(deployed, soonest)
    if _until(wanted, soonest) == past:
        return
    future = wanted[len(_until(wanted, soonest)) :]
    if not future and wanted[-1][1] != past[-1][1]:
        future = ((_text(_next_hour(now + LONGEST_DEPLOYMENT)), wanted[-1][1]),)
    raise ConfigurationError(
        f"activity_shards is {wanted}, which changes the shards of records that exist, so that they could be counted "
        f"twice: write {past + future}, a new number only with a time more than an hour from now."
    )


def _until(history: ActivityShards, time: str) -> ActivityShards:
    """The entries up to a time; as text, 0 is before every other time."""
    return tuple((when, shards) for when, shards in history if str(when) <= time)


def _next_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + _HOUR


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _is_time(value: str | int) -> bool:
    """Whether a value is a time to the second since 1970, in the one form that sorts as text."""
    try:
        return isinstance(value, str) and bool(_TIME.fullmatch(value)) and datetime.fromisoformat(value).timestamp() > 0
    except ValueError:
        return False


def _refused(history: ActivityShards, reason: str) -> ConfigurationError:
    return ConfigurationError(f"activity_shards cannot be {history}: {reason}; write it like {_EXAMPLE}.")
