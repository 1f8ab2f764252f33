"""The README's table of alarms and the template's alarms are the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from stack.config import StackConfig
from tests.sources import INVOICES, ORDERS, USERS
from tests.stack.resolve import Json, alarms_of

README = Path(__file__).parents[2] / "README.md"
TABLE = re.compile(r"^\| heading \| alarms \|.*\n\|[- |]+\|\n((?:\|.*\n)+)", re.MULTILINE)
CONFIGURATIONS = [StackConfig("dev", (USERS, ORDERS)), StackConfig("prod", (USERS, ORDERS, INVOICES))]


@dataclass(frozen=True)
class Row:
    """A row of the table; the alarms are patterns of what is between a name's suffix and its end."""

    heading: str
    alarms: list[str]
    meaning: str
    remedy: str


def rows() -> Iterator[Row]:
    table = TABLE.search(README.read_text())
    assert table, "README.md has no table of alarms"
    for line in table[1].splitlines():
        heading, alarms, meaning, remedy = (cell.strip() for cell in line.strip("|").split("|"))
        yield Row(heading, re.findall(r"`([^`]+)`", alarms), meaning, remedy)


def headings_of(config: StackConfig, alarm: Json) -> list[str]:
    """The headings of the rows that name an alarm."""
    name_part = alarm["AlarmName"].removeprefix(f"{config.suffix}-").removesuffix("-synth")
    return [row.heading for row in rows() for pattern in row.alarms if fnmatchcase(name_part, pattern)]


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: config.suffix)
def test_every_alarm_has_one_row_with_whose_heading_its_description_ends(config: StackConfig) -> None:
    for alarm in alarms_of(config).values():
        (heading,) = headings_of(config, alarm)
        assert alarm["AlarmDescription"].endswith(f". README: {heading}")


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: config.suffix)
def test_every_name_in_a_row_is_that_of_an_alarm(config: StackConfig) -> None:
    names = {alarm["AlarmName"] for alarm in alarms_of(config).values()}
    for row in rows():
        assert row.alarms and row.meaning and row.remedy
        for pattern in row.alarms:
            assert any(fnmatchcase(name, f"{config.suffix}-{pattern}-synth") for name in names), pattern


def test_no_heading_is_there_twice() -> None:
    headings = [row.heading for row in rows()]
    assert len(set(headings)) == len(headings)
