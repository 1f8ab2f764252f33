"""A store of activities too many for a page of 1 MB, and how many each day has."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

from handlers.activities import ActivitySource, activity_item
from handlers.keys import last_sort_key_before, sort_key
from stack.config import StreamSource, stream_processor
from tests.faults.changes import change
from tests.faults.faulty_dynamodb import FaultyDynamoDB
from tests.faults.template_settings import TemplateSettings
from tests.sources import ORDERS, USERS

Item = dict[str, Any]
Counts = Counter[tuple[date, str]]

FIRST_DAY, DAYS = datetime(2024, 2, 28, tzinfo=UTC), 2
NUMBERS = {USERS: 2_400, ORDERS: 1_500}
PADDING = {"padding": {"S": "x" * 10_000}}
ITEMS_PER_REQUEST = 25
LOADERS = 4


def moments(number: int) -> Iterator[datetime]:
    """So many times, spread evenly over the hour after noon of every day, which takes several pages to count."""
    for position in range(number):
        day, minutes = position % DAYS, 60 * position / number
        yield FIRST_DAY + timedelta(days=day, hours=12, minutes=minutes)


def activities(source: StreamSource, template: TemplateSettings) -> Iterator[tuple[date, Item]]:
    """Activities as the stream processor makes them, large enough for several pages, with their days."""
    recorded = ActivitySource.from_environment(template.variables(stream_processor(source).logical_id))
    for number, moment in enumerate(moments(NUMBERS[source])):
        item = activity_item(change(source, number, number, moment.timestamp()).event, recorded)
        assert item
        yield moment.date(), {**item, **PADDING}


def edges(source: StreamSource) -> Iterator[tuple[date, Item]]:
    """The last activity that a day can have and the first of the next, around every midnight."""
    for day in range(DAYS + 1):
        midnight = FIRST_DAY + timedelta(days=day)
        milliseconds = 1000 * int(midnight.timestamp())
        for at, key in [
            (midnight - timedelta(seconds=1), last_sort_key_before(milliseconds)),
            (midnight, sort_key(milliseconds, 0)),
        ]:
            yield at.date(), {"dataType": {"S": source.activity_type}, "processedAt": {"N": key}}


def fill(dynamodb: FaultyDynamoDB, template: TemplateSettings) -> Counts:
    """Put all of them into a table; returns how many each day has of each type."""
    counts: Counts = Counter()
    items: list[Item] = []
    for source in NUMBERS:
        for day, item in (*activities(source, template), *edges(source)):
            counts[day, source.activity_type] += 1
            items.append(item)
    starts = range(0, len(items), ITEMS_PER_REQUEST)
    with ThreadPoolExecutor(LOADERS) as pool:
        list(pool.map(lambda start: put(dynamodb, items[start : start + ITEMS_PER_REQUEST]), starts))
    return counts


def put(dynamodb: FaultyDynamoDB, items: list[Item]) -> None:
    """Write items in one request."""
    requests = [{"PutRequest": {"Item": item}} for item in items]
    status, answer = dynamodb.answer("BatchWriteItem", {"RequestItems": {dynamodb.table_name: requests}})
    assert (status, answer["UnprocessedItems"]) == (200, {})
