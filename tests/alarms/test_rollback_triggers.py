"""An update of a protected suffix is rolled back when its code fails every record, and not when it is healthy."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import repeat
from types import ModuleType

import pytest

from build.cloudformation.change_sets import rollback_configuration
from stack.config import stream_processor
from stack.template import render
from tests.alarms.deployed_alarms import ENABLED, deployed_alarms
from tests.alarms.polled_mapping import PolledMapping
from tests.alarms.timeline import Points, by_metric, ringing, transitions
from tests.build.poller.fakes import EPOCH, VirtualTime
from tests.build.support import ANYTHING, Recorder, Stubs, a_stack
from tests.faults.functions import FunctionFault, HandlerFunction, cold_start, crashes, dies_after_writing
from tests.faults.memory_table import MemoryTable
from tests.faults.template_settings import TemplateSettings
from tests.sources import USERS, two_sources
from tests.stack.resolve import ALARM_TYPES, resources_of

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

MINUTE, HEALTHY_MINUTES = 60, 10
STEADY, ONE_RECORD = dict.fromkeys(range(60), 5), {1: 1}
"""Records in each minute: without a pause, and one alone."""
TRIGGERS = {
    "UserDataFailedInvokesAlarm",
    "OrderDataFailedInvokesAlarm",
    "UserDataFailedEventsAlarm",
    "OrderDataFailedEventsAlarm",
}
Update = Callable[[HandlerFunction], None]


@dataclass(frozen=True)
class Monitoring:
    """The alarms that CloudFormation watches, by logical id, and for how many minutes after an update."""

    triggers: frozenset[str]
    minutes: int


@pytest.fixture(scope="module")
def monitoring() -> Monitoring:
    """What CloudFormation is told when a healthy stack is updated; its alarms are named by their logical ids."""
    names = list(resources_of("prod", ALARM_TYPES[0]))
    alarms = [{"AlarmName": name, "AlarmArn": name, "StateValue": "OK"} for name in names]
    stubs = Stubs()
    stubs.resources_are(*((name, ALARM_TYPES[0]) for name in names), physical_ids={name: name for name in names})
    stubs.answer("cloudwatch", "describe_alarms", ANYTHING, {"MetricAlarms": alarms})
    told = rollback_configuration(stubs.clients, a_stack(), render(two_sources("prod")), Recorder())
    arns = frozenset(trigger["Arn"] for trigger in told["RollbackTriggers"])
    return Monitoring(arns, told["MonitoringTimeInMinutes"])


def module_of(time: VirtualTime, **variables: str) -> ModuleType:
    """The real handler with a table in memory, some of its variables changed."""
    settings = TemplateSettings().variables(stream_processor(USERS).logical_id) | variables
    module = cold_start("stream_processor", settings, time)
    MemoryTable(module.dynamodb, settings["ANALYTICS_TABLE_NAME"])
    return module


def misreads_every_record(function: HandlerFunction) -> None:
    """Code that looks for an attribute that no record has: it raises nothing and reports every record as failed."""
    function.module = module_of(function.time, ID_ATTRIBUTE="id")


def with_fault(fault: FunctionFault) -> Update:
    """Code with which every invocation fails."""

    def update(function: HandlerFunction) -> None:
        function.faults.extend(repeat(fault, 10_000))

    return update


def works(function: HandlerFunction) -> None:
    """Code that is as good as before."""


BAD_UPDATES = {
    "reports every record as failed": misreads_every_record,
    "raises": with_fault(crashes),
    "dies": with_fault(dies_after_writing),
}


def rung(update: Update, writes: Mapping[int, int], minutes: int) -> set[str]:
    """The alarms that go into ALARM within so many minutes after a healthy processor of users was updated.

    Args:
        update: changes the processor.
        writes: records in each minute after the update; before it there are always some.
        minutes: how long the alarms are looked at.
    """
    time = VirtualTime()
    function = HandlerFunction(module_of(time), time, stream_processor(USERS).timeout)
    mapping = PolledMapping(USERS, TemplateSettings().mapping(USERS), function, time)
    before = mapping.published(STEADY, HEALTHY_MINUTES)
    update(function)
    after = mapping.published(writes, minutes)
    points = defaultdict(list, {key: before.get(key, []) + after.get(key, []) for key in {*before, *after}})
    return ringing_alarms(points, HEALTHY_MINUTES + minutes)


def ringing_alarms(points: Points, minutes: int) -> set[str]:
    """The alarms that ring within so many minutes after they were created."""
    alarms = deployed_alarms(ENABLED)
    return set(ringing(transitions(alarms, by_metric(alarms, points), EPOCH, EPOCH + minutes * MINUTE)))


def test_every_mapping_has_its_triggers_and_nothing_that_runs_at_night(monitoring: Monitoring) -> None:
    assert monitoring == Monitoring(frozenset(TRIGGERS), 15)


@pytest.mark.parametrize("update", BAD_UPDATES.values(), ids=BAD_UPDATES)
def test_code_that_fails_every_record_is_rolled_back(monitoring: Monitoring, update: Update) -> None:
    assert "UserDataFailedInvokesAlarm" in rung(update, STEADY, monitoring.minutes) & monitoring.triggers


@pytest.mark.parametrize("update", BAD_UPDATES.values(), ids=BAD_UPDATES)
def test_one_record_is_enough_to_see_it(monitoring: Monitoring, update: Update) -> None:
    assert rung(update, ONE_RECORD, monitoring.minutes) & monitoring.triggers == {"UserDataFailedEventsAlarm"}


@pytest.mark.parametrize("writes", [STEADY, ONE_RECORD, {}], ids=["steady", "one record", "idle"])
def test_a_healthy_update_is_not_rolled_back(monitoring: Monitoring, writes: Mapping[int, int]) -> None:
    assert rung(works, writes, 4 * monitoring.minutes) & monitoring.triggers == set()


def test_one_batch_that_fails_and_succeeds_when_retried_rolls_nothing_back(monitoring: Monitoring) -> None:
    def stumbles(function: HandlerFunction) -> None:
        function.faults.append(crashes)

    assert rung(stumbles, STEADY, monitoring.minutes) & monitoring.triggers == set()


@pytest.mark.parametrize("silent_minutes", [0, 10], ids=["polls at once", "polls after ten minutes"])
def test_a_mapping_that_was_just_made_rolls_nothing_back(monitoring: Monitoring, silent_minutes: int) -> None:
    time = VirtualTime()
    time.sleep(silent_minutes * MINUTE)
    function = HandlerFunction(module_of(time), time, stream_processor(USERS).timeout)
    points = PolledMapping(USERS, TemplateSettings().mapping(USERS), function, time).published(
        ONE_RECORD, 2 * monitoring.minutes
    )
    assert ringing_alarms(points, silent_minutes + 2 * monitoring.minutes) & monitoring.triggers == set()
