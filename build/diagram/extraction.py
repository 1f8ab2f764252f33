"""Reads the graph out of a template: each reference between two resources becomes an edge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from build.diagram.graph import Edge, Graph, Kind, Resource
from build.diagram.permissions import permission_edges
from build.diagram.references import Reference, references


@dataclass(frozen=True)
class Meaning:
    """What a reference in some property means.

    Args:
        kind: of the edge.
        label: of the edge.
        inward: whether the edge leads from the resource referred to, as a stream does to its mapping.
    """

    kind: Kind
    label: str = ""
    inward: bool = False


WHOLE = Meaning(Kind.PART, inward=True)

MEANINGS = {
    "AWS::CloudWatch::Alarm": {
        "AlarmActions": Meaning(Kind.DATA, "alarms"),
        "Dimensions": Meaning(Kind.WATCH),
        "Metrics": Meaning(Kind.WATCH),
        "OKActions": Meaning(Kind.DATA, "all clear"),
    },
    "AWS::CloudWatch::Dashboard": {"DashboardBody": Meaning(Kind.WATCH, "shows")},
    "AWS::Events::Rule": {
        "Targets.Arn": Meaning(Kind.DATA, "starts"),
        "Targets.DeadLetterConfig": Meaning(Kind.FAILURE, "could not start"),
        "Targets.RoleArn": Meaning(Kind.PART),
    },
    "AWS::Lambda::EventSourceMapping": {
        "DestinationConfig.OnFailure": Meaning(Kind.FAILURE, "retries exhausted"),
        "EventSourceArn": Meaning(Kind.DATA, "stream", inward=True),
        "FunctionName": Meaning(Kind.DATA, "invokes"),
    },
    "AWS::Lambda::Function": {
        "Environment": Meaning(Kind.DATA),
        "Layers": Meaning(Kind.PART),
        "LoggingConfig": Meaning(Kind.PART),
        "Role": Meaning(Kind.PART),
    },
    "AWS::S3::BucketPolicy": {"Bucket": WHOLE},
    "AWS::SNS::Subscription": {"TopicArn": Meaning(Kind.DATA, "notifies", inward=True)},
    "AWS::SNS::TopicPolicy": {"Topics": WHOLE},
    "AWS::SQS::QueuePolicy": {"Queues": WHOLE},
    "AWS::StepFunctions::StateMachine": {
        "DefinitionSubstitutions": Meaning(Kind.DATA, "runs"),
        "LoggingConfiguration": Meaning(Kind.PART),
        "RoleArn": Meaning(Kind.PART),
    },
}
"""By type and property path; a reference anywhere else is an edge of kind `REFERENCE`, labelled with its property."""


def meaning(resource: Resource, reference: Reference) -> Meaning:
    """What a reference means: the meaning of the longest known property path that it stands below."""
    known = MEANINGS.get(resource.type, {})
    steps = range(len(reference.path), 0, -1)
    prefixes = (".".join(reference.path[:step]) for step in steps)
    other = Meaning(Kind.REFERENCE, reference.path[-1] if reference.path else "")
    return next((known[prefix] for prefix in prefixes if prefix in known), other)


def granted(reference: Reference) -> bool:
    """Whether a reference is the resource of a policy statement, which becomes a permission."""
    return reference.path[-2:] == ("Statement", "Resource")


def reference_edges(resource: Resource, resources: dict[str, Resource]) -> Iterator[Edge]:
    """The edges that a resource's references to others of the template make."""
    for reference in references(resource.properties):
        if reference.target in resources and not granted(reference):
            means = meaning(resource, reference)
            edge = Edge(resource.logical_id, reference.target, means.kind, means.label)
            yield edge.reversed() if means.inward else edge


def extract(template: dict[str, Any]) -> Graph:
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
        for edge in (*reference_edges(resource, resources), *permission_edges(resource))
    )
    return Graph(resources, tuple(dict.fromkeys(edges)))
