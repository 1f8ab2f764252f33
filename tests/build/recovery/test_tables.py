"""Tables that are told apart by who made them, and what reading one costs as it is documented."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from build.errors import CommandError
from build.recovery.tables import _BYTES_OF_A_READ_UNIT, Tables
from tests.build.support import Recorder, Stubs

NAME = "dev-analytics-synth"
BACKUP = "arn:aws:dynamodb:us-west-2:123456789012:table/beside/backup/01548148148148-c103383b"
OTHER_BACKUP = "arn:aws:dynamodb:us-west-2:123456789012:table/beside/backup/01548148148149-c103383b"
MADE = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
RECOVERY = (Path(__file__).parents[3] / "docs/recovery.md").read_text()
GIBIBYTE = 2**30
READ_UNITS_OF_A_PARTITION = 3_000
PAGE = 2**20
"""A scan reads so many bytes at a time
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.Pagination)."""


def restored_from(backup: str) -> dict[str, Any]:
    return {"RestoreSummary": {"SourceBackupArn": backup, "RestoreDateTime": MADE, "RestoreInProgress": True}}


def known(stubs: Stubs, **more: Any) -> Any:
    described = {"TableName": NAME, "TableId": "here", "CreationDateTime": MADE, **more}
    stubs.answer("dynamodb", "describe_table", {"TableName": NAME}, {"Table": described})
    return Tables(stubs.clients.dynamodb, Recorder()).known(NAME, ("old", "new"), BACKUP)


@pytest.mark.parametrize("more", [{"TableId": "old"}, {"TableId": "new"}, restored_from(BACKUP)])
def test_the_old_and_the_restored_table_are_known(stubs: Stubs, more: dict[str, Any]) -> None:
    assert known(stubs, **more)["TableName"] == NAME


@pytest.mark.parametrize("more", [{}, restored_from(OTHER_BACKUP)])
def test_another_table_is_not(stubs: Stubs, more: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match=f"somebody else made a table {NAME} at 2026-03-01T14:30:00"):
        known(stubs, **more)


def test_no_table_is_no_error(stubs: Stubs) -> None:
    stubs.refuse("dynamodb", "describe_table", {"TableName": NAME}, "ResourceNotFoundException")
    assert Tables(stubs.clients.dynamodb, Recorder()).known(NAME, ("old",), None) is None


def test_the_documented_durations_follow_from_the_limits() -> None:
    units = GIBIBYTE // _BYTES_OF_A_READ_UNIT
    assert f"reads 2^30 / {_BYTES_OF_A_READ_UNIT:,} = {units:,} read units for a GB" in RECOVERY
    seconds = round(units / READ_UNITS_OF_A_PARTITION)
    assert f"{units:,} / {READ_UNITS_OF_A_PARTITION:,} = {seconds} seconds" in RECOVERY
    assert f"a page of 1 MB ({PAGE // _BYTES_OF_A_READ_UNIT} units)" in RECOVERY
    assert f"{GIBIBYTE // PAGE:,} × 0.05 = {round(GIBIBYTE // PAGE * 0.05)} seconds" in RECOVERY
