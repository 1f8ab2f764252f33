"""What each fault makes the parts of a stack publish, and which alarms it has to ring.

What a metric counts, and when it is published at all, is in the documentation of each service:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html,
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE, HOUR, DAY = 60, 3600, 86_400
MAPPING, PROCESSOR, TABLE = "UserDataEventSourceMapping", "UserDataProcessor", "AnalyticsTable"
MACHINE, RULE, QUEUE = "DataProcessingStateMachine", "DailyAnalyticsRule", "DailyAnalyticsDeadLetterQueue"
AT_ONCE, SOON = (2, 20), (10, 20)
"""Minutes: for one and for two periods, which CloudWatch judges again for some periods when nothing follows them."""
SILENCE, NEXT_DAY = (30, 5), (17 * 60, 14 * 60 + 5)
"""Minutes: a few periods without data, and one night without a success until the next night with one."""


@dataclass(frozen=True)
class Emission:
    """A value that is published once a minute, or that is not published any more.

    Args:
        resource: logical id of what publishes it.
        metric: name of the metric.
        value: None for silence where there is data in health.
        seconds: how long, counted from the fault's beginning.
    """

    resource: str
    metric: str
    value: float | None = 1
    seconds: int = 15 * MINUTE


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Args:
        emissions: what is published while it lasts.
        rings: for each alarm that has to ring, and for no other: after how many minutes at the latest it does, and how
            many minutes after the fault's end at the latest it is OK again.
        seconds: how long the fault lasts.
        looked: how long it is looked, in seconds after the fault's end.
    """

    emissions: tuple[Emission, ...]
    rings: Mapping[str, tuple[int, int]]
    seconds: int = 15 * MINUTE
    looked: int = 2 * HOUR
    parameters: Mapping[str, str] = field(default_factory=dict)


FAILS = (Emission(PROCESSOR, "Errors", 2), Emission(MAPPING, "FailedInvokeEventCount", 20))
STUCK = (*FAILS, Emission(PROCESSOR, "IteratorAge", 20 * MINUTE * 1000))
PAUSE = Emission(MAPPING, "PolledEventCount", None, 2 * HOUR)
NO_EXECUTION = Emission(MACHINE, "ExecutionsSucceeded", None, DAY)

