import json
from typing import Any

import pytest

from build.diagram.architecture import ALARM_BOX, architecture, permissions
from build.diagram.graph import ResourceGraph, extract
from build.diagram.picture import Arrow, Box, Line, Picture
from stack.config import StackConfig
from stack.template import render
from tests.sources import INVOICES, ORDERS, USERS, two_sources

ALARM_TYPES = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}


def box(drawn: Picture, name: str) -> Box:
    return next(box for box in drawn.boxes if box.id == name)


def words(drawn: Picture) -> str:
    """Every text of a picture's boxes."""
    rows = (text for box in drawn.boxes for row in box.rows for text in (row.title, *row.notes))
    return " ".join((*rows, *(text for box in drawn.boxes for text in (box.title, *box.lines, box.tooltip))))


@pytest.mark.parametrize("config", [two_sources(), two_sources("prod"), StackConfig(sources=(USERS, ORDERS, INVOICES))])
def test_every_resource_is_written_somewhere(config: StackConfig) -> None:
    graph = extract(json.loads(render(config)))
    written = words(architecture(graph))
    missing = {name for name, resource in graph.resources.items() if name not in written}
    assert missing == {name for name, resource in graph.resources.items() if resource.type in ALARM_TYPES}


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("Sources", {"UserDataTable", "OrderDataTable"}),
        (
            "Processing",
            {
                "UserDataEventSourceMapping",
                "OrderDataEventSourceMapping",
                "UserDataProcessor",
                "OrderDataProcessor",
            },
        ),
        ("Daily workflow", {"DailyAnalyticsRule", "DataProcessingStateMachine", "DataValidator", "AnalyticsProcessor"}),
        ("Analytics", {"AnalyticsTable"}),
        ("Failure handling", {"FailedEventsBucket", "DailyAnalyticsDeadLetterQueue"}),
        (
            "Monitoring",
            {
                *(ALARM_BOX, "AlertTopic", "AlertEmailSubscription", "ServerlessDashboard"),
                *("FailedRecordsQuery", "RecordQuery", "SlowBatchesQuery"),
            },
        ),
    ],
)
def test_resources_are_grouped_by_their_work(drawn: Picture, group: str, members: set[str]) -> None:
    assert {box.id for each in drawn.groups if each.title == group for box in each.boxes} == members


def test_nothing_of_the_stack_is_left_over(drawn: Picture) -> None:
    assert "Others" not in [group.title for group in drawn.groups]


def test_a_function_shows_its_size_and_names_its_parts(drawn: Picture) -> None:
    function = box(drawn, "UserDataProcessor")
    assert function.lines == ("Lambda Function · 256 MB · 300 s",)
    assert set(function.tooltip.split(", ")) == {
        "DependenciesLayer (LayerVersion)",
        "UserDataProcessorLogGroup (LogGroup)",
        "UserDataProcessorRole (Role)",
    }


def test_alarms_share_a_box_that_says_what_they_watch(drawn: Picture, graph: ResourceGraph) -> None:
    alarms = box(drawn, ALARM_BOX)
    assert alarms.title == "Alarms"
    text = " ".join(alarms.lines)
    assert all(noun in text for noun in ("Function", "EventSourceMapping", "StateMachine", "Rule", "Table"))


@pytest.mark.parametrize("draw", [architecture, permissions])
def test_the_number_of_alarms_changes_no_picture(template: dict[str, Any], draw: Any) -> None:
    resources = template["Resources"]
    alarm = next(body for body in resources.values() if body["Type"] == "AWS::CloudWatch::Alarm")
    more = {"Resources": {**resources, "AnotherAlarm": alarm}}
    assert draw(extract(more)) == draw(extract(template))


def test_an_alarm_on_a_metric_that_nobody_publishes_is_drawn() -> None:
    alarm = {"Namespace": "App", "Dimensions": [{"Name": "service", "Value": "nobody"}]}
    drawn = architecture(extract({"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}}}))
    assert [box.lines for box in drawn.boxes] == [("CloudWatch Alarm",)]


def test_the_alarms_reach_the_topic_by_one_arrow(drawn: Picture) -> None:
    assert [arrow for arrow in drawn.arrows if arrow.target == "AlertTopic"] == [
        Arrow(ALARM_BOX, "AlertTopic", Line.DATA, ("alarms", "all clear"))
    ]


def test_permissions_stay_out_of_the_datas_way(drawn: Picture) -> None:
    assert {arrow.line for arrow in drawn.arrows} == {Line.DATA, Line.FAILURE}


def test_a_dashboard_says_what_it_shows(drawn: Picture) -> None:
    assert "Function" in " ".join(box(drawn, "ServerlessDashboard").lines)
    assert "Alarm" in " ".join(box(drawn, "ServerlessDashboard").lines)
    assert [arrow for arrow in drawn.arrows if arrow.source == "ServerlessDashboard"] == []


def test_every_arrow_has_both_ends_in_the_picture(drawn: Picture) -> None:
    homes = drawn.homes()
    assert all(homes[arrow.source] != homes[arrow.target] for arrow in drawn.arrows)


def test_unknown_types_get_a_box_among_the_others() -> None:
    drawn = architecture(
        extract(
            {
                "Resources": {
                    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Cache": {"Ref": "Cache"}}},
                    "Cache": {"Type": "AWS::ElastiCache::CacheCluster"},
                    "Panel": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": "{}"}},
                }
            }
        )
    )
    others = next(group for group in drawn.groups if group.title == "Others")
    assert [box.lines for box in others.boxes] == [("ApiGateway RestApi",), ("ElastiCache CacheCluster",)]
    assert Arrow("Api", "Cache", Line.REFERENCE, ("Cache",)) in drawn.arrows
    assert box(drawn, "Panel").lines == ("CloudWatch Dashboard",)
