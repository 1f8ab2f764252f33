"""Alarms, the topic that they reach, and the dashboard."""

import json
import re
from typing import Any

import pytest

from stack import monitoring
from stack.alarms import AlarmDefinition, alarm_definitions
from stack.config import METRICS_NAMESPACE, StackConfig
from stack.runbook import NO_SUMMARY
from stack.template import build_template, render
from tests.sources import two_sources
from tests.stack.resolve import ALARM_TYPES, alarms_of, properties, resources_of, template

FUNCTIONS = ("UserDataProcessor", "OrderDataProcessor", "AnalyticsProcessor", "DataValidator")
MAPPINGS = ("UserDataEventSourceMapping", "OrderDataEventSourceMapping")
PROCESSORS = FUNCTIONS[:2]
MACHINE, RULE, TABLE = "DataProcessingStateMachine", "DailyAnalyticsRule", "AnalyticsTable"
QUEUE = "DailyAnalyticsDeadLetterQueue"

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
        for metric in (
            "DroppedEventCount",
            "FailedInvokeEventCount",
            "OnFailureDestinationDeliveredEventCount",
            "PolledEventCount",
        )
    ),
    *(
        (MACHINE, "StateMachineArn", metric)
        for metric in ("ExecutionsFailed", "ExecutionsSucceeded", "ExecutionsTimedOut", "ExecutionThrottled")
    ),
    *((RULE, "RuleName", metric) for metric in ("FailedInvocations", "InvocationsFailedToBeSentToDlq")),
    (QUEUE, "QueueName", "ApproximateNumberOfMessagesVisible"),
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
        runbook=NO_SUMMARY,
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
    assert "${StaleSummaryAlarm}" in json.dumps(resources["LateAlarm"]["Properties"]["AlarmRule"])


WAITING = re.compile(r"(Dropped|Failed)EventsAlarm|DeliveryAlarm|StepFunctions(Failure|Timeout)Alarm|Schedule\w+Alarm")
"""The alarms after which something waits for a person, though their metric is good again."""


def enabled(alarm: dict[str, Any], notifications: str) -> bool:
    """Whether an alarm notifies, given a value of the parameter `AlarmNotifications`."""
    condition, each, composite = alarm["ActionsEnabled"]["Fn::If"]
    assert template("dev")["Conditions"][condition] == {"Fn::Equals": [{"Ref": "AlarmNotifications"}, "Each"]}
    chosen: bool = each if notifications == "Each" else composite
    return chosen


def test_every_alarm_names_the_topic() -> None:
    assert all(alarm["AlarmActions"] == [{"Ref": "AlertTopic"}] for alarm in alarms_of(two_sources("prod")).values())


def test_composites_notify_unless_every_single_alarm_is_to() -> None:
    assert template("dev")["Parameters"]["AlarmNotifications"]["Default"] == "Composite"
    for kind, notifications in zip(ALARM_TYPES, ("Each", "Composite")):
        for alarm in resources_of("dev", kind).values():
            assert enabled(alarm, notifications)
            assert not enabled(alarm, "Composite" if notifications == "Each" else "Each")


def test_no_notification_says_that_it_is_over_while_something_waits_for_a_person() -> None:
    silent = {name for name, alarm in alarms_of(two_sources("prod")).items() if "OKActions" not in alarm}
    waiting = {name for name in alarms_of(two_sources("prod")) if WAITING.search(name)}
    assert silent == waiting | {"DataAtRiskAlarm", "BrokenAlarm"}
    assert all(alarms_of(two_sources("prod"))[name]["OKActions"] for name in {"LateAlarm", "UserDataStoppedAlarm"})


def test_silence_is_an_alarm_where_something_has_to_happen() -> None:
    breaching = {
        name for name, alarm in resources_of("prod", ALARM_TYPES[0]).items() if alarm["TreatMissingData"] == "breaching"
    }
    assert breaching == {"UserDataStoppedAlarm", "OrderDataStoppedAlarm", "DailySummaryMissingAlarm"}
    daily = properties("prod", "DailySummaryMissingAlarm")
    assert daily["Period"] * daily["EvaluationPeriods"] == 24 * 60 * 60


def test_a_mapping_that_is_paused_on_purpose_has_no_alarm() -> None:
    resources = template("dev")["Resources"]
    conditional = {
        name for name, resource in resources.items() if resource["Type"] == ALARM_TYPES[0] and "Condition" in resource
    }
    assert conditional == {"UserDataStoppedAlarm", "OrderDataStoppedAlarm"}
    assert {resources[name]["Condition"] for name in conditional} == {"StreamProcessingEnabled"}
    unconditional = [
        *(node["Fn::Sub"] for kind in ALARM_TYPES[1:] for rule in rules(kind) for node in rule if "Fn::Sub" in node),
        properties("dev", "ServerlessDashboard")["DashboardBody"]["Fn::Sub"],
    ]
    assert not any(f"${{{name}" in text for name in conditional for text in unconditional)
    otherwise = [node["Fn::If"] for rule in rules(ALARM_TYPES[1]) for node in rule if "Fn::If" in node]
    assert [(condition, rule) for condition, _, rule in otherwise] == [("StreamProcessingEnabled", "FALSE")]


