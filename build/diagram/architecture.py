"""The picture of the architecture: resources with their roles, logs and policies in one box, grouped by their work."""

import re
from collections import Counter
from collections.abc import Iterator

from build.diagram.graph import Edge, Graph, Kind, Resource
from build.diagram.groups import READING_ORDER, group_of
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row, legend, merged

LINES = {
    Kind.DATA: Line.DATA,
    Kind.FAILURE: Line.FAILURE,
    Kind.PERMISSION: Line.PERMISSION,
    Kind.REFERENCE: Line.REFERENCE,
    Kind.WATCH: Line.REFERENCE,
}

DETAILS = {
    "AWS::Events::Rule": (("ScheduleExpression", "{}"),),
    "AWS::Lambda::EventSourceMapping": (("BatchSize", "batches of {}"), ("MaximumRetryAttempts", "{} retries")),
    "AWS::Lambda::Function": (("MemorySize", "{} MB"), ("Timeout", "{} s")),
    "AWS::SNS::Subscription": (("Protocol", "{}"),),
}
"""By type, the properties that a box shows and their wording."""

ALARM = "AWS::CloudWatch::Alarm"
ALARM_BOX = "Alarms"
ALARM_COLUMNS = 2

DESCRIPTION = (
    "Every resource of the CloudFormation template, grouped by its work, with the ways of the data, "
    "of what failed, and the permissions of each role."
)


def subtitle(resource: Resource) -> str:
    """What a box says below a resource's name: its type and the details that matter at a glance."""
    shown = (
        wording.format(resource.properties[name])
        for name, wording in DETAILS.get(resource.type, ())
        if name in resource.properties
    )
    return " · ".join((f"{resource.service} {resource.noun}", *shown))


def short_actions(label: str) -> tuple[str, ...]:
    """The actions of a permission without their service, one a line."""
    return tuple(re.sub(r"\w+:", "", label).split(", "))


def counted_actions(edge: Edge) -> str:
    """A permission on what is not in the template, counted by service: `2 xray actions on *`."""
    services = Counter(re.findall(r"(\w+):", edge.label))
    counts = ", ".join(f"{count} {service} actions" for service, count in services.items())
    return f"{counts} on {edge.target}"


def notes(graph: Graph, box: set[str], part: Resource) -> Iterator[str]:
    """The permissions of a part that no arrow shows: within its own box, or on what is not in the template."""
    for edge in graph.of(Kind.PERMISSION):
        if edge.source == part.logical_id and edge.target in box:
            yield f"{', '.join(short_actions(edge.label))} on {graph.resources[edge.target].noun}"
        elif edge.source == part.logical_id and edge.target not in graph.resources:
            yield counted_actions(edge)


def part_rows(graph: Graph, owner: Resource) -> Iterator[Row]:
    """The rows of a resource's box: its role, log group, layer and policy."""
    parts = graph.targets(owner.logical_id, Kind.PART)
    box = {resource.logical_id for resource in (owner, *parts)}
    for part in parts:
        yield Row(part.logical_id, part.logical_id, part.noun, tuple(dict.fromkeys(notes(graph, box, part))))


def watch_rows(graph: Graph, watcher: Resource) -> Iterator[Row]:
    """What a dashboard shows, counted by type."""
    watched = Counter(resource.noun for resource in graph.targets(watcher.logical_id, Kind.WATCH))
    if watched:
        counts = tuple(f"{count} × {noun}" for noun, count in watched.items())
        yield Row(f"{watcher.logical_id} shows", "shows", notes=counts)


def resource_box(graph: Graph, resource: Resource) -> Box:
    """The box of one resource."""
    rows = (*part_rows(graph, resource), *watch_rows(graph, resource))
    return Box(resource.logical_id, resource.logical_id, subtitle(resource), resource.service, rows)


def alarm_box(graph: Graph, alarms: list[Resource]) -> Box:
    """All alarms in one box, listed under what they watch."""
    listed: dict[str, list[str]] = {}
    for alarm in alarms:
        watched = ", ".join(resource.logical_id for resource in graph.targets(alarm.logical_id, Kind.WATCH))
        listed.setdefault(watched, []).append(alarm.logical_id)
    rows = (Row(f"{ALARM_BOX} {watched}", watched, notes=tuple(names)) for watched, names in listed.items())
    title = f"{len(alarms)} alarms"
    return Box(ALARM_BOX, title, "CloudWatch Alarm · under what they watch", "CloudWatch", tuple(rows), ALARM_COLUMNS)


def boxes(graph: Graph, resources: list[Resource]) -> Iterator[Box]:
    """The boxes of a group's resources, its alarms in one."""
    alarms = [resource for resource in resources if resource.type == ALARM]
    if alarms:
        yield alarm_box(graph, alarms)
    yield from (resource_box(graph, resource) for resource in resources if resource.type != ALARM)


def groups(graph: Graph) -> Iterator[Group]:
    """The groups that have resources, in reading order; what is part of another resource has no box of its own."""
    parts = {edge.target for edge in graph.of(Kind.PART)}
    whole = [resource for resource in graph.resources.values() if resource.logical_id not in parts]
    for title in READING_ORDER:
        members = [resource for resource in whole if group_of(graph, resource) == title]
        if members:
            yield Group(title, tuple(boxes(graph, members)))


def is_drawn(graph: Graph, edge: Edge) -> bool:
    """Whether an edge becomes an arrow: both ends are resources, and what watches another group lists it instead."""
    if edge.kind not in LINES or edge.target not in graph.resources:
        return False
    ends = (graph.resources[edge.source], graph.resources[edge.target])
    return edge.kind is not Kind.WATCH or len({group_of(graph, end) for end in ends}) == 1


def arrows(graph: Graph, homes: dict[str, Box]) -> Iterator[Arrow]:
    """The arrows between different boxes; the alarms' all start from their common box."""
    drawn = {
        logical_id: ALARM_BOX if resource.type == ALARM else logical_id
        for logical_id, resource in graph.resources.items()
    }
    for edge in filter(lambda edge: is_drawn(graph, edge), graph.edges):
        source, target = drawn[edge.source], drawn[edge.target]
        if homes[source] != homes[target]:
            labels = short_actions(edge.label) if edge.kind is Kind.PERMISSION else (edge.label,)
            yield Arrow(source, target, LINES[edge.kind], labels)


def architecture(graph: Graph) -> Picture:
    """The picture of a whole template."""
    drawn = Picture("Architecture", DESCRIPTION, tuple(groups(graph)), ())
    between = merged(arrows(graph, drawn.homes()))
    meanings, examples = legend(line for line in Line if any(arrow.line is line for arrow in between))
    return Picture(drawn.title, drawn.description, (*drawn.groups, meanings), (*between, *examples))
