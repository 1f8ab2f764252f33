"""Until when a stack is needed: the tag that says so, as `deploy --expires` writes it and `sweep` reads it."""

import argparse
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from build.errors import CommandError
from stack.config import StackConfig

EXPIRY_TAG = "expires"
NEVER = ""
"""In place of a time: the stack has no such tag, and nothing destroys it by itself."""
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def expiry_from_now(text: str) -> str:
    """The tag's value for a time to live, `3d` or `never`: a time in UTC as ISO 8601 writes it.

    Raises:
        ArgumentTypeError: for anything else.
    """
    if text == "never":
        return NEVER
    parts = re.fullmatch(r"([1-9][0-9]{0,3})([hdw])", text)
    if parts is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to live like 12h, 3d or 2w, nor never")
    return _written(datetime.now(UTC) + int(parts[1]) * _UNITS[parts[2]])


def refuse_expiry(config: StackConfig, expiry: str, tags: Mapping[str, str]) -> None:
    """Refuse a time to live where it cannot be meant.

    Args:
        config: of the stack.
        expiry: as `--expires` gives it.
        tags: on the command line.

    Raises:
        CommandError: for a protected suffix, and for a tag that says the same.
    """
    if expiry and config.protected:
        raise CommandError(f"{config.stack_name} is protected and never expires; leave out --expires.", 2)
    if EXPIRY_TAG in tags:
        raise CommandError(f"--expires sets the tag {EXPIRY_TAG}; leave out --tag {EXPIRY_TAG}=...", 2)


def read_expiry(text: str) -> datetime:
    """The time that the tag of a stack names.

    Raises:
        CommandError: for a value that is no time of one meaning everywhere.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min
    if time.tzinfo is None:
        raise CommandError(
            f"its tag {EXPIRY_TAG} is {text!r}, and no time like {_written(datetime(2026, 3, 1, 12, tzinfo=UTC))}; "
            "deploy it again with --expires."
        )
    return time


def _written(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
