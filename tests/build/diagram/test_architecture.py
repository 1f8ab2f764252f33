import json

import pytest

from build.diagram.architecture import ALARM_BOX, architecture
from build.diagram.extraction import extract
from build.diagram.graph import Graph
from build.diagram.picture import Arrow, Box, Line, Picture
from stack.config import StackConfig
from stack.template import render
from tests.sources import INVOICES, ORDERS, USERS, two_sources


def box(drawn: Picture, name: str) -> Box:
    return next(box for box in drawn.boxes if box.id == name)


def words(drawn: Picture) -> set[str]:
    """Every text that stands in a box."""
    rows = [row for box in drawn.boxes for row in box.rows]
    return {box.title for box in drawn.boxes} | {text for row in rows for text in (row.title, *row.notes)}


@pytest.mark.parametrize("config", [two_sources(), two_sources("prod"), StackConfig(sources=(USERS, ORDERS, INVOICES))])
def test_every_resource_is_written_somewhere(config: StackConfig) -> None:
    graph = extract(json.loads(render(config)))
    assert set(graph.resources) <= words(architecture(graph))


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
        ("Workflow", {"DailyAnalyticsRule", "DataProcessingStateMachine", "DataValidator", "AnalyticsProcessor"}),
        ("Analytics", {"AnalyticsTable"}),
        ("Failure handling", {"FailedEventsBucket", "DailyAnalyticsDeadLetterQueue"}),
        ("Monitoring", {ALARM_BOX, "AlertTopic", "AlertEmailSubscription", "ServerlessDashboard"}),
    ],
)
def test_resources_are_grouped_by_their_work(drawn: Picture, group: str, members: set[str]) -> None:
    assert {box.id for one in drawn.groups if one.title == group for box in one.boxes} == members


def test_nothing_of_the_stack_is_left_over(drawn: Picture) -> None:
    assert "Others" not in [group.title for group in drawn.groups]


def test_a_function_shows_its_size_and_its_parts(drawn: Picture) -> None:
    function = box(drawn, "UserDataProcessor")
    assert function.subtitle == "Lambda Function · 256 MB · 300 s"
    assert {row.title for row in function.rows} == {
        "DependenciesLayer",
        "UserDataProcessorLogGroup",
        "UserDataProcessorRole",
    }
    role = next(row for row in function.rows if row.title == "UserDataProcessorRole")
    assert role.notes == ("CreateLogStream, PutLogEvents on LogGroup", "2 xray actions on *")


def test_alarms_share_a_box_under_what_they_watch(drawn: Picture, graph: Graph) -> None:
    alarms = box(drawn, ALARM_BOX)
    listed = {row.title: set(row.notes) for row in alarms.rows}
    assert listed["DailyAnalyticsRule"] == {"ScheduleDeadLetterAlarm", "ScheduleFailureAlarm", "ScheduleLossAlarm"}
    every = {name for name, node in graph.resources.items() if node.noun == "Alarm"}
    assert set().union(*listed.values()) == every
    assert alarms.title == f"{len(every)} alarms"


def test_the_alarms_reach_the_topic_by_one_arrow(drawn: Picture) -> None:
    assert [arrow for arrow in drawn.arrows if arrow.target == "AlertTopic"] == [
        Arrow(ALARM_BOX, "AlertTopic", Line.DATA, ("alarms", "all clear"))
    ]


def test_permissions_on_one_resource_are_one_arrow_with_all_actions(drawn: Picture) -> None:
    role = [arrow for arrow in drawn.arrows if arrow.source == "UserDataProcessorRole"]
    stream = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    assert set(role) == {
        Arrow("UserDataProcessorRole", "UserDataTable", Line.PERMISSION, stream),
        Arrow("UserDataProcessorRole", "AnalyticsTable", Line.PERMISSION, ("BatchWriteItem",)),
        Arrow("UserDataProcessorRole", "FailedEventsBucket", Line.PERMISSION, ("PutObject", "ListBucket")),
    }


def test_a_dashboard_counts_what_it_shows_and_points_at_the_alarms_only(drawn: Picture) -> None:
    (row,) = box(drawn, "ServerlessDashboard").rows
    assert "4 × Function" in row.notes
    assert [arrow.target for arrow in drawn.arrows if arrow.source == "ServerlessDashboard"] == [ALARM_BOX]


def test_the_legend_names_every_line_that_is_used(drawn: Picture) -> None:
    used = {arrow.line for arrow in drawn.arrows}
    names = [arrow.labels for arrow in drawn.arrows if arrow.source.endswith(" from")]
    assert names == [(line.value,) for line in Line if line in used]


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
    assert [box.subtitle for box in others.boxes] == ["ApiGateway RestApi", "ElastiCache CacheCluster"]
    assert Arrow("Api", "Cache", Line.REFERENCE, ("Cache",)) in drawn.arrows
    assert box(drawn, "Panel").rows == ()
