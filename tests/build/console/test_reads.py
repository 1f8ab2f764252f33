"""AWS is asked thirty times a minute at most, who waits is served first, and only what is allowed is asked."""

from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.stub import Stubber

from build.aws import Clients
from build.cloudformation.stacks import DeployedStack
from build.console.reads import (
    MOST_READS_A_MINUTE,
    READS,
    REDRIVING,
    ReadBudget,
    ReadPace,
    RefusedWrite,
    keep_pace,
    on_demand,
    refuse_writes,
)
from build.console.trace import RecordTracer
from build.iam_actions import iam_action
from build.local.cloud import LocalCloud, emulator_clients
from build.local.emulator import Emulator
from tests.build.console.seeding import SOURCE
from tests.build.console.writing import record, write_and_process

SERVICES = (
    "cloudformation cloudwatch dynamodb dynamodbstreams events iam lambda logs s3 sns sqs stepfunctions sts"
).split()
READ_ONLY_ACCESS = """
    cloudformation:Describe* cloudformation:Get* cloudformation:List* cloudwatch:Describe* cloudwatch:Get*
    cloudwatch:List* dynamodb:BatchGet* dynamodb:Describe* dynamodb:Get* dynamodb:List* dynamodb:Query dynamodb:Scan
    events:Describe* events:List* iam:Get* iam:List* lambda:Get* lambda:List* logs:Describe* logs:FilterLogEvents
    logs:Get* s3:Get* s3:List* sns:Get* sns:List* sqs:Get* sqs:List* states:Describe* states:GetExecutionHistory
    states:List* sts:GetAccessKeyInfo sts:GetCallerIdentity
""".split()
"""What AWS itself calls reading, of the services that the console has to do with
(https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ReadOnlyAccess.html)."""
REFRESH = 11
"""Reads of the page by itself, every thirty seconds: six, and one for each log group."""
ALWAYS_THERE = 20
"""What is left of the minute when the page has read as much as it may."""


