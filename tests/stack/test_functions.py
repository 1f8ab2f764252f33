"""Functions: what they run on, what they are told, where they log."""

import json

import pytest

from stack.config import StackConfig
from stack.template import render
from tests.sources import two_sources
from tests.stack.resolve import properties, resources_of, template

FUNCTIONS = ("UserDataProcessor", "OrderDataProcessor", "AnalyticsProcessor", "DataValidator")


def variables(suffix: str, function: str) -> dict[str, str]:
    """The environment of a function."""
    found: dict[str, str] = properties(suffix, function)["Environment"]["Variables"]
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_runs_the_packaged_handler_with_tracing(function: str) -> None:
    given = properties("dev", function)
    assert (given["Runtime"], given["Architectures"]) == ("python3.13", ["arm64"])
    assert given["TracingConfig"] == {"Mode": {"Ref": "TracingMode"}}
    assert given["Code"] == {"S3Bucket": {"Ref": "ArtifactBucket"}, "S3Key": {"Ref": f"{function}Key"}}
    assert given["Layers"] == [{"Ref": "DependenciesLayer"}]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_logs_to_a_group_of_the_stack_with_retention(function: str) -> None:
    group = properties("dev", f"{function}LogGroup")
    assert properties("dev", function)["LoggingConfig"] == {"LogGroup": {"Ref": f"{function}LogGroup"}}
    assert group["LogGroupName"] == f"/aws/lambda/{properties('dev', function)['FunctionName']}"
    assert group["RetentionInDays"] == 14


@pytest.mark.parametrize(
    ("config", "days"),
    [
        (two_sources("dev"), 14),
        (two_sources("prod"), 90),
        (two_sources("try", protected_by_settings=True), 90),
    ],
)
def test_a_protected_suffix_keeps_its_logs_for_a_quarter(config: StackConfig, days: int) -> None:
    resources = json.loads(render(config))["Resources"].values()
    groups = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::Logs::LogGroup"]
    assert {group["RetentionInDays"] for group in groups} == {days}


def test_tracing_can_be_left_to_callers() -> None:
    parameter = template("dev")["Parameters"]["TracingMode"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("Active", ["Active", "PassThrough"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_has_a_role_of_its_own(function: str) -> None:
    roles = [given["Role"] for given in resources_of("dev", "AWS::Lambda::Function").values()]
    assert roles.count({"Fn::GetAtt": [f"{function}Role", "Arn"]}) == 1


def test_one_handler_serves_every_source() -> None:
    user, order = properties("dev", "UserDataProcessor"), properties("dev", "OrderDataProcessor")
    assert user["Handler"] == order["Handler"] == "handlers.stream_processor.handler"
    assert variables("dev", "OrderDataProcessor")["SOURCE_ID_ATTRIBUTE"] == "sourceOrderId"


def test_payloads_are_logged_only_where_data_is_disposable() -> None:
    assert variables("dev", "UserDataProcessor")["POWERTOOLS_LOGGER_LOG_EVENT"] == "true"
    assert variables("prod", "UserDataProcessor")["POWERTOOLS_LOGGER_LOG_EVENT"] == "false"
    assert "POWERTOOLS_LOGGER_LOG_EVENT" not in variables("dev", "AnalyticsProcessor")


def test_no_development_mode_that_turns_metrics_off() -> None:
    assert not any("POWERTOOLS_DEV" in variables("prod", function) for function in FUNCTIONS)


@pytest.mark.parametrize("suffix", ["dev", "prod"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_metrics_are_told_apart_by_the_suffix(function: str, suffix: str) -> None:
    assert variables(suffix, function)["ENVIRONMENT"] == suffix


def test_analytics_and_validator_learn_the_sources() -> None:
    sources = json.loads(variables("dev", "AnalyticsProcessor")["SOURCES"])
    assert [source["dataType"] for source in sources] == ["USER_DATA", "ORDER_DATA"]
    assert variables("dev", "DataValidator")["DATA_TYPES"] == "DAILY_ANALYTICS,ORDER_DATA,USER_DATA"


def test_the_configuration_lists_what_the_template_has() -> None:
    assert [function.logical_id for function in two_sources().functions] == list(FUNCTIONS)
