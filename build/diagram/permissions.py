"""The picture of the permissions: what each role may do on which resource, and what the policies of resources say."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator

from build.diagram.architecture import kind_of
from build.diagram.graph import Edge, EdgeKind, ResourceGraph
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row

_DESCRIPTION = "What each role may do on which resource, and what the policies of resources allow and deny."

_LINE_LENGTH = 36
"""Characters of a line that lists actions."""
_ACTIONS_LISTED = 4
"""Longer lists of actions are counted."""


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
        return Picture("Permissions", _DESCRIPTION, groups, arrows)

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
