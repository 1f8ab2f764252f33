"""The alarms: each is an `AlarmDefinition`, and all become resources in one way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from troposphere import AWSHelperFn, If, Template
from troposphere.awslambda import EventSourceMapping, Function
from troposphere.cloudwatch import Alarm, MetricDimension
from troposphere.dynamodb import Table
from troposphere.events import Rule
from troposphere.sns import Topic
from troposphere.sqs import Queue
from troposphere.stepfunctions import StateMachine

from stack import runbook
from stack.config import (
    METRICS_NAMESPACE,
    WRITES_PER_SHARD,
    FunctionSpecification,
    StackConfig,
    StreamSource,
    stream_processor,
)
from stack.functions import Functions
from stack.parameters import NOTIFY_EACH_ALARM, STREAM_PROCESSING_ENABLED
from stack.runbook import RunbookEntry
from stack.storage import Storage
from stack.workflow import Workflow

_PERIOD = 300
_HOUR = 60 * 60
_OLDEST_RECORD = 15 * 60 * 1000
"""Milliseconds that a record may wait in its stream."""
_NEARLY_FULL = 0.8
"""The share of what its shards can take from which a source needs more."""


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
        runbook: where the README says more.
        description: what it means and what to do; the notification quotes it.
        metric: (namespace, name) of the metric.
        dimensions: what tells the metric from others of its name, a resource or, for a metric of our own, any text.
        threshold: the value from which a period is bad.
        bad_periods: consecutive periods that have to be bad.
        statistic: of the values of a period.
        period: in seconds.
        comparison: of the statistic with the threshold, a ComparisonOperator.
        missing_data: what a period without data is, `notBreaching` or `breaching`.
        condition: of the template, without which there is no such alarm.
    """

    logical_id: str
    name_part: str
    runbook: RunbookEntry
    description: str
    metric: tuple[str, str]
    dimensions: Mapping[str, str | AWSHelperFn]
    threshold: int = 1
    bad_periods: int = 1
    statistic: str = "Sum"
    period: int = _PERIOD
    comparison: str = "GreaterThanOrEqualToThreshold"
    missing_data: str = "notBreaching"
    condition: str | None = None


def _function_alarms(function: FunctionSpecification, resource: Function) -> Iterator[AlarmDefinition]:
    """Errors and throttles of a function; a stream processor is retried, so a few of them raise no alarm."""
    dimensions = {"FunctionName": resource.ref()}
    retried = function.handler_module == "stream_processor"
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}ErrorAlarm",
        name_part=f"{function.name_part}-errors",
        runbook=runbook.FUNCTION_FAILS,
        description=f"{function.title} failed or timed out: read its log.",
        metric=("AWS/Lambda", "Errors"),
        dimensions=dimensions,
        threshold=5 if retried else 1,
        bad_periods=2 if retried else 1,
    )
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}ThrottleAlarm",
        name_part=f"{function.name_part}-throttles",
        runbook=runbook.FUNCTION_THROTTLED,
        description=f"{function.title} is throttled: raise the concurrency limit.",
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
        runbook=runbook.RECORDS_LATE,
        description=f"{source.title} is processed more than 15 minutes late, and lost after 24 hours: read the "
        "function's log.",
        metric=("AWS/Lambda", "IteratorAge"),
        dimensions=dimensions,
        threshold=_OLDEST_RECORD,
        bad_periods=2,
        statistic="Maximum",
    )
    yield AlarmDefinition(
        logical_id=f"{function.logical_id}DeliveryAlarm",
        name_part=f"{function.name_part}-delivery-failures",
        runbook=runbook.FAILED_EVENTS_LOST,
        description=f"{source.title} that failed is lost, the bucket of failed events refused it: check its policy and "
        "the function's role.",
        metric=("AWS/Lambda", "DestinationDeliveryFailures"),
        dimensions=dimensions,
    )