class Clock:
    """A clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if seconds:
            self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> ReadBudget:
    return ReadBudget(clock, clock.sleep)


def is_read(operation: str) -> bool:
    """Whether AWS lets those do an operation who may only read."""
    return any(fnmatchcase(iam_action(operation).partition(",")[0], pattern) for pattern in READ_ONLY_ACCESS)


def refresh_for_minutes(clock: Clock, budget: ReadBudget, minutes: int) -> None:
    """Read as the page does by itself, logs included."""
    for number in range(2 * minutes):
        clock.now = max(clock.now, 30.0 * number)
        for _ in range(REFRESH):
            budget.wait()


def test_one_too_many_waits_until_the_minute_is_over(clock: Clock) -> None:
    pace = ReadPace(MOST_READS_A_MINUTE, clock, clock.sleep)
    for _ in range(MOST_READS_A_MINUTE):
        pace.wait()
        clock.now += 1
    assert clock.waits == []
    pace.wait()
    assert clock.waits == [60 - MOST_READS_A_MINUTE]


@pytest.mark.parametrize("asked_for", [(False,), (True,), (False, True), (True, True, False)])
def test_no_minute_has_more_than_its_number_whoever_asks(
    clock: Clock, budget: ReadBudget, asked_for: tuple[bool, ...]
) -> None:
    times = []
    for number in range(10 * MOST_READS_A_MINUTE):
        if asked_for[number % len(asked_for)]:
            with on_demand():
                budget.wait()
        else:
            budget.wait()
        times.append(clock.now)
        clock.now += 0.01
    for start in times:
        assert sum(start <= time < start + 60 for time in times) <= MOST_READS_A_MINUTE


def test_who_asks_does_not_wait_for_what_the_page_refreshes(clock: Clock, budget: ReadBudget) -> None:
    refresh_for_minutes(clock, budget, 10)
    clock.waits.clear()
    with on_demand():
        for _ in range(ALWAYS_THERE):
            budget.wait()
    assert clock.waits == []


def test_the_page_goes_on_while_somebody_asks_for_much(clock: Clock, budget: ReadBudget) -> None:
    with on_demand():
        for _ in range(24):
            budget.wait()
    for _ in range(6):
        budget.wait()
    assert clock.waits == []
    with on_demand():
        budget.wait()
    assert clock.waits == [60]


def test_every_request_of_a_session_counts(emulator: Emulator, clock: Clock, budget: ReadBudget) -> None:
    clients = emulator_clients(emulator.endpoint, "test", "test")
    keep_pace(clients.session, budget)
    for _ in range(9):
        clients.dynamodb.list_tables()
    clients.s3.list_buckets()
    assert clock.waits == []
    clients.dynamodb.list_tables()
    assert clock.waits == [60]


def test_a_trace_waits_for_nothing_though_the_page_refreshes(
    cloud: LocalCloud, stack: DeployedStack, clock: Clock, budget: ReadBudget
) -> None:
    write_and_process(cloud, [record(SOURCE, "traced-at-a-pace")])
    variables = cloud.emulator.variables
    clients = emulator_clients(
        cloud.emulator.endpoint, variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
    )
    keep_pace(clients.session, budget)
    refresh_for_minutes(clock, budget, 10)
    begun = clock.now
    with on_demand():
        trace = RecordTracer(clients, cloud.config, stack).trace(SOURCE, "traced-at-a-pace")
    assert [change.outcome for change in trace.changes] == ["recorded"]
    assert clock.now == begun


def minimal(shape: Any) -> Any:
    """A value that botocore accepts for a shape, with what has to be in it and nothing else."""
    least = max(1, int(shape.metadata.get("min", 1)))
    match shape.type_name:
        case "structure":
            members = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
            return {name: minimal(shape.members[name]) for name in members}
        case "list":
            return [minimal(shape.member)] * least
        case "map":
            return {}
        case "string":
            return (shape.enum or ["a" * max(3, least)])[0]
        case "blob":
            return b"a" * least
        case "timestamp":
            return datetime(2026, 1, 31, tzinfo=UTC)
        case "boolean":
            return True
        case number:
            assert number in ("integer", "long", "double", "float"), number
            return least


def sent(client: BaseClient) -> Iterator[str]:
    """The operations of a client that it does not refuse; a Stubber answers, so that nothing gets to AWS."""
    for method, operation in client.meta.method_to_api_mapping.items():
        model = client.meta.service_model.operation_model(operation)
        with Stubber(client) as stubber:
            stubber.add_response(method, minimal(model.output_shape) if model.output_shape else {})
            try:
                getattr(client, method)(**(minimal(model.input_shape) if model.input_shape else {}))
            except RefusedWrite as refusal:
                assert f"did not call {operation};" in str(refusal)
                with pytest.raises(AssertionError, match="responses remaining"):
                    stubber.assert_no_pending_responses()
            else:
                stubber.assert_no_pending_responses()
                yield operation


@pytest.mark.parametrize("service", SERVICES)
def test_a_stubbed_client_gets_none_but_the_announced_reads(service: str) -> None:
    """Every operation that there is, each by itself: a Stubber knows one order of calls, and a page has many."""
    clients = emulator_clients("http://127.0.0.1:9", "test", "test")
    refuse_writes(clients.session, ())
    client: BaseClient = getattr(clients.session, "client")(service, region_name="us-west-2")
    operations = set(sent(client))
    assert operations == {name for names in READS.values() for name in names} & set(
        client.meta.service_model.operation_names
    )
    assert [name for name in sorted(operations) if not is_read(name)] == []


def test_what_is_announced_is_reading_for_aws() -> None:
    assert [name for names in READS.values() for name in names if not is_read(name)] == []
    for write in ("PutItem", "StartExecution", "Invoke", "DeleteObject", "SetAlarmState", "GetActivityTask"):
        assert not is_read(write)


def test_what_changes_something_is_refused_before_it_is_sent(emulator: Emulator) -> None:
    clients = emulator_clients(emulator.endpoint, "test", "test")
    refuse_writes(clients.session, ())
    sns = clients.session.client("sns", endpoint_url=emulator.endpoint)
    with pytest.raises(RefusedWrite, match="did not call CreateTopic"):
        sns.create_topic(Name="never")
    with pytest.raises(RefusedWrite, match="did not call DeleteObject"):
        clients.s3.delete_object(Bucket="any", Key="any")
    everybody: Clients = emulator_clients(emulator.endpoint, "test", "test")
    assert not any(topic["TopicArn"].endswith(":never") for topic in everybody.sns.list_topics()["Topics"])


def test_what_is_allowed_is_not_refused(emulator: Emulator) -> None:
    clients = emulator_clients(emulator.endpoint, "test", "test")
    refuse_writes(clients.session, REDRIVING)
    with pytest.raises(clients.s3.exceptions.NoSuchBucket):
        clients.s3.delete_object(Bucket="no-such-bucket", Key="any")
    with pytest.raises(RefusedWrite):
        clients.dynamodb.delete_table(TableName="any")
