import pytest

from build.diagram.architecture import permissions, short_actions
from build.diagram.graph import Edge, EdgeKind, Resource, ResourceGraph
from build.diagram.picture import Box, Line, Picture


@pytest.fixture(scope="module")
def granted(graph: ResourceGraph) -> Picture:
    return permissions(graph)


def box(drawn: Picture, name: str) -> Box:
    return next(box for box in drawn.boxes if box.id == name)


def texts(box: Box) -> list[str]:
    return [" ".join((row.title, *row.notes)) for row in box.rows]


def arrows_from(drawn: Picture, name: str) -> set[tuple[str, str]]:
    """(actions, target) of each arrow of a role."""
    rows = {row.id: " ".join((row.title, *row.notes)) for row in box(drawn, name).rows}
    return {(rows[arrow.source], arrow.target) for arrow in drawn.arrows if arrow.source in rows}


def test_every_permission_on_a_resource_is_an_arrow_with_its_actions(granted: Picture) -> None:
    assert arrows_from(granted, "UserDataProcessorRole") == {
        ("DescribeStream, GetRecords, GetShardIterator, ListStreams", "UserDataTable"),
        ("BatchWriteItem", "AnalyticsTable"),
        ("PutObject", "FailedEventsBucket"),
        ("ListBucket", "FailedEventsBucket"),
    }
    assert {arrow.line for arrow in granted.arrows} == {Line.PERMISSION}


def test_what_no_arrow_shows_is_written(granted: Picture) -> None:
    assert set(texts(box(granted, "UserDataProcessorRole"))) >= {
        "CreateLogStream, PutLogEvents on UserDataProcessorLogGroup",
        "PutTelemetryRecords, PutTraceSegments on *",
    }


def test_a_role_says_whose_it_is(granted: Picture) -> None:
    assert box(granted, "DailyAnalyticsRole").lines == ("IAM Role of DailyAnalyticsRule",)


def test_a_resource_shows_its_own_policy(granted: Picture) -> None:
    topic = box(granted, "AlertTopic")
    assert topic.lines == ("SNS Topic", "AlertTopicPolicy (TopicPolicy)")
    assert texts(topic) == ["Publish", "deny 11 sns actions (DenyPlainHttp)"]


def test_every_role_and_every_policy_is_drawn(granted: Picture, graph: ResourceGraph) -> None:
    drawn = {box.title for box in granted.boxes} | {line.split()[0] for box in granted.boxes for line in box.lines}
    assert {edge.source for edge in graph.edges_of(EdgeKind.PERMISSION)} <= drawn


def test_every_permission_is_a_row(granted: Picture, graph: ResourceGraph) -> None:
    rows = {row.id for box in granted.boxes for row in box.rows}
    assert rows == {f"{edge.source} {edge.target} {edge.label}" for edge in graph.edges_of(EdgeKind.PERMISSION)}


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("s3:GetObject", "GetObject"),
        ("s3:GetObject, s3:PutObject", "GetObject, PutObject"),
        ("deny s3:* (NoHttp)", "deny * (NoHttp)"),
        ("*", "*"),
        ("a:1, a:2, a:3, b:4, b:5", "3 a actions, 2 b actions"),
        ("deny a:1, a:2, a:3, a:4, a:5 (No)", "deny 5 a actions (No)"),
    ],
)
def test_actions_are_listed_without_service_or_counted(label: str, text: str) -> None:
    assert short_actions(label) == text


def test_a_role_that_belongs_to_nothing_is_drawn() -> None:
    role, table = Resource("Role", "AWS::IAM::Role", {}), Resource("Table", "AWS::DynamoDB::Table", {})
    edge = Edge("Role", "Table", EdgeKind.PERMISSION, "dynamodb:Query")
    drawn = permissions(ResourceGraph({"Role": role, "Table": table}, (edge,)))
    assert box(drawn, "Role").lines == ("IAM Role",)
    assert arrows_from(drawn, "Role") == {("Query", "Table")}


def test_without_permissions_there_is_nothing_to_draw() -> None:
    assert permissions(ResourceGraph({}, ())).groups == ()