def rules(kind: str) -> list[list[dict[str, Any]]]:
    """The terms of the composite alarms' rules, any of which makes the rule true."""
    joined = [alarm["AlarmRule"]["Fn::Join"] for alarm in resources_of("dev", kind).values()]
    assert {separator for separator, _ in joined} == {" OR "}
    return [terms for _, terms in joined]


def test_every_single_alarm_is_in_one_composite() -> None:
    children = re.findall(r"\$\{(\w+)\}", json.dumps(rules(ALARM_TYPES[1])))
    assert sorted(children) == sorted(resources_of("dev", ALARM_TYPES[0]))


def test_every_alarm_says_what_to_do() -> None:
    descriptions = [alarm["AlarmDescription"] for alarm in alarms_of(two_sources()).values()]
    assert all(re.fullmatch(r".+[.:;].+\. README: [A-Z][a-z ]+", description) for description in descriptions)


def test_throttled_transitions_are_not_called_executions() -> None:
    description = properties("dev", "StepFunctionsThrottleAlarm")["AlarmDescription"]
    assert description.startswith("State transitions, not executions, are throttled")


def test_alarm_names_are_unique() -> None:
    names = [alarm["AlarmName"] for alarm in alarms_of(two_sources()).values()]
    assert len(set(names)) == len(names)


def test_mail_goes_out_only_to_an_address_that_was_given() -> None:
    subscription = template("dev")["Resources"]["AlertEmailSubscription"]
    assert subscription["Condition"] == "HasAlertEmail"
    assert template("dev")["Conditions"]["HasAlertEmail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlertEmail"}, ""]}]}
    assert template("dev")["Parameters"]["AlertEmail"]["Default"] == ""


def dashboard_widgets() -> list[dict[str, Any]]:
    """The widgets of the dashboard with its placeholders left in."""
    widgets: list[dict[str, Any]] = json.loads(properties("dev", "ServerlessDashboard")["DashboardBody"]["Fn::Sub"])[
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
    text = json.dumps(dashboard_widgets())
    shown = [*re.findall(r"\$\{(\w+)\.Arn\}", text), *re.findall(r":alarm:([\w-]+)", text)]
    alarms = alarms_of(two_sources())
    conditional = {name for name in alarms if "Condition" in template("dev")["Resources"][name]}
    assert sorted(shown) == sorted(alarms.keys() - conditional | {alarms[name]["AlarmName"] for name in conditional})


def metrics_of(widget: dict[str, Any]) -> list[list[str]]:
    """The metrics of a graph, a dot replaced by what stands there in the metric before."""
    metrics: list[list[str]] = []
    for metric in widget["properties"]["metrics"]:
        metrics.append([metrics[-1][place] if value == "." else value for place, value in enumerate(metric)])
    return metrics


def test_a_graph_names_each_metric_once() -> None:
    for widget in dashboard_widgets():
        if widget["type"] == "metric":
            metrics = metrics_of(widget)
            assert metrics and len(set(map(tuple, metrics))) == len(metrics)
            assert all(len(metric) % 2 == 0 and "" not in metric for metric in metrics)


def test_the_dashboard_shows_the_metrics_of_this_stack_alone() -> None:
    (records,) = [widget for widget in dashboard_widgets() if widget["properties"]["title"] == "Records Processed"]
    assert metrics_of(records) == [
        [METRICS_NAMESPACE, metric, "environment", "dev", "service", service]
        for service in ("user-data-processor", "order-data-processor")
        for metric in ("RecordsProcessed", "ActivitiesWritten", "RecordsFailed")
    ]


@pytest.mark.parametrize("shards", [1, 8])
def test_shards_ring_before_they_are_full(shards: int) -> None:
    resources = build_template(
        StackConfig("prod", activity_shards=((0, 1), ("2026-01-01T00:00:00Z", shards)))
    ).to_dict()["Resources"]
    alarm = resources["UserDataShardsAlarm"]["Properties"]
    assert alarm["Threshold"] / alarm["Period"] == 0.8 * 1000 * shards
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "ServerlessApp",
        "ActivitiesWritten",
        "Sum",
    )
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": "user-data-processor"},
        {"Name": "environment", "Value": "prod"},
    ]
    assert f"TIME = {2 * shards}" in alarm["AlarmDescription"]
