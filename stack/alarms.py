"""The alarms: each is an `AlarmDefinition`, and all become resources in one way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from troposphere import AWSHelperFn, Template
from troposphere.awslambda import EventSourceMapping, Function
from troposphere.cloudwatch import Alarm, MetricDimension
from troposphere.dynamodb import Table
from troposphere.events import Rule
from troposphere.sns import Topic
from troposphere.stepfunctions import StateMachine

from stack.config import FunctionSpecification, StackConfig, StreamSource, stream_processor
from stack.functions import Functions
from stack.storage import Storage
from stack.workflow import Workflow

_PERIOD = 300
_OLDEST_RECORD = 15 * 60 * 1000
"""Milliseconds that a record may wait in its stream."""


@dataclass(frozen=True)
class MonitoredResources:
    """What the alarms and the dashboard show."""

    storage: Storage
    functions: Functions
    mappings: dict[str, EventSourceMapping]
    workflow: Workflow


@dataclass(frozen=True)
class AlarmDefinition:
    """A metric, and the value from which it means trouble; a new alarm is one more of these.

    Args:
        logical_id: name in the template.
        name_part: the middle of its physical name.
        description: what it means and what to do; the notification quotes it.
        metric: (namespace, name) of the metric.
        dimensions: what tells the metric from others of its name, a resource or, for a metric of our own, any text.
        threshold: the value from which a period is bad.
        bad_periods: consecutive periods of five minutes that have to be bad.
        statistic: of the values of a period.
    """

    logical_id: str
    name_part: str
    description: str
    metric: tuple[str, str]
    dimensions: Mapping[str, str | AWSHelperFn]
    threshold: int = 1
    bad_periods: int = 1
    statistic: str = "Sum"


def _function_alarms(function: FunctionSpecification, resource: Function) -> Iterator[AlarmDefinition]:
    """Errors and throttles of a function; a stream processor is retried, so a few of them raise no alarm."""
    dimensions = {"FunctionName": resource.ref()}
    retried = function.handler_module == "stream_processor"
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}ErrorAlarm",
        name_part=f"{function.name_part}-errors",
        description=f"Alarm for {function.title} Lambda errors. The function raised or ran out of time: read its log.",
        metric=("AWS/Lambda", "Errors"),
        dimensions=dimensions,
        threshold=5 if retried else 1,
        bad_periods=2 if retried else 1,
    )
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}ThrottleAlarm",
        name_part=f"{function.name_part}-throttles",
        description=f"Alarm for {function.title} Lambda throttles. Too many invocations at once: raise the account's "
        "concurrency limit or find what uses it up.",
        metric=("AWS/Lambda", "Throttles"),
        dimensions=dimensions,
        bad_periods=2 if retried else 1,
    )


def _processor_alarms(source: StreamSource, resource: Function) -> Iterator[AlarmDefinition]:
    """The age of a stream processor's records, and failed events that did not reach the failure destination."""
    function = stream_processor(source)
    dimensions = {"FunctionName": resource.ref()}
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}IteratorAgeAlarm",
        name_part=f"{function.name_part}-iterator-age",
        description=f"{source.title} is processed more than 15 minutes late. Records are lost after 24 hours: read the "
        "function's log and the analytics table's throttles.",
        metric=("AWS/Lambda", "IteratorAge"),
        dimensions=dimensions,
        threshold=_OLDEST_RECORD,
        bad_periods=2,
        statistic="Maximum",
    )
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}DeliveryAlarm",
        name_part=f"{function.name_part}-delivery-failures",
        description=f"{source.title} that failed could not be sent to the bucket of failed events and is lost: check "
        "the bucket's policy and the function's role.",
        metric=("AWS/Lambda", "DestinationDeliveryFailures"),
        dimensions=dimensions,
    )


def _mapping_alarms(source: StreamSource, resource: EventSourceMapping) -> Iterator[AlarmDefinition]:
    """Records that an event source mapping dropped, retries, or sent to the failure destination.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
    """
    dimensions = {"EventSourceMappingUUID": resource.get_att("Id")}
    name_part = f"{source.name.lower()}-mapping"
    yield AlarmDefinition(
        logical_id=f"{source.name}DroppedEventsAlarm",
        name_part=f"{name_part}-dropped-events",
        description=f"{source.title} was dropped and is not in the bucket of failed events: recover it from the table.",
        metric=("AWS/Lambda", "DroppedEventCount"),
        dimensions=dimensions,
    )
    yield AlarmDefinition(
        logical_id=f"{source.name}FailedInvokesAlarm",
        name_part=f"{name_part}-failed-invokes",
        description=f"{source.title} keeps failing and is being retried: read the function's log.",
        metric=("AWS/Lambda", "FailedInvokeEventCount"),
        dimensions=dimensions,
        bad_periods=2,
    )
    yield AlarmDefinition(
        logical_id=f"{source.name}FailedEventsAlarm",
        name_part=f"{name_part}-failed-events",
        description=f"{source.title} failed every retry and is stored in the bucket of failed events: fix the cause, "
        "then replay it.",
        metric=("AWS/Lambda", "OnFailureDestinationDeliveredEventCount"),
        dimensions=dimensions,
    )


