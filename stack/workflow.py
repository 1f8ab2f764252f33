"""The workflow: a state machine that validates and summarises, and the schedule that starts it every day."""

import json
from dataclasses import dataclass
from typing import Any

from troposphere import Ref, Sub, Template
from troposphere.events import DeadLetterConfig, InputTransformer, RetryPolicy, Rule, Target
from troposphere.iam import Role
from troposphere.logs import LogGroup
from troposphere.sqs import Queue, QueuePolicy
from troposphere.stepfunctions import (
    CloudWatchLogsLogGroup,
    LogDestination,
    LoggingConfiguration,
    StateMachine,
    TracingConfiguration,
)

from stack import policies
from stack.config import ANALYTICS_PROCESSOR, DATA_VALIDATOR, FunctionSpecification, StackConfig
from stack.functions import Functions, add_log_group
from stack.parameters import KMS_KEY_ARN, with_kms_key
from stack.storage import retention

_INVOCATION_OVERHEAD = 30
"""Seconds that a task may take beyond its function's own time-out: a cold start, and the request's way."""

_CANNOT_GET_BETTER = {"ErrorEquals": ["InvalidRequestError"], "MaxAttempts": 0}
"""The functions' own error for a request that cannot be served; it comes first, because the first retrier that names an
error decides, and `States.TaskFailed` names this one too
(https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html)."""

_SERVICE_ERRORS = {
    "ErrorEquals": [
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
    ],
    "IntervalSeconds": 2,
    "MaxAttempts": 6,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}
"""Lambda could not run the function (https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html)."""

_UNFINISHED = {
    "ErrorEquals": ["Sandbox.Timedout", "States.TaskFailed", "States.Timeout"],
    "IntervalSeconds": 10,
    "MaxAttempts": 2,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}
"""Whatever else a function failed with; both tasks can be done again without harm.

`States.TaskFailed` matches every error but `States.Timeout`, also the function's own time-out, which is
`Sandbox.Timedout` on newer runtimes and was `Lambda.Unknown` before; a reader finds it by its name
(https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html)."""

_WORKFLOW_TIMEOUT = 3 * 60 * 60
"""Seconds; above what all attempts of both tasks and the waits between them can take."""

_DAILY_INPUT = {"dataType": "DAILY_ANALYTICS", "batchSize": 100, "scheduledExecution": True}


@dataclass(frozen=True)
class Workflow:
    """The state machine and what starts it."""

    state_machine: StateMachine
    rule: Rule
    dead_letter_queue: Queue


def _task(function: FunctionSpecification, then: dict[str, Any]) -> dict[str, Any]:
    """A state that passes its whole input to a function, and the function's answer to the next state."""
    return {
        "Type": "Task",
        "Resource": "${LambdaInvoke}",
        "Parameters": {"FunctionName": f"${{{function.logical_id}Arn}}", "Payload.$": "$"},
        "OutputPath": "$.Payload",
        "TimeoutSeconds": function.timeout + _INVOCATION_OVERHEAD,
        "Retry": [_CANNOT_GET_BETTER, _SERVICE_ERRORS, _UNFINISHED],
        **then,
    }


def definition() -> dict[str, Any]:
    """The workflow in Amazon States Language, its function ARNs and partition as substitutions."""
    return {
        "Comment": "Validates the request, then summarises activities",
        "StartAt": "ValidateData",
        "TimeoutSeconds": _WORKFLOW_TIMEOUT,
        "States": {
            "ValidateData": _task(DATA_VALIDATOR, {"Next": "IsDataValid?"}),
            "IsDataValid?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.isValid", "BooleanEquals": True, "Next": "ProcessAnalytics"}],
                "Default": "ValidationFailed",
            },
            "ProcessAnalytics": _task(ANALYTICS_PROCESSOR, {"End": True}),
            "ValidationFailed": {
                "Type": "Fail",
                "Error": "InvalidDataError",
                "Cause": "Data validation failed",
            },
        },
    }


