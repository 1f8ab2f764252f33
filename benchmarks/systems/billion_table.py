"""A simulated analytics table of so many activities that no disk here holds it, and the time that reading it takes."""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from handlers.counting import CONCURRENT_QUERIES

PAGE_BYTES = 1024 * 1024
PAGE_SECONDS = 0.05
UNITS_PER_SECOND = 3_000
"""Read units that one partition gives
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)."""

_BYTES_PER_UNIT = 4096
_SECONDS_BETWEEN_ATTEMPTS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0)
"""Half of what the client's standard mode waits at most before each further attempt, which is chosen at random
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)."""


@dataclass(frozen=True)
class Query:
    """What one Query took, with all its pages: the units of each page but the last, those of the last."""

    partition: str
    pages: int
    units_of_a_page: float
    units_of_the_last: float


@dataclass
class BillionTable:
    """Activities that are spread evenly over partitions and over time; answers Query with Select=COUNT, in true pages.

    Args:
        partitions: their keys.
        first: the first millisecond that has activities.
        end: the millisecond after the last.
        activities: of each partition.
        item_bytes: of an activity.
    """

    partitions: frozenset[str]
    first: int
    end: int
    activities: int
    item_bytes: int
    queries: list[Query] = field(default_factory=list)
    stored: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def get_paginator(self, operation: str) -> "BillionTable":
        assert operation == "query"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """The pages of a Query; its last page has no LastEvaluatedKey."""
        values = request["ExpressionAttributeValues"]
        partition = values[":partition"]["S"]
        number = self._before(int(values[":last"]["N"].split(".")[0]) + 1) - self._before(
            int(values[":first"]["N"].split(".")[0])
        )
        number = number if partition in self.partitions else 0
        per_page = PAGE_BYTES // self.item_bytes + 1
        full_pages, rest = divmod(number, per_page)
        factor = 1.0 if request["ConsistentRead"] else 0.5
        self.queries.append(
            Query(partition, full_pages + 1, factor * self._units(per_page), factor * self._units(rest))
        )
        for _ in range(full_pages):
            yield {"Count": per_page, "LastEvaluatedKey": {}}
        yield {"Count": rest}

    def put_item(self, **request: Any) -> None:
        """Store a summary; the condition holds, since no other run writes."""
        item = request["Item"]
        self.stored[item["dataType"]["S"], item["processedAt"]["N"]] = item

    def _before(self, moment: int) -> int:
        """The activities of a partition before a millisecond."""
        position = min(max(moment, self.first), self.end) - self.first
        return self.activities * position // (self.end - self.first)

    def _units(self, items: int) -> float:
        """What reading items consistently takes; a page without any takes a unit."""
        return max(1, -(-items * self.item_bytes // _BYTES_PER_UNIT))


@dataclass(frozen=True)
class Invocation:
    """An invocation of a function: the queries that it makes, several at a time."""

    queries: Sequence[Query]


@dataclass(frozen=True)
class Timing:
    """Simulated seconds until the last invocation ends, of the longest one, and of all of them added up; how many
    requests were throttled."""

    seconds: float
    longest_invocation: float
    billed_seconds: float
    throttled: int


def simulate(invocations: Sequence[Invocation], at_once: int, overhead: float) -> Timing:
    """Let invocations read, so many at a time and in their order, from partitions that throttle beyond their limit.

    Args:
        invocations: what they read.
        at_once: how many run at the same time.
        overhead: seconds that each takes beside reading: to be started, to answer.
    """
    return _Simulation(invocations, overhead).run(at_once)


class _Simulation:
    """A discrete simulation: each event is a request of one thread of one invocation, at its time."""

    def __init__(self, invocations: Sequence[Invocation], overhead: float) -> None:
        self._waiting = iter(invocations)
        self._overhead = overhead
        self._events: list[tuple[float, int, _Thread]] = []
        self._order = count()
        self._free_at: dict[str, float] = defaultdict(float)
        self._throttled, self._longest, self._billed, self._ended = 0, 0.0, 0.0, 0.0

    def run(self, at_once: int) -> Timing:
        for _ in range(at_once):
            self._start(0.0)
        while self._events:
            moment, _, thread = heapq.heappop(self._events)
            self._request(moment, thread)
        return Timing(self._ended, self._longest, self._billed, self._throttled)

    def _start(self, moment: float) -> None:
        """Start the next invocation, if there is one."""
        invocation = next(self._waiting, None)
        if invocation is None:
            return
        running = _Running(moment, iter(invocation.queries))
        for _ in range(min(CONCURRENT_QUERIES, len(invocation.queries))):
            running.threads += 1
            self._next_query(moment + self._overhead, _Thread(running))

    def _next_query(self, moment: float, thread: "_Thread") -> None:
        query = next(thread.running.queries, None)
        if query:
            thread.query, thread.pages, thread.attempt = query, query.pages, 0
            self._at(moment, thread)
            return
        thread.running.threads -= 1
        if not thread.running.threads:
            seconds = moment - thread.running.began
            self._longest, self._billed = max(self._longest, seconds), self._billed + seconds
            self._ended = max(self._ended, moment)
            self._start(moment)

    def _request(self, moment: float, thread: "_Thread") -> None:
        """Read a page, or be throttled when the partition has given more than a second's units ahead."""
        query = thread.query
        if self._free_at[query.partition] > moment + 1:
            self._throttled += 1
            thread.attempt += 1
            self._at(moment + _SECONDS_BETWEEN_ATTEMPTS[min(thread.attempt, 7) - 1], thread)
            return
        units = query.units_of_a_page if thread.pages > 1 else query.units_of_the_last
        self._free_at[query.partition] = max(self._free_at[query.partition], moment) + units / UNITS_PER_SECOND
        thread.pages, thread.attempt = thread.pages - 1, 0
        if thread.pages:
            self._at(moment + PAGE_SECONDS, thread)
        else:
            self._next_query(moment + PAGE_SECONDS, thread)

    def _at(self, moment: float, thread: "_Thread") -> None:
        heapq.heappush(self._events, (moment, next(self._order), thread))


@dataclass
class _Running:
    """An invocation that runs: since when, what it has still to read, and in how many threads."""

    began: float
    queries: Iterator[Query]
    threads: int = 0


@dataclass
class _Thread:
    """A thread of an invocation: its query, the pages that are left of it, and the attempts at the next one."""

    running: _Running
    query: Query = Query("", 0, 0, 0)
    pages: int = 0
    attempt: int = 0
