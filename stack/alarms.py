"""When somebody is called: every alarm as data, made one way."""

from collections.abc import Iterator
from dataclasses import dataclass

from troposphere import AWSHelperFn, Template
from troposphere.awslambda import EventSourceMapping, Function
from troposphere.cloudwatch import Alarm, MetricDimension
from troposphere.dynamodb import Table
from troposphere.events import Rule
from troposphere.sns import Topic
from troposphere.stepfunctions import StateMachine

from stack.config import FunctionSpecification, StackConfig, StreamSource, stream_processor

PERIOD = 300
OLDEST_RECORD = 15 * 60 * 1000
"""Milliseconds that a record may wait in its stream before somebody is called."""


@dataclass(frozen=True)
class AlarmDefinition:
    """One metric of one resource and the value from which it is wrong.

    Args:
        logical_id: name in the template.
        thing: the middle of its physical name.
        description: what it means and what to do; the mail to the person called says it.
        metric: (namespace, name) of the metric.
        dimension: (name, value) of the resource in that namespace.
        threshold: the value from which a period is bad.
        bad_periods: periods of five minutes in a row that have to be bad.
        statistic: how the values of a period become one.
    """

    logical_id: str
    thing: str
    description: str
    metric: tuple[str, str]
    dimension: tuple[str, AWSHelperFn]
    threshold: int = 1
    bad_periods: int = 1
    statistic: str = "Sum"


def function_alarms(function: FunctionSpecification, resource: Function) -> Iterator[AlarmDefinition]:
    """Errors and throttles of a function; one that follows a stream is retried, so a few may pass unannounced."""
    dimension = ("FunctionName", resource.ref())
    retried = function.handler_module == "stream_processor"
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}ErrorAlarm",
        thing=f"{function.thing}-errors",
        description=f"Alarm for {function.title} Lambda errors. The function raised or ran out of time: read its log.",
        metric=("AWS/Lambda", "Errors"),
        dimension=dimension,
        threshold=5 if retried else 1,
        bad_periods=2 if retried else 1,
    )
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}ThrottleAlarm",
        thing=f"{function.thing}-throttles",
        description=f"Alarm for {function.title} Lambda throttles. Too many invocations at once: raise the account's "
        "concurrency limit or find what uses it up.",
        metric=("AWS/Lambda", "Throttles"),
        dimension=dimension,
        bad_periods=2 if retried else 1,
    )


def processor_alarms(source: StreamSource, resource: Function) -> Iterator[AlarmDefinition]:
    """The age of what a stream processor gets, and failed events that could not even be put aside."""
    function = stream_processor(source)
    dimension = ("FunctionName", resource.ref())
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}IteratorAgeAlarm",
        thing=f"{function.thing}-iterator-age",
        description=f"{source.title} is processed more than 15 minutes late. Records are lost after 24 hours: read the "
        "function's log and the analytics table's throttles.",
        metric=("AWS/Lambda", "IteratorAge"),
        dimension=dimension,
        threshold=OLDEST_RECORD,
        bad_periods=2,
        statistic="Maximum",
    )
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}DeliveryAlarm",
        thing=f"{function.thing}-delivery-failures",
        description=f"{source.title} that failed could not be put into the bucket of failed events and is lost: check "
        "the bucket's policy and the function's role.",
        metric=("AWS/Lambda", "DestinationDeliveryFailures"),
        dimension=dimension,
    )


def mapping_alarms(source: StreamSource, resource: EventSourceMapping) -> Iterator[AlarmDefinition]:
    """What an event source mapping could not get done.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
    """
    dimension = ("EventSourceMappingUUID", resource.get_att("Id"))
    thing = f"{source.name.lower()}-mapping"
    yield AlarmDefinition(
        logical_id=f"{source.name}DroppedEventsAlarm",
        thing=f"{thing}-dropped-events",
        description=f"{source.title} was dropped and is not in the bucket of failed events: recover it from the table.",
        metric=("AWS/Lambda", "DroppedEventCount"),
        dimension=dimension,
    )
    yield AlarmDefinition(
        logical_id=f"{source.name}FailedInvokesAlarm",
        thing=f"{thing}-failed-invokes",
        description=f"{source.title} keeps failing and is being retried: read the function's log.",
        metric=("AWS/Lambda", "FailedInvokeEventCount"),
        dimension=dimension,
        bad_periods=2,
    )
    yield AlarmDefinition(
        logical_id=f"{source.name}FailedEventsAlarm",
        thing=f"{thing}-failed-events",
        description=f"{source.title} failed every retry and lies in the bucket of failed events: mend the cause, then "
        "replay it.",
        metric=("AWS/Lambda", "OnFailureDestinationDeliveredEventCount"),
        dimension=dimension,
    )


