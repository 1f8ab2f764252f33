"""Processes made like Lambda's."""

import json
import os

from benchmarks.systems.lambda_environment import CountedLog, LambdaContext, clean_environment
from benchmarks.systems.template_facts import CONFIG, analytics_table, count_of, function_variables


def test_a_function_gets_the_variables_of_the_template_and_its_tables_name() -> None:
    variables = function_variables("UserDataProcessor")
    assert variables["ANALYTICS_TABLE_NAME"] == analytics_table()["TableName"] == "prod-analytics-synth"
    assert variables["POWERTOOLS_LOGGER_LOG_EVENT"] == "false"
    assert all(isinstance(value, str) for value in variables.values())


def test_a_functions_process_sees_nothing_of_the_users() -> None:
    os.environ["AWS_PROFILE"] = "mine"
    try:
        environment = clean_environment({"A": "b"})
    finally:
        del os.environ["AWS_PROFILE"]
    assert "AWS_PROFILE" not in environment and "HOME" not in environment
    assert environment["A"] == "b" and environment["AWS_SECRET_ACCESS_KEY"] == "test"


def test_the_log_counts_bytes_and_keeps_nothing() -> None:
    log = CountedLog()
    print("Zoë", file=log)
    assert log.size == 5


def test_the_context_never_runs_out_of_time() -> None:
    assert LambdaContext().get_remaining_time_in_millis() == 300_000


def test_resources_are_counted_in_the_template() -> None:
    assert count_of("AWS::DynamoDB::Table") == len(CONFIG.sources) + 1
    assert json.dumps(analytics_table())
