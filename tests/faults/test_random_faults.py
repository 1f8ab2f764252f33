"""Random sequences of faults against the promise; a sequence that breaks it is printed as the steps that replay it."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from build.poller.configuration import EventSourceMapping
from stack.config import StackConfig, stream_processor
from tests.build.poller.fakes import EPOCH, VirtualTime
from tests.faults import functions
from tests.faults.changes import RECORDED
from tests.faults.damages import having, without
from tests.faults.failure_buckets import MemoryBucket
from tests.faults.functions import HandlerFunction, cold_start
from tests.faults.memory_table import MemoryTable
from tests.faults.pipeline import Pipeline
from tests.faults.template_settings import USERS, TemplateSettings
from tests.handlers.fake_dynamodb import failing, leaving_unprocessed, reset_after, reset_before

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
ITEMS = st.integers(0, 9)
HOUR = 3600
RETRIES = 3
PASSING_AT_MOST = 40
"""Faults of the table that one invocation sits out, none of which takes it longer than 5 seconds."""
WITHOUT_END = 2000
LONGEST_AGE = 19
"""Hours that a record may wait, an hour of processing before the mapping gives it up."""


class RandomFaults(RuleBasedStateMachine):
    """Writes, faults and time in any order; what can be sat out may leave nothing but bad records in the bucket."""

    def __init__(self, mapping: EventSourceMapping, function: HandlerFunction, table: MemoryTable) -> None:
        super().__init__()
        self.function, self.table = function, table
        function.time.now = EPOCH
        function.faults.clear()
        function.payloads.clear()
        table.begin()
        self.pipeline = Pipeline(USERS, mapping, function, function.time, table, MemoryBucket())
        self.given_up: set[str] = set()
        self.hours = 0
        self.failures = 0

    @rule(item=ITEMS, event_name=st.sampled_from([*RECORDED, "REMOVE"]))
    def write(self, item: int, event_name: str) -> None:
        self.pipeline.write(item, event_name)

    @rule(items=st.integers(2, 12))
    def write_many(self, items: int) -> None:
        self.pipeline.write_some(items)

    @rule(item=ITEMS, damage=st.sampled_from(sorted(DAMAGES)))
    def write_bad(self, item: int, damage: str) -> None:
        self.pipeline.write(item, damage=DAMAGES[damage])

    @rule(fault=st.sampled_from(sorted(PASSING)), times=st.integers(1, 6))
    def table_fails_for_a_moment(self, fault: str, times: int) -> None:
        self.table.faults += [PASSING[fault]] * times

    @rule(fault=st.sampled_from(sorted(REFUSALS)))
    def table_refuses(self, fault: str) -> None:
        self.table.faults.append(REFUSALS[fault])
        self.failures += 1

    @rule()
    def table_dies(self) -> None:
        self.table.faults.extend([failing("ResourceNotFoundException")] * WITHOUT_END)

    @rule()
    def table_recovers(self) -> None:
        self.table.faults.clear()

    @rule(fault=st.sampled_from([None, *sorted(FUNCTION_FAULTS)]))
    def function_meets(self, fault: str | None) -> None:
        self.function.faults.append(FUNCTION_FAULTS[fault] if fault else None)
        self.failures += bool(fault)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.function.time.sleep(hours * HOUR)
        self.hours += hours

    @rule()
    def split_shards(self) -> None:
        self.pipeline.split_shards()

    @precondition(lambda self: self.function.payloads)
    @rule(number=st.integers(0, 1000))
    def deliver_again(self, number: int) -> None:
        self.function.run(self.function.payloads[number % len(self.function.payloads)])

    @rule()
    def process(self) -> None:
        passes = self.failures <= RETRIES and self.hours < LONGEST_AGE and len(self.table.faults) <= PASSING_AT_MOST
        self.pipeline.run()
        kept = self.pipeline.assert_promise()
        bad = {change.sequence_number for change in self.pipeline.changes if not change.sound}
        assert not passes or kept - self.given_up <= bad, "records were given up that only had to be tried again"
        self.given_up, self.hours, self.failures = kept, 0, sum(map(bool, self.function.faults))

    def teardown(self) -> None:
        self.process()


@pytest.fixture
def machine(time: VirtualTime) -> Callable[[], RandomFaults]:
    """Makes machines, all on the same execution environment of a stack that logs no events."""
    template, specification = TemplateSettings(StackConfig("prod")), stream_processor(USERS)
    module = cold_start(specification.handler_module, template.variables(specification.logical_id), time)
    function = HandlerFunction(module, time, specification.timeout)
    table = MemoryTable(module.dynamodb, module.TABLE_NAME)
    return partial(RandomFaults, template.mapping(USERS), function, table)


def test_no_sequence_of_faults_breaks_the_promise(machine: Callable[[], RandomFaults]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=120,
            stateful_step_count=20,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
