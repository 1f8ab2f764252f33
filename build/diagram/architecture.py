"""The picture of the architecture: how data flows through the resources, from left to right."""

import textwrap
from collections.abc import Iterable, Iterator

from build.diagram.graph import Edge, EdgeKind, Resource, ResourceGraph
from build.diagram.picture import Arrow, Box, Group, Line, Picture, merged

ALARM_BOX = "Alarms"
"""The one box of all alarms: the picture does not change with their number."""

_DESCRIPTION = (
    "How data flows through the resources of the CloudFormation template, from left to right, "
    "where failures go, and how people hear of them."
)

_LINES = {
    EdgeKind.DATA: Line.DATA,
    EdgeKind.FAILURE: Line.FAILURE,
    EdgeKind.REFERENCE: Line.REFERENCE,
}

_DETAILS = {
    "AWS::Events::Rule": (("ScheduleExpression", "{}"),),
    "AWS::Lambda::EventSourceMapping": (("BatchSize", "batches of {}"), ("MaximumRetryAttempts", "{} retries")),
    "AWS::Lambda::Function": (("MemorySize", "{} MB"), ("Timeout", "{} s")),
    "AWS::SNS::Subscription": (("Protocol", "{}"),),
}
"""By type, the properties that a box shows and their wording."""

_ALARMS = frozenset({"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"})
_MAPPING = "AWS::Lambda::EventSourceMapping"
_STATE_MACHINE = "AWS::StepFunctions::StateMachine"
_LINE_LENGTH = 36
"""Characters of a line that lists what is watched."""

_SOURCES = "Sources"
_PROCESSING = "Processing"
_WORKFLOW = "Daily workflow"
_ANALYTICS = "Analytics"
_FAILURES = "Failure handling"
_MONITORING = "Monitoring"
_OTHERS = "Others"

_READING_ORDER = (_SOURCES, _PROCESSING, _FAILURES, _WORKFLOW, _ANALYTICS, _MONITORING, _OTHERS)

_GROUP_OF_TYPE = {_MAPPING: _PROCESSING, _STATE_MACHINE: _WORKFLOW, "AWS::Events::Rule": _WORKFLOW}
_GROUP_OF_SERVICE = {"CloudWatch": _MONITORING, "Logs": _MONITORING, "SNS": _MONITORING}
_GROUP_OF_WHAT_RECEIVES_FROM = {_STATE_MACHINE: _WORKFLOW, _MAPPING: _PROCESSING, "AWS::Lambda::Function": _ANALYTICS}


def architecture(graph: ResourceGraph) -> Picture:
    """The picture of a whole template, its permissions excepted."""
    return Picture("Architecture", _DESCRIPTION, tuple(_groups(graph)), merged(_arrows(graph)))


def kind_of(resource: Resource) -> str:
    """What a resource is: `Lambda Function`."""
    return f"{resource.service} {resource.noun}"


def parts_of(graph: ResourceGraph, whole: Resource) -> list[Resource]:
    """The roles, log groups, layers and policies that a resource's box stands for."""
    return graph.targets(whole.logical_id, EdgeKind.PART)


def _groups(graph: ResourceGraph) -> Iterator[Group]:
    parts = {edge.target for edge in graph.edges_of(EdgeKind.PART)}
    wholes = [resource for resource in graph.resources.values() if resource.logical_id not in parts]
    for title in _READING_ORDER:
        members = [resource for resource in wholes if _group_of(graph, resource) == title]
        if members:
            yield Group(title, tuple(_boxes(graph, members)))


def _group_of(graph: ResourceGraph, resource: Resource) -> str:
    """The group of a resource: by its own type, else by what it receives from, else by what it feeds."""
    own = _GROUP_OF_TYPE.get(resource.type) or _GROUP_OF_SERVICE.get(resource.service)
    if own:
        return own
    if graph.sources(resource.logical_id, EdgeKind.FAILURE):
        return _FAILURES
    feeders = {source.type for source in graph.sources(resource.logical_id, EdgeKind.DATA)}
    fed = {target.type for target in graph.targets(resource.logical_id, EdgeKind.DATA)}
    received = (group for feeder, group in _GROUP_OF_WHAT_RECEIVES_FROM.items() if feeder in feeders)
    return next(received, _SOURCES if _MAPPING in fed else _OTHERS)


def _boxes(graph: ResourceGraph, resources: list[Resource]) -> Iterator[Box]:
    """The boxes of a group's resources, its alarms in one."""
    alarms = [resource for resource in resources if resource.type in _ALARMS]
    if alarms:
        yield _alarm_box(graph, alarms)
    yield from (_resource_box(graph, resource) for resource in resources if resource.type not in _ALARMS)


def _resource_box(graph: ResourceGraph, resource: Resource) -> Box:
    shown = (
        wording.format(resource.properties[name])
        for name, wording in _DETAILS.get(resource.type, ())
        if name in resource.properties
    )
    lines = (" · ".join((kind_of(resource), *shown)), *_watch_lines("shows", graph, [resource]))
    parts = ", ".join(f"{part.logical_id} ({part.noun})" for part in parts_of(graph, resource))
    return Box(resource.logical_id, resource.logical_id, lines, resource.service, tooltip=parts)


def _alarm_box(graph: ResourceGraph, alarms: list[Resource]) -> Box:
    kinds = ", ".join(dict.fromkeys(map(kind_of, alarms)))
    return Box(ALARM_BOX, ALARM_BOX, (kinds, *_watch_lines("watch", graph, alarms)), "CloudWatch")


def _watch_lines(verb: str, graph: ResourceGraph, watchers: Iterable[Resource]) -> list[str]:
    """The types that some resources watch, whatever their number."""
    watched = {target.noun for watcher in watchers for target in graph.targets(watcher.logical_id, EdgeKind.WATCH)}
    return textwrap.wrap(f"{verb} {', '.join(sorted(watched))}", _LINE_LENGTH) if watched else []


def _arrows(graph: ResourceGraph) -> Iterator[Arrow]:
    """The arrows between different boxes; the alarms' all start from their common box."""
    parts = {edge.target for edge in graph.edges_of(EdgeKind.PART)}
    boxes = {
        logical_id: ALARM_BOX if resource.type in _ALARMS else logical_id
        for logical_id, resource in graph.resources.items()
        if logical_id not in parts
    }
    for edge in graph.edges_of(*_LINES):
        if _joins_two_boxes(edge, boxes):
            yield Arrow(boxes[edge.source], boxes[edge.target], _LINES[edge.kind], (edge.label,))


def _joins_two_boxes(edge: Edge, boxes: dict[str, str]) -> bool:
    return edge.source in boxes and edge.target in boxes and boxes[edge.source] != boxes[edge.target]
