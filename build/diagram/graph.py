"""The template as a graph: its resources, and what runs, flows or is allowed between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Kind(Enum):
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
        """The service in AWS's own words: `DynamoDB` of `AWS::DynamoDB::Table`."""
        return self.type.split("::")[1]

    @property
    def noun(self) -> str:
        """The type without its service: `Table` of `AWS::DynamoDB::Table`."""
        return self.type.split("::")[-1]


@dataclass(frozen=True)
class Edge:
    """Something between two resources.

    Args:
        source: logical id; of a `PART` the whole, of a `WATCH` the watcher, of a `PERMISSION` the role or policy.
        target: logical id; of a `PERMISSION` any resource text when it names none of the template's.
        kind: what it means.
        label: a word or two, or the actions that are allowed.
    """

    source: str
    target: str
    kind: Kind
    label: str = ""

    def reversed(self) -> "Edge":
        """The same edge, the other way round."""
        return Edge(self.target, self.source, self.kind, self.label)


@dataclass(frozen=True)
class Graph:
    """All resources by logical id, and the edges between them."""

    resources: dict[str, Resource]
    edges: tuple[Edge, ...]

    def of(self, *kinds: Kind) -> Iterator[Edge]:
        """The edges of these kinds."""
        return (edge for edge in self.edges if edge.kind in kinds)

    def sources(self, target: str, kind: Kind) -> list[Resource]:
        """The resources from which edges of a kind lead to one."""
        return [self.resources[edge.source] for edge in self.of(kind) if edge.target == target]

    def targets(self, source: str, kind: Kind) -> list[Resource]:
        """The resources of the template to which edges of a kind lead from one."""
        ends = [edge.target for edge in self.of(kind) if edge.source == source]
        return [self.resources[end] for end in ends if end in self.resources]
