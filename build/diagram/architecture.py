"""The pictures of the architecture: how data flows through the resources, from left to right, and who may do what."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from build.diagram.graph import Edge, EdgeKind, Resource, ResourceGraph
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row, merged

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
"""Characters of a line that lists what is watched, or what is allowed."""

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

_PERMISSIONS_DESCRIPTION = "What each role may do on which resource, and what the policies of resources allow and deny."

_ACTIONS_LISTED = 4
"""Longer lists of actions are counted."""


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


def permissions(graph: ResourceGraph) -> Picture:
    """The picture of every role and policy of a template, and of the resources that they name."""
    return _Permissions(graph).picture()


def short_actions(label: str) -> str:
    """The actions of a permission without their service; a long list is counted: `8 logs actions`."""
    effect, sid = "deny " if label.startswith("deny ") else "", re.search(r" \(\w+\)$", label)
    end = sid[0] if sid else ""
    actions = label.removeprefix(effect).removesuffix(end).split(", ")
    services = Counter(action.partition(":")[0] for action in actions)
    counted = (f"{count} {service} actions" for service, count in services.items())
    named = (action.partition(":")[2] or action for action in actions)
    return effect + ", ".join(named if len(actions) <= _ACTIONS_LISTED else counted) + end


class _Permissions:
    """The permissions of a graph, by who has them."""

    def __init__(self, graph: ResourceGraph) -> None:
        self.graph = graph
        self.owners = {edge.target: edge.source for edge in graph.edges_of(EdgeKind.PART)}
        self.granted: dict[str, list[Edge]] = {}
        for edge in graph.edges_of(EdgeKind.PERMISSION):
            self.granted.setdefault(edge.source, []).append(edge)
        is_role = {name: graph.resources[name].noun == "Role" or name not in self.owners for name in self.granted}
        self.roles = [name for name in self.granted if is_role[name]]
        self.policies = {self.owners[name]: name for name in self.granted if not is_role[name]}

    def picture(self) -> Picture:
        """Roles on the left, resources on the right, each beside those that may use it."""
        arrows = tuple(arrow for role in self.roles for arrow in self._arrows(role))
        targets = dict.fromkeys((*_beside_their_roles(arrows), *self.policies))
        roles = Group("Roles", tuple(map(self._role_box, self.roles)))
        resources = Group("Resources and their policies", tuple(map(self._resource_box, targets)))
        groups = tuple(group for group in (roles, resources) if group.boxes)
        return Picture("Permissions", _PERMISSIONS_DESCRIPTION, groups, arrows)

    def _arrows(self, role: str) -> Iterator[Arrow]:
        for edge in self.granted[role]:
            if self._has_arrow(edge):
                yield Arrow(_row_id(edge), edge.target, Line.PERMISSION)

    def _has_arrow(self, edge: Edge) -> bool:
        """Whether a permission leads to a box: not to what the template lacks, nor to a part of the same resource."""
        owner = self.owners.get(edge.target)
        return edge.target in self.graph.resources and (owner is None or owner != self.owners.get(edge.source))

    def _role_box(self, name: str) -> Box:
        resource = self.graph.resources[name]
        owner = self.graph.resources[self.owners[name]] if name in self.owners else resource
        line = f"{kind_of(resource)} of {owner.logical_id}" if owner != resource else kind_of(resource)
        rows = (_row(edge, "" if self._has_arrow(edge) else f" on {edge.target}") for edge in self.granted[name])
        return Box(name, name, (line,), owner.service, tuple(dict.fromkeys(rows)))

    def _resource_box(self, name: str) -> Box:
        """A resource with what its own policy allows and denies on it."""
        resource, policy = self.graph.resources[name], self.policies.get(name)
        if policy is None:
            return Box(name, name, (kind_of(resource),), resource.service)
        lines = (kind_of(resource), f"{policy} ({self.graph.resources[policy].noun})")
        rows = (_row(edge, "" if edge.target == name else f" on {edge.target}") for edge in self.granted[policy])
        return Box(name, name, lines, resource.service, tuple(dict.fromkeys(rows)))


def _row(edge: Edge, place: str) -> Row:
    first, *rest = textwrap.wrap(short_actions(edge.label) + place, _LINE_LENGTH, break_long_words=False)
    return Row(_row_id(edge), first, tuple(rest))


def _row_id(edge: Edge) -> str:
    return f"{edge.source} {edge.target} {edge.label}"


def _beside_their_roles(arrows: tuple[Arrow, ...]) -> list[str]:
    """The targets of arrows in the order in which the arrows come to them, so that few cross."""
    coming: dict[str, list[int]] = {}
    for number, arrow in enumerate(arrows):
        coming.setdefault(arrow.target, []).append(number)
    return sorted(coming, key=lambda target: sum(coming[target]) / len(coming[target]))