def _add_state_machine(template: Template, config: StackConfig, functions: Functions) -> StateMachine:
    """Add the state machine with its log group and role.

    The prefix of the log group's name keeps it out of the resource policy that all vended logs of an account share,
    which ends at 5,120 characters (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html).
    """
    name = config.name("data-processing")
    tasks = (functions.data_validator, functions.analytics_processor)
    log_group = add_log_group(template, config, "DataProcessingLogGroup", f"/aws/vendedlogs/states/{name}")
    role = template.add_resource(
        Role(
            "StepFunctionsRole",
            AssumeRolePolicyDocument=policies.trust_state_machine(name),
            Policies=[
                policies.inline_policy(
                    "Workflow",
                    policies.invoke_functions(tasks),
                    policies.deliver_workflow_logs(),
                    policies.send_workflow_traces(),
                )
            ],
        )
    )
    return template.add_resource(
        StateMachine(
            "DataProcessingStateMachine",
            StateMachineName=name,
            Definition=definition(),
            DefinitionSubstitutions={
                "LambdaInvoke": Sub("arn:${AWS::Partition}:states:::lambda:invoke"),
                **{f"{function.title}Arn": function.get_att("Arn") for function in tasks},
            },
            LoggingConfiguration=_workflow_logging(log_group),
            RoleArn=role.get_att("Arn"),
            TracingConfiguration=TracingConfiguration(Enabled=True),
        )
    )


def _workflow_logging(log_group: LogGroup) -> LoggingConfiguration:
    """Every event of every execution, without the data that passes through."""
    destination = CloudWatchLogsLogGroup(LogGroupArn=log_group.get_att("Arn"))
    return LoggingConfiguration(
        Destinations=[LogDestination(CloudWatchLogsLogGroup=destination)], IncludeExecutionData=False, Level="ALL"
    )


def _daily_input() -> InputTransformer:
    """The daily request with the time it was scheduled for, so that a late start still covers its own days.

    EventBridge puts the quotes around a string that replaces a placeholder
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html).
    """
    fixed = json.dumps(_DAILY_INPUT).removesuffix("}")
    return InputTransformer(InputPathsMap={"time": "$.time"}, InputTemplate=f'{fixed}, "scheduledTime": <time>}}')


def _add_dead_letter_queue(template: Template, config: StackConfig) -> Queue:
    """Add the queue that receives what could not be started."""
    return template.add_resource(
        Queue(
            "DailyAnalyticsDeadLetterQueue",
            QueueName=config.name("daily-analytics-dlq"),
            KmsMasterKeyId=with_kms_key(Ref(KMS_KEY_ARN)),
            MessageRetentionPeriod=14 * 24 * 60 * 60,
            SqsManagedSseEnabled=with_kms_key(False, True),
            **retention(config),
        )
    )


def _daily_target(state_machine: StateMachine, queue: Queue, role: Role) -> Target:
    """What the rule starts, how long it retries, and where it sends what it could not start."""
    return Target(
        Id="DataProcessingStateMachine",
        Arn=state_machine.ref(),
        DeadLetterConfig=DeadLetterConfig(Arn=queue.get_att("Arn")),
        InputTransformer=_daily_input(),
        RetryPolicy=RetryPolicy(MaximumEventAgeInSeconds=6 * 60 * 60, MaximumRetryAttempts=185),
        RoleArn=role.get_att("Arn"),
    )


def _add_schedule(template: Template, config: StackConfig, state_machine: StateMachine) -> tuple[Rule, Queue]:
    """Add the daily rule, its role and its dead-letter queue."""
    name = config.name("daily-analytics")
    queue = _add_dead_letter_queue(template, config)
    role = template.add_resource(
        Role(
            "DailyAnalyticsRole",
            AssumeRolePolicyDocument=policies.trust_rule(name),
            Policies=[policies.inline_policy("Schedule", policies.start_execution(state_machine))],
        )
    )
    rule = template.add_resource(
        Rule(
            "DailyAnalyticsRule",
            Name=name,
            Description="Triggers Step Functions workflow daily",
            ScheduleExpression="cron(0 2 * * ? *)",
            State="ENABLED",
            Targets=[_daily_target(state_machine, queue, role)],
        )
    )
    policy = policies.rule_sends(queue, rule)
    template.add_resource(
        QueuePolicy("DailyAnalyticsDeadLetterQueuePolicy", Queues=[queue.ref()], PolicyDocument=policy)
    )
    return rule, queue


def add_workflow(template: Template, config: StackConfig, functions: Functions) -> Workflow:
    """Add the state machine and its schedule."""
    state_machine = _add_state_machine(template, config, functions)
    rule, queue = _add_schedule(template, config, state_machine)
    return Workflow(state_machine, rule, queue)
