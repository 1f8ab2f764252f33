"""The permissions of a template: one edge for each statement of a policy and each resource that it names."""

import json
from collections.abc import Iterator
from typing import Any

from build.diagram.graph import Edge, Kind, Resource
from build.diagram.references import references


def as_list(value: Any) -> list[Any]:
    """A policy's value, which may be one thing or a list of them, as a list."""
    return value if isinstance(value, list) else [value]


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement below a value that allows or denies something on a resource; trust policies have none."""
    if isinstance(value, dict):
        yield from (statement for statement in as_list(value.get("Statement", [])) if "Resource" in statement)
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from statements(inner)


def targets(resource: Any) -> list[str]:
    """The logical ids that a statement's resource names, or its own text when it names none."""
    named = [reference.target for reference in references(resource)]
    return named or [resource if isinstance(resource, str) else json.dumps(resource)]


def label(statement: dict[str, Any]) -> str:
    """The actions of a statement; those of a denial say so, with its Sid."""
    actions = ", ".join(as_list(statement["Action"]))
    if statement["Effect"] == "Allow":
        return actions
    return f"deny {actions} ({statement['Sid']})" if "Sid" in statement else f"deny {actions}"


def permission_edges(resource: Resource) -> Iterator[Edge]:
    """What a role or a resource policy allows and denies."""
    for statement in statements(resource.properties):
        for target in dict.fromkeys(end for one in as_list(statement["Resource"]) for end in targets(one)):
            yield Edge(resource.logical_id, target, Kind.PERMISSION, label(statement))
