"""The state machine, the schedule, and what happens when the schedule cannot start it."""

import json
import re
from datetime import UTC, datetime

import pytest

from handlers.validation import validated
from stack.workflow import definition
from tests.stack.resolve import decided, properties

TASKS = {"ValidateData": 120, "ProcessAnalytics": 600}


@pytest.mark.parametrize(("state", "function_timeout"), TASKS.items())
def test_tasks_end_after_their_function_has(state: str, function_timeout: int) -> None:
    assert function_timeout < definition()["States"][state]["TimeoutSeconds"] <= function_timeout + 60


@pytest.mark.parametrize("state", TASKS)
def test_tasks_are_retried_with_jitter_when_lambda_is_at_fault(state: str) -> None:
    retries = definition()["States"][state]["Retry"]
    assert all(retry["JitterStrategy"] == "FULL" for retry in retries)
    assert "Lambda.TooManyRequestsException" in retries[0]["ErrorEquals"]


def test_the_workflow_outlasts_every_attempt_of_its_tasks() -> None:
    states = definition()["States"]
    longest = sum(
        states[name]["TimeoutSeconds"] * (1 + sum(retry["MaxAttempts"] for retry in states[name]["Retry"]))
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