FAULTS = {
    "none": Fault((), {}),
    "one batch crashes and succeeds when retried": Fault(
        (Emission(PROCESSOR, "Errors", 1, MINUTE), Emission(MAPPING, "FailedInvokeEventCount", 10, MINUTE)), {}
    ),
    "the function crashes, dies or times out": Fault(
        FAILS,
        {"UserDataProcessorErrorAlarm": SOON, "UserDataFailedInvokesAlarm": SOON, "BrokenAlarm": SOON},
    ),
    "every record fails, and the function raises nothing": Fault(
        (Emission(MAPPING, "FailedInvokeEventCount", 20),),
        {"UserDataFailedInvokesAlarm": SOON, "BrokenAlarm": SOON},
    ),
    "the function is throttled": Fault(
        (Emission(PROCESSOR, "Throttles"),),
        {"UserDataProcessorThrottleAlarm": SOON, "LateAlarm": SOON},
    ),
    "a shard is held up": Fault(
        STUCK,
        {
            "UserDataProcessorErrorAlarm": SOON,
            "UserDataFailedInvokesAlarm": SOON,
            "UserDataProcessorIteratorAgeAlarm": SOON,
            "BrokenAlarm": SOON,
            "LateAlarm": SOON,
        },
    ),
    "retries are exhausted": Fault(
        (Emission(MAPPING, "OnFailureDestinationDeliveredEventCount", 1, MINUTE),),
        {"UserDataFailedEventsAlarm": AT_ONCE, "DataAtRiskAlarm": AT_ONCE},
    ),
    "records are dropped": Fault(
        (Emission(MAPPING, "DroppedEventCount", 1, MINUTE),),
        {"UserDataDroppedEventsAlarm": AT_ONCE, "DataAtRiskAlarm": AT_ONCE},
    ),
    "the failure bucket refuses": Fault(
        (Emission(PROCESSOR, "DestinationDeliveryFailures", 1, MINUTE),),
        {"UserDataProcessorDeliveryAlarm": AT_ONCE, "DataAtRiskAlarm": AT_ONCE},
    ),
    "a source writes nearly what its shards take": Fault(
        (Emission("user-data-processor", "ActivitiesWritten", 0.81 * MINUTE * 1000),),
        {"UserDataShardsAlarm": SOON, "LateAlarm": SOON},
    ),
    "a source writes less than that": Fault(
        (Emission("user-data-processor", "ActivitiesWritten", 0.79 * MINUTE * 1000),), {}
    ),
    "the analytics table throttles": Fault(
        (Emission(TABLE, "WriteThrottleEvents", 50),),
        {"AnalyticsWriteThrottleAlarm": SOON, "LateAlarm": SOON},
    ),
    "a mapping is disabled, refused or broken": Fault(
        (PAUSE,), {"UserDataStoppedAlarm": SILENCE, "DataAtRiskAlarm": SILENCE}, seconds=2 * HOUR
    ),
    "the streams are paused on purpose": Fault((PAUSE,), {}, 2 * HOUR, parameters={"StreamProcessing": "Disabled"}),
    "the rule is disabled or deleted": Fault(
        (NO_EXECUTION,),
        {"DailySummaryMissingAlarm": NEXT_DAY, "LateAlarm": NEXT_DAY},
        seconds=DAY,
        looked=16 * HOUR,
    ),
    "an execution fails and is not repeated": Fault(
        (Emission(MACHINE, "ExecutionsFailed", 1, MINUTE), NO_EXECUTION),
        {
            "StepFunctionsFailureAlarm": AT_ONCE,
            "BrokenAlarm": AT_ONCE,
            "DailySummaryMissingAlarm": NEXT_DAY,
            "LateAlarm": NEXT_DAY,
        },
        seconds=DAY,
        looked=16 * HOUR,
    ),
    "an execution times out": Fault(
        (Emission(MACHINE, "ExecutionsTimedOut", 1, MINUTE),),
        {"StepFunctionsTimeoutAlarm": AT_ONCE, "BrokenAlarm": AT_ONCE},
    ),
    "state transitions are throttled": Fault(
        (Emission(MACHINE, "ExecutionThrottled", 3, MINUTE),),
        {"StepFunctionsThrottleAlarm": AT_ONCE, "LateAlarm": AT_ONCE},
    ),
    "a dead letter waits": Fault(
        (Emission(QUEUE, "ApproximateNumberOfMessagesVisible", 1, 6 * HOUR),),
        {"ScheduleDeadLetterAlarm": AT_ONCE, "BrokenAlarm": AT_ONCE},
        seconds=6 * HOUR,
    ),
    "the dead-letter queue refuses": Fault(
        (Emission(RULE, "FailedInvocations", 1, MINUTE), Emission(RULE, "InvocationsFailedToBeSentToDlq", 1, MINUTE)),
        {"ScheduleFailureAlarm": AT_ONCE, "ScheduleLossAlarm": AT_ONCE, "BrokenAlarm": AT_ONCE},
    ),
    "the analytics processor fails and is throttled": Fault(
        (Emission("AnalyticsProcessor", "Errors"), Emission("AnalyticsProcessor", "Throttles")),
        {
            "AnalyticsProcessorErrorAlarm": AT_ONCE,
            "AnalyticsProcessorThrottleAlarm": AT_ONCE,
            "BrokenAlarm": AT_ONCE,
            "LateAlarm": AT_ONCE,
        },
    ),
    "the validator fails and is throttled": Fault(
        (Emission("DataValidator", "Errors"), Emission("DataValidator", "Throttles")),
        {
            "DataValidatorErrorAlarm": AT_ONCE,
            "DataValidatorThrottleAlarm": AT_ONCE,
            "BrokenAlarm": AT_ONCE,
            "LateAlarm": AT_ONCE,
        },
    ),
}
