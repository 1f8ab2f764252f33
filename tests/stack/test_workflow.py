"""The state machine, the schedule, and what happens when the schedule cannot start it."""

import json
import re
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from handlers import errors
from handlers.validation import validated
from stack.workflow import definition
from tests.stack.resolve import decided, properties

TASKS = {"ValidateData": 120, "ProcessAnalytics": 600}


@pytest.mark.parametrize(("state", "function_timeout"), TASKS.items())
def test_tasks_end_after_their_function_has(state: str, function_timeout: int) -> None:
    assert function_timeout < definition()["States"][state]["TimeoutSeconds"] <= function_timeout + 60


@pytest.mark.parametrize("state", TASKS)
def test_tasks_are_retried_with_jitter_when_lambda_is_at_fault(state: str) -> None:
    retries = [retry for retry in definition()["States"][state]["Retry"] if retry["MaxAttempts"]]
    assert all(retry["JitterStrategy"] == "FULL" for retry in retries)
    assert "Lambda.TooManyRequestsException" in retries[0]["ErrorEquals"]


def retries_after(state: str, error: str) -> int:
    """How often a state is tried again that always fails with an error; the first retrier that matches decides.

    `States.TaskFailed` matches every error but `States.Timeout`
    (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
    """
    for retry in definition()["States"][state]["Retry"]:
        wildcard = "States.TaskFailed" in retry["ErrorEquals"] and error != "States.Timeout"
        if wildcard or error in retry["ErrorEquals"]:
            return int(retry["MaxAttempts"])
    return 0


def names_of(module: ModuleType) -> set[str]:
    """The exceptions that a module defines, by the names that Lambda reports them with."""
    classes = {name: value for name, value in vars(module).items() if isinstance(value, type)}
    return {
        name for name, value in classes.items() if issubclass(value, Exception) and value.__module__ == module.__name__
    }


@pytest.mark.parametrize("state", TASKS)
@pytest.mark.parametrize(
    "error",
    [
        "KeyError",
        "Lambda.TooManyRequestsException",
        "Lambda.Unknown",
        "Runtime.ExitError",
        "Sandbox.Timedout",
        "States.Timeout",
        *sorted(names_of(errors) - {"InvalidRequestError"}),
    ],
)
def test_whatever_may_get_better_is_tried_again(state: str, error: str) -> None:
    assert retries_after(state, error) >= 2


@pytest.mark.parametrize("state", TASKS)
def test_what_cannot_get_better_is_not_tried_again(state: str) -> None:
    assert "InvalidRequestError" in names_of(errors)
    assert retries_after(state, "InvalidRequestError") == 0


@pytest.mark.parametrize("state", TASKS)
def test_a_time_out_is_named_as_it_is_reported(state: str) -> None:
    named = {name for retry in definition()["States"][state]["Retry"] for name in retry["ErrorEquals"]}
    assert {"Sandbox.Timedout", "States.TaskFailed", "States.Timeout"} <= named


def longest_wait(retry: dict[str, Any]) -> float:
    """Seconds between all attempts of a retrier; jitter only shortens them."""
    waits = range(retry["MaxAttempts"])
    return float(sum(retry["IntervalSeconds"] * retry["BackoffRate"] ** number for number in waits))


def test_the_workflow_outlasts_every_attempt_of_its_tasks_and_the_waits_between_them() -> None:
    states = definition()["States"]
    longest = sum(
        states[name]["TimeoutSeconds"] * (1 + sum(retry["MaxAttempts"] for retry in states[name]["Retry"]))
        + sum(map(longest_wait, states[name]["Retry"]))
        for name in TASKS
    )
    assert longest < definition()["TimeoutSeconds"]


def test_every_placeholder_of_the_definition_is_substituted() -> None:
    machine = properties("dev", "DataProcessingStateMachine")
    placeholders = set(re.findall(r"\$\{(\w+)\}", json.dumps(machine["Definition"])))
    assert placeholders == set(machine["DefinitionSubstitutions"])


def test_the_schedule_passes_its_own_time() -> None:
    (target,) = properties("dev", "DailyAnalyticsRule")["Targets"]
    transformer = target["InputTransformer"]
    assert transformer["InputPathsMap"] == {"time": "$.time"}
    assert json.loads(transformer["InputTemplate"].replace("<time>", '"2026-01-01T02:00:00Z"')) == {
        "dataType": "DAILY_ANALYTICS",
        "batchSize": 100,
        "scheduledExecution": True,
        "scheduledTime": "2026-01-01T02:00:00Z",
    }


def test_the_validator_accepts_what_the_schedule_sends() -> None:
    (target,) = properties("dev", "DailyAnalyticsRule")["Targets"]
    request = json.loads(target["InputTransformer"]["InputTemplate"].replace("<time>", '"2026-01-01T02:00:00Z"'))
    data_types = properties("dev", "DataValidator")["Environment"]["Variables"]["DATA_TYPES"].split(",")
    answer = validated(request, data_types, datetime.now(UTC))
    assert answer["isValid"] and {**answer, **request} == answer


def test_what_the_schedule_could_not_start_is_kept() -> None:
    (target,) = properties("dev", "DailyAnalyticsRule")["Targets"]
    queue = properties("dev", "DailyAnalyticsDeadLetterQueue")
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DailyAnalyticsDeadLetterQueue", "Arn"]}}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    encrypted = decided("dev", queue["SqsManagedSseEnabled"], {})
    assert (queue["MessageRetentionPeriod"], encrypted) == (1_209_600, True)


def test_executions_are_logged_without_their_data() -> None:
    logging = properties("dev", "DataProcessingStateMachine")["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", False)


def test_the_log_group_takes_no_part_of_the_accounts_policy_of_vended_logs() -> None:
    name = properties("dev", "DataProcessingLogGroup")["LogGroupName"]
    assert name == f"/aws/vendedlogs/states/{properties('dev', 'DataProcessingStateMachine')['StateMachineName']}"