def _workflow_alarms(state_machine: StateMachine) -> Iterator[AlarmDefinition]:
    """Executions that failed, timed out or were throttled."""
    dimensions = {"StateMachineArn": state_machine.ref()}
    yield AlarmDefinition(
        logical_id="StepFunctionsFailureAlarm",
        name_part="stepfunctions-failures",
        description="Alarm for Step Functions execution failures. The execution shows its cause; fix it, then start "
        "it again with the same input.",
        metric=("AWS/States", "ExecutionsFailed"),
        dimensions=dimensions,
    )
    yield AlarmDefinition(
        logical_id="StepFunctionsTimeoutAlarm",
        name_part="stepfunctions-timeouts",
        description="An execution ran out of time: look for throttles, then start it again with the same input.",
        metric=("AWS/States", "ExecutionsTimedOut"),
        dimensions=dimensions,
    )
    yield AlarmDefinition(
        logical_id="StepFunctionsThrottleAlarm",
        name_part="stepfunctions-throttles",
        description="Step Functions throttled executions: too many were started at once, or an account limit is low.",
        metric=("AWS/States", "ExecutionThrottled"),
        dimensions=dimensions,
    )


def _schedule_alarms(rule: Rule) -> Iterator[AlarmDefinition]:
    """Daily executions that were not started.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    dimensions = {"RuleName": rule.ref()}
    kinds = {
        "FailedInvocations": ("Failure", "failures", "could not be started and is not retried any more"),
        "InvocationsSentToDlq": ("DeadLetter", "dead-letters", "was not started and is in the dead-letter queue"),
        "InvocationsFailedToBeSentToDlq": ("Loss", "losses", "was not started and did not reach the dead-letter queue"),
    }
    for metric, (word, name_part, problem) in kinds.items():
        yield AlarmDefinition(
            logical_id=f"Schedule{word}Alarm",
            name_part=f"schedule-{name_part}",
            description=f"A daily execution {problem}: check the rule's role, then start the workflow by hand.",
            metric=("AWS/Events", metric),
            dimensions=dimensions,
        )


def _table_alarms(analytics_table: Table) -> Iterator[AlarmDefinition]:
    """Writes that the analytics table throttles."""
    yield AlarmDefinition(
        logical_id="AnalyticsWriteThrottleAlarm",
        name_part="analytics-write-throttles",
        description="The analytics table throttles writes: nothing is lost yet, records wait in the stream; raise "
        "activity_shards when one activity type writes more than 1,000 items a second.",
        metric=("AWS/DynamoDB", "WriteThrottleEvents"),
        dimensions={"TableName": analytics_table.ref()},
        bad_periods=2,
    )


def alarm_definitions(config: StackConfig, resources: MonitoredResources) -> Iterator[AlarmDefinition]:
    """Every alarm of the stack, in the order in which data passes what they watch."""
    functions = {function.title: function for function in resources.functions.all()}
    for specification in config.functions:
        yield from _function_alarms(specification, functions[specification.logical_id])
    for source in config.sources:
        yield from _processor_alarms(source, resources.functions.stream_processors[source.name])
        yield from _mapping_alarms(source, resources.mappings[source.name])
    yield from _workflow_alarms(resources.workflow.state_machine)
    yield from _schedule_alarms(resources.workflow.rule)
    yield from _table_alarms(resources.storage.analytics_table)


def add_alarm(template: Template, config: StackConfig, topic: Topic, alarm: AlarmDefinition) -> Alarm:
    """Add an alarm that notifies the topic when it begins and when it is over; missing data counts as good."""
    namespace, metric = alarm.metric
    return template.add_resource(
        Alarm(
            alarm.logical_id,
            AlarmName=config.name(alarm.name_part),
            AlarmActions=[topic.ref()],
            AlarmDescription=alarm.description,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            Dimensions=[MetricDimension(Name=name, Value=value) for name, value in alarm.dimensions.items()],
            EvaluationPeriods=alarm.bad_periods,
            MetricName=metric,
            Namespace=namespace,
            OKActions=[topic.ref()],
            Period=_PERIOD,
            Statistic=alarm.statistic,
            Threshold=alarm.threshold,
            TreatMissingData="notBreaching",
        )
    )
