"""The template as a graph: its resources, and what flows, is watched, belongs together or is allowed between them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

_SUBSTITUTED = re.compile(r"\$\{(\w+)(?:\.[\w.]+)?\}")
"""A logical id in `Fn::Sub` text; `${AWS::Region}` and `${!Literal}` are none
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html)."""


class EdgeKind(Enum):
    """What an edge means."""

    DATA = "data"
    FAILURE = "failure"
    PERMISSION = "permission"
    PART = "part"
    WATCH = "watch"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Resource:
    """A resource of the template."""

    logical_id: str
    type: str
    properties: dict[str, Any]

    @property
    def service(self) -> str:
        """`DynamoDB` of `AWS::DynamoDB::Table`."""
        return self.type.split("::")[1]

    @property
    def noun(self) -> str:
        """`Table` of `AWS::DynamoDB::Table`."""
        return self.type.split("::")[-1]


@dataclass(frozen=True)
class Edge:
    """A directed connection between two resources.

    Args:
        source: logical id; of a `PART` the whole, of a `WATCH` the watcher, of a `PERMISSION` the role or policy.
        target: logical id; of a `PERMISSION` any resource text when it names none of the template's.
        kind: what it means.
        label: a word or two, or the actions that are allowed.
    """

    source: str
    target: str
    kind: EdgeKind
    label: str = ""

    def reversed(self) -> "Edge":
        return Edge(self.target, self.source, self.kind, self.label)


@dataclass(frozen=True)
class ResourceGraph:
    """All resources by logical id, and the edges between them."""

    resources: dict[str, Resource]
    edges: tuple[Edge, ...]

    def edges_of(self, *kinds: EdgeKind) -> Iterator[Edge]:
        return (edge for edge in self.edges if edge.kind in kinds)

    def sources(self, target: str, kind: EdgeKind) -> list[Resource]:
        """The resources from which edges of a kind lead to one."""
        return [self.resources[edge.source] for edge in self.edges_of(kind) if edge.target == target]

    def targets(self, source: str, kind: EdgeKind) -> list[Resource]:
        """The resources of the template to which edges of a kind lead from one."""
        ends = [edge.target for edge in self.edges_of(kind) if edge.source == source]
        return [self.resources[end] for end in ends if end in self.resources]


@dataclass(frozen=True)
class Reference:
    """A logical id, and the names of the properties that lead to it: `("Targets", "Arn")`."""

    path: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class _Meaning:
    """What a reference in some property means.

    Args:
        inward: whether the edge leads from the resource referred to, as a stream does to its mapping.
    """

    kind: EdgeKind
    label: str = ""
    inward: bool = False


_POLICY_OF = _Meaning(EdgeKind.PART, inward=True)
_ALARM_ACTIONS = {
    "AlarmActions": _Meaning(EdgeKind.DATA, "alarms"),
    "OKActions": _Meaning(EdgeKind.DATA, "all clear"),
}

_MEANINGS = {
    "AWS::CloudWatch::Alarm": {
        **_ALARM_ACTIONS,
        "Dimensions": _Meaning(EdgeKind.WATCH),
        "Metrics": _Meaning(EdgeKind.WATCH),
    },
    "AWS::CloudWatch::CompositeAlarm": {**_ALARM_ACTIONS, "AlarmRule": _Meaning(EdgeKind.DATA, inward=True)},
    "AWS::CloudWatch::Dashboard": {"DashboardBody": _Meaning(EdgeKind.WATCH, "shows")},
    "AWS::Events::Rule": {
        "Targets.Arn": _Meaning(EdgeKind.DATA, "starts"),
        "Targets.DeadLetterConfig": _Meaning(EdgeKind.FAILURE, "could not start"),
        "Targets.RoleArn": _Meaning(EdgeKind.PART),
    },
    "AWS::Lambda::EventSourceMapping": {
        "DestinationConfig.OnFailure": _Meaning(EdgeKind.FAILURE, "retries exhausted"),
        "EventSourceArn": _Meaning(EdgeKind.DATA, "stream", inward=True),
        "FunctionName": _Meaning(EdgeKind.DATA, "invokes"),
    },
    "AWS::Lambda::Function": {
        "Environment": _Meaning(EdgeKind.DATA),
        "Layers": _Meaning(EdgeKind.PART),
        "LoggingConfig": _Meaning(EdgeKind.PART),
        "Role": _Meaning(EdgeKind.PART),
    },
    "AWS::S3::BucketPolicy": {"Bucket": _POLICY_OF},
    "AWS::SNS::Subscription": {"TopicArn": _Meaning(EdgeKind.DATA, "notifies", inward=True)},
    "AWS::SNS::TopicPolicy": {"Topics": _POLICY_OF},
    "AWS::SQS::QueuePolicy": {"Queues": _POLICY_OF},
    "AWS::StepFunctions::StateMachine": {
        "DefinitionSubstitutions": _Meaning(EdgeKind.DATA, "runs"),
        "LoggingConfiguration": _Meaning(EdgeKind.PART),
        "RoleArn": _Meaning(EdgeKind.PART),
    },
}
"""By type and property path; a reference anywhere else is an edge of kind `REFERENCE`, labelled with its property."""


def extract(template: dict[str, Any]) -> ResourceGraph:
    """The graph of a template; every resource is in it, whatever its type.

    Args:
        template: a CloudFormation template, as read from JSON.

    Returns:
        The resources in their order in the template, with the edges of each, none of them twice.
    """
    resources = {
        logical_id: Resource(logical_id, body["Type"], body.get("Properties", {}))
        for logical_id, body in template["Resources"].items()
    }
    edges = (
        edge
        for resource in resources.values()
        for edge in (
            *_reference_edges(resource, resources),
            *_publisher_edges(resource, resources),
            *permission_edges(resource),
        )
    )
    return ResourceGraph(resources, tuple(dict.fromkeys(edges)))


def references(value: Any, path: tuple[str, ...] = ()) -> Iterator[Reference]:
    """Every `Ref`, `Fn::GetAtt` and `Fn::Sub` below a value, in the order of the template."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (Reference(path, target) for target in _named_by(key, inner))
            yield from references(inner, path if key.startswith("Fn::") else (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner, path)


def substituted_names(text: str) -> list[str]:
    """The names that `Fn::Sub`, or a state machine's substitutions, replace in a text."""
    return _SUBSTITUTED.findall(text)


def _named_by(function: str, argument: Any) -> list[str]:
    """The logical ids that an intrinsic function names; none for any other key."""
    text = argument if isinstance(argument, str) else argument[0] if isinstance(argument, list) and argument else ""
    if function == "Ref":
        return [text]
    if function == "Fn::GetAtt":
        return [text.partition(".")[0]]
    return substituted_names(text) if function == "Fn::Sub" else []


def _reference_edges(resource: Resource, resources: dict[str, Resource]) -> Iterator[Edge]:
    for reference in references(resource.properties):
        if reference.target in resources and not _is_granted(reference):
            meaning = _meaning(resource, reference)
            edge = Edge(resource.logical_id, reference.target, meaning.kind, meaning.label)
            yield edge.reversed() if meaning.inward else edge


def _is_granted(reference: Reference) -> bool:
    """Whether a reference is the resource of a policy statement, which becomes a permission."""
    return reference.path[-2:] == ("Statement", "Resource")


def _meaning(resource: Resource, reference: Reference) -> _Meaning:
    """The meaning of the longest known property path that a reference stands below."""
    known = _MEANINGS.get(resource.type, {})
    steps = range(len(reference.path), 0, -1)
    prefixes = (".".join(reference.path[:step]) for step in steps)
    other = _Meaning(EdgeKind.REFERENCE, reference.path[-1] if reference.path else "")
    return next((known[prefix] for prefix in prefixes if prefix in known), other)


def _publisher_edges(alarm: Resource, resources: dict[str, Resource]) -> Iterator[Edge]:
    """An alarm on a metric of our own names no resource: it watches the functions that publish under that service.

    Source: https://docs.aws.amazon.com/powertools/python/latest/core/metrics/#terminologies
    """
    watched = [(metric["Namespace"], service) for metric in _metrics(alarm) for service in _services(metric)]
    for resource in resources.values():
        variables = resource.properties.get("Environment", {}).get("Variables", {})
        publishes = (variables.get("POWERTOOLS_METRICS_NAMESPACE"), variables.get("POWERTOOLS_SERVICE_NAME"))
        if publishes in watched:
            yield Edge(alarm.logical_id, resource.logical_id, EdgeKind.WATCH)


def _metrics(alarm: Resource) -> list[dict[str, Any]]:
    """The metrics of an alarm, of its own or in a metric math expression; other resources have none."""
    if alarm.type != "AWS::CloudWatch::Alarm":
        return []
    queried = [query["MetricStat"]["Metric"] for query in alarm.properties.get("Metrics", []) if "MetricStat" in query]
    return [metric for metric in (alarm.properties, *queried) if "Namespace" in metric]


def _services(metric: dict[str, Any]) -> list[Any]:
    return [dimension["Value"] for dimension in metric.get("Dimensions", []) if dimension["Name"] == "service"]


def permission_edges(resource: Resource) -> Iterator[Edge]:
    """What a role or a resource policy allows and denies: an edge for each statement and each resource that it names.

    The label lists the actions; those of a denial say so, with its Sid.
    """
    for statement in _statements(resource.properties):
        named = [target for entry in _as_list(statement["Resource"]) for target in _named_targets(entry)]
        for target in dict.fromkeys(named):
            yield Edge(resource.logical_id, target, EdgeKind.PERMISSION, _permission_label(statement))


def _as_list(value: Any) -> list[Any]:
    """A policy's value, which may be a list or its only element."""
    return value if isinstance(value, list) else [value]


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement below a value that allows or denies something on a resource; trust policies have none."""
    if isinstance(value, dict):
        yield from (statement for statement in _as_list(value.get("Statement", [])) if "Resource" in statement)
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _statements(inner)


def _named_targets(resource: Any) -> list[str]:
    """The logical ids that a statement's resource names, or its own text when it names none."""
    named = [reference.target for reference in references(resource)]
    return named or [resource if isinstance(resource, str) else json.dumps(resource)]


def _permission_label(statement: dict[str, Any]) -> str:
    actions = ", ".join(_as_list(statement["Action"]))
    if statement["Effect"] == "Allow":
        return actions
    return f"deny {actions} ({statement['Sid']})" if "Sid" in statement else f"deny {actions}"
