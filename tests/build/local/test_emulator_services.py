"""The emulator's services publish what AWS documents, once each, and CloudWatch's alarms are left to be set."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from time import monotonic, sleep, time
from typing import Any

import pytest

from build.aws import Clients
from build.local.emulator import running_emulator
from build.monitoring.alarms import AlarmEvaluator
from build.monitoring.evaluation import DataPoint, Metric, MetricAlarm, State
from build.monitoring.metrics import put_values, read_points
from tests.build.poller.cloud import ROLE, zipped
from tests.build.support import REGION, dummy_session

PATIENCE = 30
CODE = """
import json
def handler(event, context):
    if event.get("crash"):
        raise ValueError("crashed")
    print(json.dumps({
        "_aws": {"Timestamp": event["milliseconds"], "CloudWatchMetrics": [
            {"Namespace": "App", "Dimensions": [["service"]], "Metrics": [{"Name": "Seen", "Unit": "Count"}]}]},
        "service": context.function_name, "Seen": [2, 3]}))
"""
_numbers = count()


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """An emulator of our own, since its metrics are counted."""
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log") as emulator:
        yield Clients(dummy_session(), REGION, emulator.endpoint)


@pytest.fixture
def function(clients: Clients) -> str:
    """The name of a new function."""
    name = f"function-{next(_numbers)}"
    clients.functions.create_function(
        FunctionName=name, Runtime="python3.13", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped(CODE)}
    )
    return name


def values(clients: Clients, namespace: str, name: str, **dimensions: str) -> list[float]:
    """What a metric holds of the last minutes."""
    metric = Metric(namespace, name, tuple(dimensions.items()))
    alarm = MetricAlarm(metric, "Sum", 60, "GreaterThanThreshold", 0, 3, 3, "missing")
    return [point.value for point in read_points(clients.cloudwatch, [alarm], time())[metric]]


def eventually(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline
        sleep(0.05)


def invoke(clients: Clients, function: str, **event: Any) -> None:
    payload = json.dumps({"milliseconds": int(time() * 1000), **event}).encode()
    clients.functions.invoke(FunctionName=function, Payload=payload)


def state_machine(clients: Clients, definition: dict[str, Any]) -> str:
    """The ARN of a new state machine of one state."""
    name = f"machine-{next(_numbers)}"
    text = json.dumps({"StartAt": "Only", "States": {"Only": definition}})
    return clients.workflow.create_state_machine(name=name, definition=text, roleArn=ROLE)["stateMachineArn"]


def run(clients: Clients, machine: str, **request: Any) -> None:
    """An execution, from its start to its end."""
    execution = clients.workflow.start_execution(stateMachineArn=machine, input=json.dumps(request))["executionArn"]
    eventually(lambda: clients.workflow.describe_execution(executionArn=execution)["status"] != "RUNNING")


def test_an_invocation_is_counted_once_whether_it_succeeds_or_not(clients: Clients, function: str) -> None:
    invoke(clients, function)
    invoke(clients, function, crash=True)
    assert values(clients, "AWS/Lambda", "Invocations", FunctionName=function) == [1, 1]
    assert sorted(values(clients, "AWS/Lambda", "Errors", FunctionName=function)) == [0, 1]
    assert sum(values(clients, "AWS/Lambda", "Throttles", FunctionName=function)) == 0
    durations = values(clients, "AWS/Lambda", "Duration", FunctionName=function)
    assert len(durations) == 2 and min(durations) > 0


def test_a_throttled_invocation_is_counted_once_and_is_none(clients: Clients, function: str) -> None:
    clients.functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    impatient = clients.configured(retries={"total_max_attempts": 1})
    with pytest.raises(clients.functions.exceptions.TooManyRequestsException):
        impatient.functions.invoke(FunctionName=function, Payload=b"{}")
    assert values(clients, "AWS/Lambda", "Throttles", FunctionName=function) == [1]
    assert values(clients, "AWS/Lambda", "Invocations", FunctionName=function) == []


def test_a_workflow_counts_as_invocation_and_as_execution(clients: Clients, function: str) -> None:
    resource = f"arn:aws:lambda:{REGION}:000000000000:function:{function}"
    machine = state_machine(clients, {"Type": "Task", "Resource": resource, "End": True})
    run(clients, machine, milliseconds=int(time() * 1000))
    run(clients, machine, crash=True)

    def counted(name: str) -> float:
        return sum(values(clients, "AWS/States", name, StateMachineArn=machine))

    eventually(lambda: counted("ExecutionsFailed") == 1)
    assert (counted("ExecutionsStarted"), counted("ExecutionsSucceeded"), counted("ExecutionsAborted")) == (2, 1, 0)
    assert values(clients, "AWS/Lambda", "Invocations", FunctionName=function) == [1, 1]


def test_a_log_event_brings_its_metrics(clients: Clients, function: str) -> None:
    moment = int(time()) - 60
    invoke(clients, function, milliseconds=moment * 1000)
    assert values(clients, "App", "Seen", service=function) == [2, 3]
    (result,) = clients.cloudwatch.get_metric_data(
        MetricDataQueries=[
            {
                "Id": "seen",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "App",
                        "MetricName": "Seen",
                        "Dimensions": [{"Name": "service", "Value": function}],
                    },
                    "Period": 1,
                    "Stat": "Sum",
                },
            }
        ],
        StartTime=datetime.fromtimestamp(moment - 60, UTC),
        EndTime=datetime.fromtimestamp(moment + 60, UTC),
    )["MetricDataResults"]
    assert (result["Timestamps"], result["Values"]) == ([datetime.fromtimestamp(moment, UTC)], [5])


@pytest.mark.parametrize(("exists", "failures"), [(True, []), (False, [1])])
def test_a_rule_counts_what_it_invokes(clients: Clients, exists: bool, failures: list[float]) -> None:
    rule = f"rule-{next(_numbers)}"
    machine = state_machine(clients, {"Type": "Succeed"})
    events = clients.session.client("events", region_name=REGION, endpoint_url=clients.endpoint_url)
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    arn = machine if exists else f"{machine}-gone"
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn, "RoleArn": ROLE}])
    events.put_events(Entries=[{"Source": rule, "DetailType": "any", "Detail": "{}"}])
    eventually(lambda: values(clients, "AWS/Events", "TriggeredRules", RuleName=rule) == [1])
    assert values(clients, "AWS/Events", "Invocations", RuleName=rule) == [1]
    assert values(clients, "AWS/Events", "FailedInvocations", RuleName=rule) == failures


def test_a_queue_counts_its_messages_until_they_are_deleted(clients: Clients) -> None:
    name = f"queue-{next(_numbers)}"
    queue = clients.sqs.create_queue(QueueName=name)["QueueUrl"]

    def newest() -> float | None:
        counts = values(clients, "AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=name)
        return counts[-1] if counts else None

    eventually(lambda: newest() == 0)
    for _ in range(2):
        clients.sqs.send_message(QueueUrl=queue, MessageBody="a daily execution")
    eventually(lambda: newest() == 2)
    clients.sqs.purge_queue(QueueUrl=queue)
    eventually(lambda: newest() == 0)
    clients.sqs.delete_queue(QueueUrl=queue)


def table(clients: Clients, limit: int) -> str:
    """A new table with a maximum of write units."""
    name = f"table-{next(_numbers)}"
    clients.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    clients.dynamodb.update_table(TableName=name, OnDemandThroughput={"MaxWriteRequestUnits": limit})
    return name


def batch(clients: Clients, name: str, items: int) -> int:
    """Write a batch; the result is how many were not processed."""
    requests: Any = [{"PutRequest": {"Item": {"id": {"S": str(number)}}}} for number in range(items)]
    impatient = clients.configured(retries={"total_max_attempts": 1})
    return len(impatient.dynamodb.batch_write_item(RequestItems={name: requests})["UnprocessedItems"].get(name, []))


def test_writes_beyond_the_limit_are_unprocessed_and_counted(clients: Clients) -> None:
    name = table(clients, 3)
    assert batch(clients, name, 10) == 7
    assert len(clients.dynamodb.scan(TableName=name, ConsistentRead=True)["Items"]) == 3
    assert values(clients, "AWS/DynamoDB", "WriteThrottleEvents", TableName=name) == [7]


def test_a_batch_of_which_nothing_fits_is_refused(clients: Clients) -> None:
    name = table(clients, 0)
    with pytest.raises(clients.dynamodb.exceptions.ProvisionedThroughputExceededException):
        batch(clients, name, 4)
    assert values(clients, "AWS/DynamoDB", "WriteThrottleEvents", TableName=name) == [4]


def test_a_limit_that_is_removed_limits_nothing(clients: Clients) -> None:
    name = table(clients, 1)
    clients.dynamodb.update_table(TableName=name, OnDemandThroughput={"MaxWriteRequestUnits": -1})
    assert batch(clients, name, 25) == 0
    assert values(clients, "AWS/DynamoDB", "WriteThrottleEvents", TableName=name) == []


@pytest.fixture
def topic(clients: Clients) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """A topic, and what gives the subjects of its messages since the last time."""
    arn = clients.sns.create_topic(Name=f"topic-{next(_numbers)}")["TopicArn"]
    queue = clients.sqs.create_queue(QueueName=f"queue-{next(_numbers)}")["QueueUrl"]
    endpoint = clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint)

    def subjects() -> list[str]:
        found = clients.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            clients.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"])["Subject"] for message in found]

    yield arn, subjects
    clients.sqs.delete_queue(QueueUrl=queue)


def test_alarms_are_set_by_the_evaluator_alone_and_the_topic_speaks(
    clients: Clients, topic: tuple[str, Callable[[], list[str]]]
) -> None:
    arn, subjects = topic
    watched, other = (Metric("App", "Bad", (("service", name),)) for name in ("watched", "other"))
    clients.cloudwatch.put_metric_alarm(
        AlarmName="single",
        Namespace="App",
        MetricName="Bad",
        Dimensions=[{"Name": "service", "Value": "watched"}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        ActionsEnabled=False,
        AlarmActions=[arn],
    )
    clients.cloudwatch.put_composite_alarm(
        AlarmName="composite", AlarmRule='ALARM("single")', AlarmActions=[arn], OKActions=[arn]
    )
    evaluator = AlarmEvaluator(clients.cloudwatch, speed=60)

    def states() -> dict[str, State]:
        return {alarm.name: alarm.state for alarm in evaluator.statuses()}

    now = time()
    put_values(clients.cloudwatch, [(other, DataPoint(now, 9)), (watched, DataPoint(now - 16, 1))])
    evaluator.evaluate(now)
    assert states() == {"single": State.OK, "composite": State.OK}
    subjects()
    put_values(clients.cloudwatch, [(watched, DataPoint(now, 1))])
    assert states()["single"] is State.OK
    rings = evaluator.evaluate(now)
    assert [(change.alarm, change.after) for change in rings] == [("single", "ALARM"), ("composite", "ALARM")]
    assert states() == {"single": State.ALARM, "composite": State.ALARM}
    assert evaluator.evaluate(now) == []
    evaluator.evaluate(now + 16)
    assert states() == {"single": State.OK, "composite": State.OK}
    assert subjects() == [f'{state}: "composite" in {REGION}' for state in ("ALARM", "OK")]
    history = clients.cloudwatch.describe_alarm_history(AlarmName="single", HistoryItemType="StateUpdate")
    reasons = [json.loads(item["HistoryData"])["newState"]["stateReason"] for item in history["AlarmHistoryItems"]]
    assert any("ALARM after 1 out of 1 periods of 300 seconds, 60 times as fast here" in reason for reason in reasons)
    clients.cloudwatch.delete_alarms(AlarmNames=["composite"])
    clients.cloudwatch.delete_alarms(AlarmNames=["single"])