def workflow_alarms(state_machine: StateMachine) -> Iterator[AlarmDefinition]:
    """Executions that did not end well."""
    dimension = ("StateMachineArn", state_machine.ref())
    yield AlarmDefinition(
        logical_id="StepFunctionsFailureAlarm",
        thing="stepfunctions-failures",
        description="Alarm for Step Functions execution failures. The execution shows its cause; start it again with "
        "the same input when that is mended.",
        metric=("AWS/States", "ExecutionsFailed"),
        dimension=dimension,
    )
    yield AlarmDefinition(
        logical_id="StepFunctionsTimeoutAlarm",
        thing="stepfunctions-timeouts",
        description="An execution ran out of time: look for throttles, then start it again with the same input.",
        metric=("AWS/States", "ExecutionsTimedOut"),
        dimension=dimension,
    )
    yield AlarmDefinition(
        logical_id="StepFunctionsThrottleAlarm",
        thing="stepfunctions-throttles",
        description="Step Functions throttled executions: too many were started at once, or an account limit is low.",
        metric=("AWS/States", "ExecutionThrottled"),
        dimension=dimension,
    )


def schedule_alarms(rule: Rule) -> Iterator[AlarmDefinition]:
    """Daily executions that were not started.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    dimension = ("RuleName", rule.ref())
    kinds = {
        "FailedInvocations": ("Failure", "failures", "could not be started and is no longer tried"),
        "InvocationsSentToDlq": ("DeadLetter", "dead-letters", "was not started and lies in the dead-letter queue"),
        "InvocationsFailedToBeSentToDlq": ("Loss", "losses", "was not started and did not reach the dead-letter queue"),
    }
    for metric, (word, thing, what) in kinds.items():
        yield AlarmDefinition(
            logical_id=f"Schedule{word}Alarm",
            thing=f"schedule-{thing}",
            description=f"A daily execution {what}: check the rule's role, then start the workflow by hand.",
            metric=("AWS/Events", metric),
            dimension=dimension,
        )


def table_alarms(analytics_table: Table) -> Iterator[AlarmDefinition]:
    """Writes that the analytics table refuses."""
    yield AlarmDefinition(
        logical_id="AnalyticsWriteThrottleAlarm",
        thing="analytics-write-throttles",
        description="The analytics table throttles writes: nothing is lost yet, records wait in the stream; raise "
        "activity_shards when one activity type writes more than 1,000 items a second.",
        metric=("AWS/DynamoDB", "WriteThrottleEvents"),
        dimension=("TableName", analytics_table.ref()),
        bad_periods=2,
    )


def add_alarm(template: Template, config: StackConfig, topic: Topic, alarm: AlarmDefinition) -> Alarm:
    """Add an alarm that tells the topic when it begins and when it is over; no data is good news."""
    namespace, metric = alarm.metric
    name, value = alarm.dimension
    return template.add_resource(
        Alarm(
            alarm.logical_id,
            AlarmName=config.name(alarm.thing),
            AlarmActions=[topic.ref()],
            AlarmDescription=alarm.description,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            Dimensions=[MetricDimension(Name=name, Value=value)],
            EvaluationPeriods=alarm.bad_periods,
            MetricName=metric,
            Namespace=namespace,
            OKActions=[topic.ref()],
            Period=PERIOD,
            Statistic=alarm.statistic,
            Threshold=alarm.threshold,
            TreatMissingData="notBreaching",
        )
    )
