"""Random sequences of faults against the promise; a sequence that breaks it is printed as the rounds that replay it."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from build.poller.mapping import EventSourceMapping
from stack.config import stream_processor
from tests.build.poller.fakes import EPOCH, VirtualTime
from tests.faults import functions
from tests.faults.damages import having, without
from tests.faults.failure_buckets import MemoryBucket
from tests.faults.functions import HandlerFunction, cold_start
from tests.faults.memory_table import MemoryTable
from tests.faults.pipeline import SourcePipeline
from tests.faults.template_settings import TemplateSettings
from tests.handlers.fake_dynamodb import failing, leaving_unprocessed, reset_after, reset_before
from tests.sources import USERS, two_sources

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

PASSING = {
    "throttled": failing("ProvisionedThroughputExceededException"),
    "one item unprocessed": leaving_unprocessed(1),
    "all items unprocessed": leaving_unprocessed(25),
    "error 500": failing("InternalServerError", 500),
    "reset before": reset_before,
    "reset after": reset_after,
}
REFUSALS = {"access denied": failing("AccessDeniedException"), "one item refused": failing("ValidationException")}
FUNCTION_FAULTS = {
    "crashes": functions.crashes,
    "dies after writing": functions.dies_after_writing,
    "times out": functions.times_out,
    "loses its answer": functions.loses_its_answer,
    "is throttled": functions.is_throttled,
}
DAMAGES = {
    "no image": without("dynamodb", "NewImage"),
    "null id": having({"NULL": True}, "dynamodb", "NewImage", "userId"),
    "huge number": having({"N": "1E126"}, "dynamodb", "NewImage", "timestamp"),
}
MISSING = "missing"
TABLE_FAULTS = PASSING | REFUSALS | {MISSING: failing("ResourceNotFoundException")}
LONGER_THAN_ALL_RETRIES = 2000
HOUR = 3600
RETRIES = 3
PASSING_AT_MOST = 70
"""Faults of the table that one invocation sits out; none of them takes it longer than 5 seconds."""
LONGEST_WAIT = 18
"""Hours that records can wait before they are processed; the mapping gives them up after 20."""


@dataclass(frozen=True)
class Round:
    """What happens until everything is processed; faults that were not met by then are over.

    Args:
        items: how many are written, and changed, and removed.
        bad: what is wrong with further records.
        table: faults of the table and how often they come, in a row.
        function: faults of the function, None for an invocation without, in a row.
        hours: that pass before processing begins.
        again: the number of an earlier batch that is delivered once more.
        split: whether the shards are closed before.
    """

    items: int
    bad: list[str]
    table: list[tuple[str, int]]
    function: list[str | None]
    hours: int
    again: int | None
    split: bool

    @property
    def passes(self) -> bool:
        """Whether all of it can be sat out by invocations and retries."""
        refusals = sum(times for name, times in self.table if name not in PASSING)
        failures = sum(name is not None for name in self.function)
        requests = sum(times for _, times in self.table)
        return refusals + failures <= RETRIES and requests <= PASSING_AT_MOST and self.hours < LONGEST_WAIT


def named(faults: Iterable[str]) -> st.SearchStrategy[str]:
    """One of the names, always in the same order."""
    return st.sampled_from(sorted(faults))


table_faults = st.one_of(
    st.tuples(named(PASSING), st.sampled_from([1, 2, 5, 30])),
    st.tuples(named(REFUSALS), st.integers(1, 3)),
    st.just((MISSING, LONGER_THAN_ALL_RETRIES)),
)
rounds = st.builds(
    Round,
    items=st.integers(0, 12),
    bad=st.lists(named(DAMAGES), max_size=2),
    table=st.lists(table_faults, max_size=3),
    function=st.lists(st.none() | named(FUNCTION_FAULTS), max_size=4),
    hours=st.sampled_from([0, 0, 5, 30]),
    again=st.none() | st.integers(0, 100),
    split=st.booleans(),
)


@dataclass(frozen=True, repr=False)
class Machinery:
    """What all examples run on: one execution environment, and a table behind its client."""

    mapping: EventSourceMapping
    function: HandlerFunction
    table: MemoryTable

    def begin(self) -> SourcePipeline:
        """A new pipeline, of which nothing has happened yet."""
        self.function.time.now = EPOCH
        self.function.payloads.clear()
        self.table.begin()
        return SourcePipeline(USERS, self.mapping, self.function, self.function.time, self.table, MemoryBucket())

    def play(self, pipeline: SourcePipeline, round_: Round) -> None:
        """Have a round happen."""
        pipeline.write_some(round_.items)
        for item, damage in enumerate(round_.bad):
            pipeline.write(item, damage=DAMAGES[damage])
        self.function.time.sleep(round_.hours * HOUR)
        self.table.faults = deque(TABLE_FAULTS[name] for name, times in round_.table for _ in range(times))
        self.function.faults = deque(FUNCTION_FAULTS[name] if name else None for name in round_.function)
        if round_.again is not None and self.function.payloads:
            self.function.run(self.function.payloads[round_.again % len(self.function.payloads)])
        if round_.split:
            pipeline.split_shards()
        pipeline.run()


@pytest.fixture
def machinery(time: VirtualTime) -> Machinery:
    """The function of a stack that logs no events."""
    template, specification = TemplateSettings(two_sources("prod")), stream_processor(USERS)
    module = cold_start(specification.handler_module, template.variables(specification.logical_id), time)
    function = HandlerFunction(module, time, specification.timeout)
    return Machinery(template.mapping(USERS), function, MemoryTable(module.dynamodb, module.TABLE_NAME))


@pytest.mark.timeout(600)
@pytest.mark.slow
@settings(max_examples=100, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(st.lists(rounds, min_size=1, max_size=4))
def test_no_sequence_of_faults_breaks_the_promise(machinery: Machinery, rounds: list[Round]) -> None:
    pipeline, given_up = machinery.begin(), set[str]()
    for round_ in rounds:
        machinery.play(pipeline, round_)
        kept = pipeline.assert_promise()
        bad = {change.sequence_number for change in pipeline.changes if not change.sound}
        assert not round_.passes or kept - given_up <= bad, "records were given up that only had to be tried again"
        given_up = kept
