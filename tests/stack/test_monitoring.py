"""Alarms, the topic that they reach, and the dashboard."""

import json
import re
from typing import Any

import pytest

from stack import monitoring
from stack.alarms import AlarmDefinition, alarm_definitions
from stack.config import METRICS_NAMESPACE
from stack.template import render
from tests.sources import two_sources
from tests.stack.resolve import properties, resources_of, template

FUNCTIONS = ("UserDataProcessor", "OrderDataProcessor", "AnalyticsProcessor", "DataValidator")
MAPPINGS = ("UserDataEventSourceMapping", "OrderDataEventSourceMapping")
PROCESSORS = FUNCTIONS[:2]
MACHINE, RULE, TABLE = "DataProcessingStateMachine", "DailyAnalyticsRule", "AnalyticsTable"

WATCHED = [
    *((name, "FunctionName", metric) for name in FUNCTIONS for metric in ("Errors", "Throttles")),
    *(
        (name, "FunctionName", metric)
        for name in PROCESSORS
        for metric in ("IteratorAge", "DestinationDeliveryFailures")
    ),
    *(
        (name, "EventSourceMappingUUID", metric)
        for name in MAPPINGS
        for metric in ("DroppedEventCount", "FailedInvokeEventCount", "OnFailureDestinationDeliveredEventCount")
    ),
    *(
        (MACHINE, "StateMachineArn", metric)
        for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled")
    ),
    *(
        (RULE, "RuleName", metric)
        for metric in ("FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq")
    ),
    (TABLE, "TableName", "WriteThrottleEvents"),
]


def watched_by(alarm: dict[str, Any]) -> tuple[str, str, str]:
    """The resource, dimension and metric that an alarm looks at."""
    (dimension,) = alarm["Dimensions"]
    value = dimension["Value"]
    return (value.get("Ref") or value["Fn::GetAtt"][0], dimension["Name"], str(alarm["MetricName"]))


def test_everything_that_can_fail_is_watched_once() -> None:
    alarms = resources_of("dev", "AWS::CloudWatch::Alarm").values()
    of_aws = [alarm for alarm in alarms if alarm["Namespace"].startswith("AWS/")]
    assert sorted(map(watched_by, of_aws)) == sorted(WATCHED)


def test_an_alarm_on_a_metric_of_our_own_is_one_more_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = AlarmDefinition(
        logical_id="StaleSummaryAlarm",
        name_part="stale-summary",
        description="No day was summarised since yesterday: start the workflow by hand.",
        metric=(METRICS_NAMESPACE, "TotalRecords"),
        dimensions={"service": "analytics-processor", "environment": "dev"},
    )
    definitions = alarm_definitions
    monkeypatch.setattr(monitoring, "alarm_definitions", lambda *stack: [*definitions(*stack), stale])
    resources = json.loads(render(two_sources()))["Resources"]
    assert resources["StaleSummaryAlarm"]["Properties"]["Dimensions"] == [
        {"Name": "service", "Value": "analytics-processor"},
        {"Name": "environment", "Value": "dev"},
    ]
    assert "${StaleSummaryAlarm.Arn}" in resources["ServerlessDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert {name for name in resources if name not in template("dev")["Resources"]} == {"StaleSummaryAlarm"}


def test_every_alarm_reaches_the_topic_when_it_begins_and_ends() -> None:
    for alarm in resources_of("prod", "AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlertTopic"}]
        assert alarm["TreatMissingData"] == "notBreaching"


def test_every_alarm_says_what_to_do() -> None:
    descriptions = [alarm["AlarmDescription"] for alarm in resources_of("dev", "AWS::CloudWatch::Alarm").values()]
    assert all(re.fullmatch(r".+[.:;].+\.", description) for description in descriptions)


def test_alarm_names_are_unique() -> None:
    names = [alarm["AlarmName"] for alarm in resources_of("dev", "AWS::CloudWatch::Alarm").values()]
    assert len(set(names)) == len(names)


def test_mail_goes_out_only_to_an_address_that_was_given() -> None:
    subscription = template("dev")["Resources"]["AlertEmailSubscription"]
    assert subscription["Condition"] == "HasAlertEmail"
    assert template("dev")["Conditions"]["HasAlertEmail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlertEmail"}, ""]}]}
    assert template("dev")["Parameters"]["AlertEmail"]["Default"] == ""


def dashboard_widgets() -> list[dict[str, object]]:
    """The widgets of the dashboard with its placeholders left in."""
    widgets: list[dict[str, object]] = json.loads(properties("dev", "ServerlessDashboard")["DashboardBody"]["Fn::Sub"])[
        "widgets"
    ]
    return widgets


def test_widgets_do_not_overlap() -> None:
    places = [(widget["x"], widget["y"]) for widget in dashboard_widgets()]
    assert len(set(places)) == len(places)
    assert {x for x, _ in places} == {0, 12}


@pytest.mark.parametrize("name", [*FUNCTIONS, *MAPPINGS, MACHINE, TABLE])
def test_the_dashboard_shows(name: str) -> None:
    assert re.search(rf"\$\{{{name}(\.Id)?\}}", json.dumps(dashboard_widgets()))


def test_the_dashboard_shows_every_alarm() -> None:
    shown = re.findall(r"\$\{(\w+)\.Arn\}", json.dumps(dashboard_widgets()))
    assert shown == list(dict.fromkeys(shown))
    assert set(shown) == set(resources_of("dev", "AWS::CloudWatch::Alarm"))
