"""What a deployment would do: its change set, down to the values that differ."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from build.aws import Clients
from build.cloudformation.change_sets import ChangeSet, ChangeSets
from build.cloudformation.changes import PropertyChange, ResourceChange, aws_refusal
from build.cloudformation.next_steps import build_command
from build.cloudformation.stacks import DeployedStack, parsed_template
from build.deploy.artifacts import restoration_under_way
from build.deploy.desired import Comparison, Deployment, change_set_arguments, compare
from build.errors import CommandError
from build.progress import Progress

_NAMING_KEYS = ("Sid", "PolicyName", "Name", "Id", "Key", "AttributeName")
"""What tells the elements of a list apart, where its elements have one of these."""


@dataclass(frozen=True)
class TemplateValues:
    """The values of properties in a template, for where a change set does not tell them.

    Args:
        template: the document.
        parameters: values by name.
    """

    template: Mapping[str, Any]
    parameters: Mapping[str, str]

    def of(self, logical_id: str, path: str) -> str | None:
        """The value of a property as text; None when it is not set.

        Args:
            logical_id: of the resource.
            path: `Environment.Variables.LOG_LEVEL`.
        """
        value: Any = self.properties(logical_id)
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return _text(self._resolved(value))

    def properties(self, logical_id: str) -> Mapping[str, Any]:
        """The properties of a resource as the template has them; empty for one that it does not have."""
        found: Mapping[str, Any] = self.template.get("Resources", {}).get(logical_id, {}).get("Properties", {})
        return found

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(element) for element in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"} and value["Ref"] in self.parameters:
            return self.parameters[value["Ref"]]
        return {name: self._resolved(member) for name, member in value.items()}


@dataclass(frozen=True)
class Proposal:
    """A deployment beside the stack that it is to change, and the change sets between the two.

    Args:
        clients: of the account and region.
        deployment: what is asked for.
        progress: hears that it takes time.
        comparison: of the stack as it is with the one asked for.
    """

    clients: Clients
    deployment: Deployment
    progress: Progress
    comparison: Comparison

    @property
    def change_sets(self) -> ChangeSets:
        """Creates, reads and deletes them."""
        return ChangeSets(self.clients.cloudformation, self.progress)

    def create_change_set(self) -> ChangeSet:
        """Begin to create a change set.

        Raises:
            CommandError: while a table of the stack is being restored.
            Conflict: when somebody else changed the stack meanwhile.
        """
        self.refuse_during_restoration()
        arguments = change_set_arguments(self.clients, self.deployment, self.comparison, self.progress)
        return self.change_sets.create(self.comparison.desired, self.comparison.stack, arguments)

    def refuse_during_restoration(self) -> None:
        """Leave a stack alone while one of its tables is being restored: it may lack the table, and would make another.

        Raises:
            CommandError: from the first step of the restoration until it is finished or undone.
        """
        stack = self.comparison.stack
        if stack is None:
            return
        record, _ = restoration_under_way(self.comparison.bucket, stack)
        if record:
            raise CommandError(
                f"{stack.name} is left alone while the restoration of {record['under_way']} is under way; finish that "
                f"with `{build_command('restore', stack)}`, or undo it with "
                f"`{build_command('restore', stack, '--abort')}`, and repeat the command."
            )

    def changes(self, change_set: ChangeSet) -> list[ResourceChange]:
        """The changes with the values that differ: CloudFormation's, else those in the templates.

        Which resources change is read without values: with them CloudFormation may leave resources out.
        """
        told = {change.logical_id: change.properties for change in self.change_sets.changes(change_set, values=True)}
        complete = [
            replace(change, properties=told.get(change.logical_id, change.properties))
            for change in self.change_sets.changes(change_set)
        ]
        stack, desired = self.comparison.stack, self.comparison.desired
        before = TemplateValues(parsed_template(self.comparison.template), stack.parameters if stack else {})
        after = TemplateValues(parsed_template(desired.template), desired.parameters)
        return [with_values(change, before, after) for change in complete]


def propose(clients: Clients, deployment: Deployment, stack: DeployedStack | None, progress: Progress) -> Proposal:
    """Compare a stack, or nothing where it is to be created, with what is asked for.

    Raises:
        CommandError: for a parameter, a value or a resource that the templates do not allow; see `compare`.
    """
    return Proposal(clients, deployment, progress, compare(clients, deployment, stack))


def with_values(change: ResourceChange, before: TemplateValues, after: TemplateValues) -> ResourceChange:
    """A change whose properties have the values that the templates before and after it tell, and what AWS refuses.

    The value that a property drifted to is in no template.
    """

    def completed(property_change: PropertyChange) -> PropertyChange:
        if property_change.drifted and property_change.after is None:
            return replace(property_change, after=after.of(change.logical_id, property_change.path))
        if property_change.before is not None or property_change.after is not None:
            return property_change
        old = before.of(change.logical_id, property_change.path)
        new = after.of(change.logical_id, property_change.path)
        return property_change if old == new else replace(property_change, before=old, after=new)

    return replace(
        change,
        properties=tuple(leaf for each in change.properties for leaf in differing_leaves(completed(each))),
        refusal=aws_refusal(change, before.properties(change.logical_id)),
    )


def differing_leaves(change: PropertyChange) -> tuple[PropertyChange, ...]:
    """The change of a property as changes of the single values in it that differ."""
    if change.before is None or change.after is None:
        return (change,)
    differences = _differences(change.path, change.before, change.after)
    leaves = tuple(replace(change, path=path, before=_text(old), after=_text(new)) for path, old, new in differences)
    return leaves or (change,)


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path, value before and value after of everything that differs; None stands for no value."""
    old, new = _parsed(before), _parsed(after)
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _differences(f"{path}.{name}", old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(path, old, new)
    elif isinstance(old, list) and isinstance(new, str) or isinstance(old, str) and isinstance(new, list):
        yield from _list_differences(path, _as_list(old), _as_list(new))
    elif old != new:
        yield path, before, after


def _list_differences(path: str, before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Elements with names are compared by name; others are told when they are in one list alone."""
    old, new = _by_name(before), _by_name(after)
    if old is not None and new is not None:
        yield from _differences(path, old, new)
        return
    removed, added = _missing(before, after), _missing(after, before)
    for gone, come in zip_longest(removed, added):
        yield from _differences(path, gone, come)
    if before != after and not removed and not added:
        yield path, before, after


def _by_name(elements: list[Any]) -> dict[str, Any] | None:
    """The elements of a list by what names them; None when they have no names."""
    for key in _NAMING_KEYS:
        names = [
            element[key] for element in elements if isinstance(element, dict) and isinstance(element.get(key), str)
        ]
        if names and len(set(names)) == len(elements):
            return dict(zip(names, elements, strict=True))
    return None


def _missing(elements: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """The elements that the others do not have, each as often as they lack it."""
    surplus = Counter(map(_canonical, elements)) - Counter(map(_canonical, others))
    return [json.loads(text) for text in surplus.elements()]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _as_list(value: Any) -> list[Any]:
    """IAM takes one value for a list of one."""
    return value if isinstance(value, list) else [value]


def _parsed(value: Any) -> Any:
    """The document in a text that is JSON, as dashboards and policies come; other values as they are."""
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, separators=(",", ":"))