def _shard_alarm(config: StackConfig, source: StreamSource) -> AlarmDefinition:
    """Activities of a source that need more partition keys soon, before the table throttles them."""
    shards = config.shards_in_force
    return AlarmDefinition(
        logical_id=f"{source.name}ShardsAlarm",
        name_part=f"{source.name.lower()}-shards",
        runbook=runbook.SHARDS_NEARLY_FULL,
        description=f"{source.title} has over {_NEARLY_FULL:.0%} of the writes that its shards ({shards}) take: add a "
        f"line to activity_shards of the suffix in setup.cfg, TIME = {2 * shards}, with a time after the deployment.",
        metric=(METRICS_NAMESPACE, "ActivitiesWritten"),
        dimensions={"service": source.service_name, "environment": config.suffix},
        threshold=round(_NEARLY_FULL * WRITES_PER_SHARD * _PERIOD * shards),
        bad_periods=2,
    )


def _mapping_alarms(source: StreamSource, resource: EventSourceMapping) -> Iterator[AlarmDefinition]:
    """A mapping that does not poll, and records that it dropped, retries, or sent to the failure destination.

    A mapping that polls counts what it found, zero included; one that is paused, refused or broken counts nothing.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
    """
    dimensions = {"EventSourceMappingUUID": resource.get_att("Id")}
    name_part = f"{source.name.lower()}-mapping"
    yield AlarmDefinition(
        logical_id=f"{source.name}StoppedAlarm",
        name_part=f"{name_part}-stopped",
        runbook=runbook.STREAM_NOT_READ,
        description=f"Nobody reads the stream of {source.title.lower()}, which keeps records for 24 hours: enable the "
        "mapping or fix its role. A new one takes minutes.",
        metric=("AWS/Lambda", "PolledEventCount"),
        dimensions=dimensions,
        bad_periods=3,
        statistic="SampleCount",
        comparison="LessThanThreshold",
        missing_data="breaching",
        condition=STREAM_PROCESSING_ENABLED,
    )
    yield AlarmDefinition(
        logical_id=f"{source.name}DroppedEventsAlarm",
        name_part=f"{name_part}-dropped-events",
        runbook=runbook.RECORDS_DROPPED,
        description=f"{source.title} was dropped and is no failed event: recover it from the table.",
        metric=("AWS/Lambda", "DroppedEventCount"),
        dimensions=dimensions,
    )
    yield AlarmDefinition(
        logical_id=f"{source.name}FailedInvokesAlarm",
        name_part=f"{name_part}-failed-invokes",
        runbook=runbook.RECORDS_KEEP_FAILING,
        description=f"{source.title} keeps failing and is being retried: read the function's log.",
        metric=("AWS/Lambda", "FailedInvokeEventCount"),
        dimensions=dimensions,
        bad_periods=2,
    )
    yield AlarmDefinition(
        logical_id=f"{source.name}FailedEventsAlarm",
        name_part=f"{name_part}-failed-events",
        runbook=runbook.FAILED_EVENTS_WAIT,
        description=f"{source.title} failed every retry and is in the bucket of failed events: fix the cause, then "
        "replay it.",
        metric=("AWS/Lambda", "OnFailureDestinationDeliveredEventCount"),
        dimensions=dimensions,
    )


