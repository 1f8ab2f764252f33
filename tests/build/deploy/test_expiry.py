import argparse
from datetime import UTC, datetime, timedelta

import pytest

from build.deploy.expiry import NEVER, expiry_from_now, read_expiry, refuse_expiry
from build.errors import CommandError
from stack.config import StackConfig

LATER = "2026-04-01T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [("1h", timedelta(hours=1)), ("3d", timedelta(days=3)), ("2w", timedelta(weeks=2)), ("999d", timedelta(days=999))],
)
def test_a_time_to_live_is_a_time_in_utc_that_is_read_again(text: str, lifetime: timedelta) -> None:
    earliest = datetime.now(UTC).replace(microsecond=0) + lifetime
    written = expiry_from_now(text)
    assert written.endswith("Z")
    assert earliest <= read_expiry(written) <= datetime.now(UTC) + lifetime


def test_never_is_no_time() -> None:
    assert expiry_from_now("never") == NEVER


@pytest.mark.parametrize("text", ["", "3", "d", "0d", "-1d", "3m", "3 d", "1.5h", "99999w", "tomorrow", "Never"])
def test_another_time_to_live_is_wrong_usage(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no time to live like 12h, 3d or 2w, nor never"):
        expiry_from_now(text)


@pytest.mark.parametrize("text", ["", "soon", "2026-04-01", "2026-04-01T12:00:00", "2026-13-01T12:00:00Z"])
def test_what_names_no_time_or_one_of_nowhere_cannot_be_read(text: str) -> None:
    with pytest.raises(CommandError, match="its tag expires is .*, and no time like 2026-03-01T12:00:00Z; deploy it"):
        read_expiry(text)


def test_an_offset_from_utc_is_understood() -> None:
    assert read_expiry("2026-04-01T14:00:00+02:00") == read_expiry(LATER)


@pytest.mark.parametrize("config", [StackConfig("prod"), StackConfig("live", protected_by_settings=True)])
def test_a_protected_suffix_refuses_an_expiry_and_takes_that_there_is_none(config: StackConfig) -> None:
    with pytest.raises(CommandError, match="is protected and never expires; leave out --expires") as caught:
        refuse_expiry(config, LATER, {})
    assert caught.value.exit_code == 2
    refuse_expiry(config, NEVER, {})


def test_a_tag_that_says_the_same_is_refused() -> None:
    with pytest.raises(CommandError, match="--expires sets the tag expires; leave out --tag expires=..."):
        refuse_expiry(StackConfig("dev"), LATER, {"expires": LATER})
    refuse_expiry(StackConfig("dev"), LATER, {"team": "data"})
