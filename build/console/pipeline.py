"""The pipeline of a template, from left to right, and what is true of each of its boxes and arrows now."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from build.commands.list import age_text
from build.console.alarm_states import AlarmState
from build.console.drawing import Appearance, Sheet
from build.console.execution_paths import RUNNING, SUCCEEDED, ListedExecution
from build.console.metrics import Metric, Series
from build.console.target import Target
from build.diagram.architecture import kind_of
from build.diagram.graph import EdgeKind, Resource, ResourceGraph
from build.diagram.layout import lay_out
from build.diagram.picture import Arrow, Box, Group, Line, Picture, merged
from stack.config import METRICS_NAMESPACE

_MAPPING = "AWS::Lambda::EventSourceMapping"
_MACHINE = "AWS::StepFunctions::StateMachine"
_RULE = "AWS::Events::Rule"
_TABLE, _FUNCTION = "AWS::DynamoDB::Table", "AWS::Lambda::Function"
_FLOWING = (_TABLE, _FUNCTION, _MACHINE, _RULE, "AWS::S3::Bucket", "AWS::SQS::Queue")
_PANELS = {
    _TABLE: "trace",
    _MACHINE: "executions",
    _RULE: "executions",
    "AWS::S3::Bucket": "failed-events",
    "AWS::SQS::Queue": "alarms",
}
"""What a click on a box opens, by type of resource."""
_BUCKET, _QUEUE = "FailedEventsBucket", "DailyAnalyticsDeadLetterQueue"
_FLOW_PERIOD = 60
_FLOW_PERIODS = 2
"""How many periods the rate of an arrow is taken from: the one that goes on, and the one before."""
_ROOM = "888.8 records/s · oldest 88 min"
"""The longest text beside an arrow, for which the layout leaves room."""
_CHANGES, _FAILURES, _DAILY = "Changes", "Failures", "Every day"


@dataclass(frozen=True)
class Flow:
    """What flows through a mapping.

    Args:
        table: logical id.
        function: logical id.
        processed: the metric of records that its function processed.
        age: the metric of the age of the oldest record.
    """

    table: str
    function: str
    processed: Metric
    age: Metric

    @property
    def ends(self) -> tuple[str, str]:
        """The boxes that its arrow joins."""
        return self.table, self.function


@dataclass(frozen=True)
class Counted:
    """What was counted besides metrics: objects of failed events, and messages in the dead-letter queue."""

    failed_events: int
    dead_letters: int


def flows(target: Target) -> list[Flow]:
    """The mappings of a stack, as arrows from a table to a function."""
    services = {f"{source.name}Processor": source.service_name for source in target.config.sources}
    found: list[Flow] = []
    for table, function in _mapped(target.graph):
        own = (("environment", target.config.suffix), ("service", services.get(function, "")))
        name = (("FunctionName", target.resources[function].physical_id),) if function in target.resources else ()
        processed = Metric(METRICS_NAMESPACE, "RecordsProcessed", own, "Sum", _FLOW_PERIOD)
        found.append(
            Flow(table, function, processed, Metric("AWS/Lambda", "IteratorAge", name, "Maximum", _FLOW_PERIOD))
        )
    return found


def pipeline_sheet(graph: ResourceGraph) -> Sheet:
    """The picture of what data flows through, without what watches it."""
    picture = Picture(
        "Pipeline",
        "How records flow through the stack, from left to right, and how each part is now.",
        tuple(_groups(graph)),
        merged(_arrows(graph)),
    )
    links = {box.id: _link(graph, graph.resources[box.id]) for box in picture.boxes}
    return Sheet(picture, lay_out(picture), links)


def arrows_now(
    found: Iterable[Flow], series: Mapping[Metric, Series], now: datetime
) -> dict[tuple[str, str], Appearance]:
    """What flows on each arrow from a table to a function."""
    return {flow.ends: _flow_now(flow, series, now) for flow in found}


def boxes_now(
    target: Target, alarms: Iterable[AlarmState], executions: Iterable[ListedExecution], counted: Counted
) -> dict[str, Appearance]:
    """How each box is: ill while an alarm that watches it, or a part of it, rings."""
    mapped = {found.logical_id: function for found, _, function in _mappings(target.graph)}
    ringing = Counter(
        box
        for alarm in alarms
        if alarm.rings and not alarm.composite
        for box in {mapped.get(name, name) for name in alarm.watched}
    )
    waiting = {_BUCKET: counted.failed_events, _QUEUE: counted.dead_letters}
    listed = list(executions)
    return {
        resource.logical_id: Appearance(
            _lines(resource, listed, waiting, ringing[resource.logical_id]),
            "ill" if ringing[resource.logical_id] or waiting.get(resource.logical_id) else "well",
        )
        for resource in _flowing(target.graph)
    }


def _link(graph: ResourceGraph, resource: Resource) -> str:
    """What a click on a box opens: of a function its own log lines, of a table without a stream its summaries."""
    if resource.type == _FUNCTION:
        return f"/?panel=logs&source={resource.logical_id}"
    if resource.type == _TABLE and resource.logical_id not in {table for table, _ in _mapped(graph)}:
        return "/?panel=summaries"
    return f"/?panel={_PANELS[resource.type]}"


def _flow_now(flow: Flow, series: Mapping[Metric, Series], now: datetime) -> Appearance:
    processed, age = series.get(flow.processed, Series()), series.get(flow.age, Series())
    since = now - timedelta(seconds=_FLOW_PERIOD * _FLOW_PERIODS)
    recent = [value for time, value in zip(processed.times, processed.values, strict=True) if time > since]
    if not processed.times:
        return Appearance(("no data",))
    first = min((time for time in processed.times if time > since), default=now)
    rate = sum(recent) / max((now - first).total_seconds(), 1)
    oldest = [value for time, value in zip(age.times, age.values, strict=True) if time > since]
    behind = (f"oldest {age_text(timedelta(milliseconds=max(oldest)))}",) if oldest else ()
    return Appearance((f"{rate:.1f} records/s", *behind), "busy" if rate else "")


def _lines(
    resource: Resource, executions: list[ListedExecution], waiting: Mapping[str, int], ringing: int = 0
) -> tuple[str, ...]:
    match resource.type:
        case "AWS::S3::Bucket":
            return (f"{waiting.get(resource.logical_id, 0):,} failed events",)
        case "AWS::SQS::Queue":
            return (f"{waiting.get(resource.logical_id, 0):,} dead letters",)
        case _ if ringing:
            return (f"{ringing} alarms ring" if ringing > 1 else "1 alarm rings",)
        case "AWS::StepFunctions::StateMachine":
            return (_execution_line(executions),)
        case "AWS::Events::Rule":
            return (str(resource.properties.get("ScheduleExpression", "")),)
        case _:
            return (kind_of(resource),)


def _execution_line(executions: list[ListedExecution]) -> str:
    running = sum(execution.status == RUNNING for execution in executions)
    if running:
        return f"{running} running"
    if not executions:
        return "no execution yet"
    last = executions[0]
    word = "succeeded" if last.status == SUCCEEDED else last.status.lower().replace("_", " ")
    return f"last {word} {last.started.astimezone(UTC):%H:%M} UTC"


def _flowing(graph: ResourceGraph) -> list[Resource]:
    joined = {end for edge in graph.edges_of(EdgeKind.DATA, EdgeKind.FAILURE) for end in (edge.source, edge.target)}
    return [found for found in graph.resources.values() if found.type in _FLOWING and found.logical_id in joined]


def _mappings(graph: ResourceGraph) -> Iterator[tuple[Resource, str, str]]:
    """The mappings, each with its table and its function."""
    for mapping in graph.resources.values():
        if mapping.type == _MAPPING:
            for table in graph.sources(mapping.logical_id, EdgeKind.DATA):
                for function in graph.targets(mapping.logical_id, EdgeKind.DATA):
                    yield mapping, table.logical_id, function.logical_id


def _mapped(graph: ResourceGraph) -> list[tuple[str, str]]:
    return [(table, function) for _, table, function in _mappings(graph)]


def _groups(graph: ResourceGraph) -> Iterator[Group]:
    """What follows the streams, what holds failures, and what the schedule starts."""
    daily = _daily(graph)
    groups: dict[str, list[Box]] = {_CHANGES: [], _FAILURES: [], _DAILY: []}
    for resource in _flowing(graph):
        failing = bool(graph.sources(resource.logical_id, EdgeKind.FAILURE))
        title = _FAILURES if failing else _DAILY if resource.logical_id in daily else _CHANGES
        groups[title].append(Box(resource.logical_id, resource.logical_id, (_room_of(resource),), resource.service))
    yield from (Group(title, tuple(boxes)) for title, boxes in groups.items() if boxes)


def _room_of(resource: Resource) -> str:
    """The longest line that the box of a resource can have."""
    return "last succeeded 00:00 UTC" if resource.type == _MACHINE else _lines(resource, [], {})[0]


def _daily(graph: ResourceGraph) -> set[str]:
    """The rules, and what they lead to but for the tables."""
    found = [resource.logical_id for resource in graph.resources.values() if resource.type == _RULE]
    for name in found:
        following = (*graph.targets(name, EdgeKind.DATA), *graph.targets(name, EdgeKind.FAILURE))
        found += [then.logical_id for then in following if then.type in _FLOWING and "Table" not in then.type]
    return set(found)


def _arrows(graph: ResourceGraph) -> Iterator[Arrow]:
    """The arrows between the boxes; a mapping is the arrow from its table to its function."""
    shown = {resource.logical_id for resource in _flowing(graph)}
    functions = {mapping.logical_id: function for mapping, _, function in _mappings(graph)}
    for table, function in _mapped(graph):
        yield Arrow(table, function, Line.DATA, (_ROOM,))
    for edge in graph.edges_of(EdgeKind.DATA, EdgeKind.FAILURE):
        line = Line.FAILURE if edge.kind is EdgeKind.FAILURE else Line.DATA
        source = functions.get(edge.source, edge.source)
        if source in shown and edge.target in shown and source != edge.target:
            yield Arrow(source, edge.target, line, (edge.label,) if line is Line.FAILURE else ())
