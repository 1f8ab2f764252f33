"""Suffixes, names and what follows from a source's name."""

import pytest

from stack.config import LEAST_RETENTION_DAYS, StackConfig, suffix_from_environment
from stack.errors import ConfigurationError
from stack.template import build_template
from tests.sources import ORDERS, USERS, two_sources
from tests.stack.resolve import resources_of

LIMITED_NAMES = {
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::DynamoDB::Table": ("TableName", 255),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Lambda::LayerVersion": ("LayerName", 140),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::Logs::QueryDefinition": ("Name", 255),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", 80),
}
"""The property with the name, and the characters that the resource reference of CloudFormation allows it."""


@pytest.mark.parametrize("suffix", ["dev", "prod", "a", "feature-42", "x" * 39])
def test_takes_a_suffix_that_every_name_can_hold(suffix: str) -> None:
    config = two_sources(suffix)
    assert config.stack_name == f"TapStack{suffix}"
    assert len(config.stack_name) <= 128
    for kind, (name_property, limit) in LIMITED_NAMES.items():
        names = [given[name_property] for given in resources_of(suffix, kind).values() if name_property in given]
        assert names and all(len(name) <= limit for name in names)


@pytest.mark.parametrize("suffix", ["", "Dev", "1st", "-dev", "my_branch", "a b", "dév", "dev\n", "../x"])
def test_refuses_what_cannot_be_part_of_a_name(suffix: str) -> None:
    with pytest.raises(ConfigurationError, match="use lower case letters, digits and hyphens"):
        StackConfig(suffix)


def test_refuses_a_suffix_that_is_too_long_and_says_which_name_would_break() -> None:
    with pytest.raises(
        ConfigurationError, match=r"the role 'x{40}-orderdataproc-role-synth'.*use at most 39"
    ) as caught:
        two_sources("x" * 40)
    assert str(caught.value).count(".") == 1


def test_only_production_is_protected() -> None:
    assert StackConfig("prod").protected
    assert not StackConfig("production").protected
    assert not StackConfig("dev").protected


def test_names_are_those_of_the_reference() -> None:
    assert StackConfig("dev").name("userdata") == "dev-userdata-synth"


def test_a_source_names_everything_that_follows_from_it() -> None:
    assert (USERS.data_type, USERS.summary_type, USERS.count_attribute) == (
        "USER_DATA",
        "USER_SUMMARY",
        "userActivityCount",
    )
    assert (ORDERS.source_id_attribute, ORDERS.processed_by, ORDERS.title) == (
        "sourceOrderId",
        "orderDataProcessor",
        "Order data",
    )


@pytest.mark.parametrize(
    ("environment", "suffix"),
    [({}, "dev"), ({"ENVIRONMENT_SUFFIX": ""}, "dev"), ({"ENVIRONMENT_SUFFIX": "pr7"}, "pr7")],
)
def test_the_suffix_of_the_environment(environment: dict[str, str], suffix: str) -> None:
    assert suffix_from_environment(environment) == suffix


@pytest.mark.parametrize("days", [-1, 0, 1, 2])
def test_activities_that_are_still_counted_cannot_expire(days: int) -> None:
    with pytest.raises(ConfigurationError, match=f"cannot expire after {days} days.*at least 3"):
        StackConfig(activity_retention_days=days)


def test_the_least_retention_outlasts_a_late_execution_of_the_schedule() -> None:
    rule = build_template(StackConfig()).to_dict()["Resources"]["DailyAnalyticsRule"]["Properties"]
    assert rule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    latest = 2 * 24 + 2 + rule["Targets"][0]["RetryPolicy"]["MaximumEventAgeInSeconds"] / 3600
    assert latest < 24 * LEAST_RETENTION_DAYS
