"""Days of activities, made by the stream processor's own code from stream records."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from benchmarks.systems.days import DAY, milliseconds
from benchmarks.systems.stream_events import stream_record
from benchmarks.systems.template_facts import CONFIG, function_variables
from handlers.activities import ActivitySource, activity_item

if TYPE_CHECKING:
    from handlers.keys import Item

SECONDS_A_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Days:
    """The day that is summarised, and days before it.

    Args:
        activities: of each day, half of them of users and half of orders.
        history: days before it.
    """

    activities: int
    history: int = 0

    def items(self) -> Iterator["Item"]:
        """Every activity, the oldest day first."""
        for age in range(self.history, -1, -1):
            yield from day_of_activities(DAY - timedelta(days=age), self.activities)


def day_of_activities(day: date, count: int) -> "Iterator[Item]":
    """Activities that are spread evenly over a day, of every source in turn."""
    midnight, first = milliseconds(day) // 1000, day.toordinal() * count
    kinds = [
        ActivitySource.from_environment(function_variables(f"{source.name}Processor")) for source in CONFIG.sources
    ]
    for number in range(count):
        source, kind = CONFIG.sources[number % len(kinds)], kinds[number % len(kinds)]
        record = stream_record(source, first + number, midnight + number * SECONDS_A_DAY // count)
        yield from filter(None, [activity_item(record, kind)])