def _workflow_alarms(state_machine: StateMachine) -> Iterator[AlarmDefinition]:
    """Executions that failed or timed out, throttled state transitions, and a day in which no execution succeeded.

    The day is 24 periods of an hour: CloudWatch looks some periods further back before it calls data missing, and with
    one period of a day that would be days.

    Sources: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    dimensions = {"StateMachineArn": state_machine.ref()}
    yield AlarmDefinition(
        logical_id="DailySummaryMissingAlarm",
        name_part="daily-summary-missing",
        runbook=runbook.NO_SUMMARY,
        description="No execution succeeded for a day: find out why, then start the workflow by hand. A new stack's "
        "first is due at 02:00 UTC.",
        metric=("AWS/States", "ExecutionsSucceeded"),
        dimensions=dimensions,
        bad_periods=24,
        period=_HOUR,
        comparison="LessThanThreshold",
        missing_data="breaching",
    )
    yield AlarmDefinition(
        logical_id="StepFunctionsFailureAlarm",
        name_part="stepfunctions-failures",
        runbook=runbook.EXECUTION_FAILED,
        description="An execution failed and shows its cause: fix it, then start it again with the same input.",
        metric=("AWS/States", "ExecutionsFailed"),
        dimensions=dimensions,
    )
    yield AlarmDefinition(
        logical_id="StepFunctionsTimeoutAlarm",
        name_part="stepfunctions-timeouts",
        runbook=runbook.EXECUTION_FAILED,
        description="An execution ran out of time: look for throttles, then start it again with the same input.",
        metric=("AWS/States", "ExecutionsTimedOut"),
        dimensions=dimensions,
    )
    yield AlarmDefinition(
        logical_id="StepFunctionsThrottleAlarm",
        name_part="stepfunctions-throttles",
        runbook=runbook.WORKFLOW_THROTTLED,
        description="State transitions, not executions, are throttled, so executions take longer: raise the account's "
        "limit if it stays.",
        metric=("AWS/States", "ExecutionThrottled"),
        dimensions=dimensions,
    )


def _schedule_alarms(rule: Rule, queue: Queue) -> Iterator[AlarmDefinition]:
    """Daily executions that were not started; those in the dead-letter queue ring until it is empty.

    Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    of_rule = {"RuleName": rule.ref()}
    of_queue = {"QueueName": queue.get_att("QueueName")}
    kinds = (
        (
            "Failure",
            "failures",
            ("AWS/Events", "FailedInvocations"),
            of_rule,
            "could not be started",
        ),
        (
            "DeadLetter",
            "dead-letters",
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
            of_queue,
            "is in the dead-letter queue",
        ),
        (
            "Loss",
            "losses",
            ("AWS/Events", "InvocationsFailedToBeSentToDlq"),
            of_rule,
            "was lost on its way to the dead-letter queue",
        ),
    )
    for word, name_part, metric, dimensions, problem in kinds:
        yield AlarmDefinition(
            logical_id=f"Schedule{word}Alarm",
            name_part=f"schedule-{name_part}",
            runbook=runbook.NOT_STARTED,
            description=f"A daily execution {problem}: check the rule's role, then start it by hand.",
            metric=metric,
            dimensions=dimensions,
            statistic="Maximum" if metric[0] == "AWS/SQS" else "Sum",
        )


def _table_alarms(analytics_table: Table) -> Iterator[AlarmDefinition]:
    """Writes that the analytics table throttles."""
    yield AlarmDefinition(
        logical_id="AnalyticsWriteThrottleAlarm",
        name_part="analytics-write-throttles",
        runbook=runbook.TABLE_THROTTLED,
        description="The analytics table throttles writes, records wait: raise activity_shards if a type has over "
        "1,000 writes/s.",
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
        yield _shard_alarm(config, source)
    yield from _workflow_alarms(resources.workflow.state_machine)
    yield from _schedule_alarms(resources.workflow.rule, resources.workflow.dead_letter_queue)
    yield from _table_alarms(resources.storage.analytics_table)


def add_alarm(template: Template, config: StackConfig, topic: Topic, alarm: AlarmDefinition) -> Alarm:
    """Add an alarm; it notifies when `AlarmNotifications` is `Each`, of its end only if nothing waits for a person."""
    namespace, metric = alarm.metric
    resource = Alarm(
        alarm.logical_id,
        AlarmName=config.name(alarm.name_part),
        ActionsEnabled=If(NOTIFY_EACH_ALARM, True, False),
        AlarmActions=[topic.ref()],
        AlarmDescription=alarm.runbook.under_heading(alarm.description),
        ComparisonOperator=alarm.comparison,
        Dimensions=[MetricDimension(Name=name, Value=value) for name, value in alarm.dimensions.items()],
        EvaluationPeriods=alarm.bad_periods,
        MetricName=metric,
        Namespace=namespace,
        Period=alarm.period,
        Statistic=alarm.statistic,
        Threshold=alarm.threshold,
        TreatMissingData=alarm.missing_data,
    )
    if alarm.condition:
        resource.resource["Condition"] = alarm.condition
    if not alarm.runbook.waits_for_a_person:
        resource.OKActions = [topic.ref()]
    return template.add_resource(resource)
