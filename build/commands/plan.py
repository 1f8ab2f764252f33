"""The command `plan`: what a deployment would change, found out without changing anything."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from build.aws import Clients
from build.cloudformation.change_sets import ChangeSet, ChangeSets, NothingToChange
from build.cloudformation.changes import PropertyChange, ResourceChange, data_losses, summary
from build.cloudformation.stacks import DeployedStack, find_stack, parsed_template
from build.deploy.desired import (
    Comparison,
    Deployment,
    add_deployment_options,
    change_set_arguments,
    compare,
    requested_deployment,
)
from build.deploy.recovery import NextAction, next_action, unchanged_stack
from build.deploy.running_code import AHEAD, functions_ahead
from build.errors import CommandError
from build.options import add_stack_options, stack_context
from build.progress import Progress

EXAMPLE = "python -m build plan --suffix prod --json"
_CHANGES = 2


@dataclass(frozen=True)
class Plan:
    """What a deployment would do.

    Args:
        changes: of resources; none when there is nothing to do, or when only outputs change.
        refused: those changes that would lose stored data and are not allowed.
        protects: whether termination protection would be turned on.
        unchanged: whether there is nothing to do.
        ahead: functions whose code is ahead of the template, by logical id.
    """

    changes: tuple[ResourceChange, ...]
    refused: tuple[ResourceChange, ...]
    protects: bool
    unchanged: bool
    ahead: tuple[str, ...] = ()


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
        value = self.template.get("Resources", {}).get(logical_id, {}).get("Properties")
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return None if value is None else self._text(value)

    def _text(self, value: Any) -> str:
        resolved = self._resolved(value)
        return resolved if isinstance(resolved, str) else json.dumps(resolved, separators=(",", ":"))

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(element) for element in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"} and value["Ref"] in self.parameters:
            return self.parameters[value["Ref"]]
        return {name: self._resolved(member) for name, member in value.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    add_deployment_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show what `deploy` would change; 0 when nothing, 2 when something.

    Raises:
        CommandError: when that cannot be found out.
    """
    with stack_context(arguments) as context:
        found = plan(context.clients, requested_deployment(arguments, context.config), context.presenter)
        _show(context.presenter, context.config.stack_name, found)
        context.presenter.result({"stack": context.config.stack_name, **asdict(found)})
    return 0 if found.unchanged else _CHANGES


def plan(clients: Clients, deployment: Deployment, progress: Progress) -> Plan:
    """Find out what a deployment would change; it leaves no change set and no new stack behind.

    Args:
        clients: of the account and region.
        deployment: what would be asked for.
        progress: hears that it takes time.

    Raises:
        CommandError: when the stack's status needs something else first.
        OperationFailed: when the change could not be made.
    """
    stack = plannable_stack(clients, deployment)
    comparison = compare(clients, deployment, stack)
    protects = deployment.config.protected and not (stack and stack.termination_protection)
    changes = None if unchanged_stack(comparison) else _proposed_changes(clients, deployment, comparison, progress)
    found = functions_ahead(clients, deployment.config, stack) if stack else []
    ahead = tuple(function.logical_id for function in found)
    if changes is None:
        return Plan((), (), protects, unchanged=not (protects or ahead), ahead=ahead)
    refused = tuple(data_losses(changes, deployment.allow_replace))
    return Plan(tuple(changes), refused, protects, unchanged=False, ahead=ahead)


def plannable_stack(clients: Clients, deployment: Deployment) -> DeployedStack | None:
    """The stack to compare with; None when it is to be created.

    Raises:
        CommandError: when its status needs something else first.
    """
    stack = find_stack(clients.cloudformation, deployment.config.stack_name)
    if stack is None:
        return None
    action = next_action(stack.status, deployment.rollback)
    if action not in {NextAction.CREATE, NextAction.UPDATE}:
        raise CommandError(
            f"{stack.name} is {stack.status}, so `deploy` would {action.value}; there is nothing to compare until then."
        )
    return stack if action is NextAction.UPDATE else None


def with_values(change: ResourceChange, before: TemplateValues, after: TemplateValues) -> ResourceChange:
    """A change whose properties have the values that the templates before and after it tell."""

    def completed(property_change: PropertyChange) -> PropertyChange:
        if property_change.before is not None or property_change.after is not None:
            return property_change
        old = before.of(change.logical_id, property_change.path)
        new = after.of(change.logical_id, property_change.path)
        return property_change if old == new else replace(property_change, before=old, after=new)

    return replace(change, properties=tuple(map(completed, change.properties)))


def _proposed_changes(
    clients: Clients, deployment: Deployment, comparison: Comparison, progress: Progress
) -> list[ResourceChange] | None:
    """The changes of a change set that is created only to be read; None when it is empty."""
    change_sets = ChangeSets(clients.cloudformation, progress)
    arguments = change_set_arguments(clients, deployment, comparison)
    change_set = change_sets.create(comparison.desired, comparison.stack, arguments)
    try:
        change_sets.wait(change_set)
        return _changes_with_values(change_sets, change_set, comparison)
    except NothingToChange:
        return None
    finally:
        change_sets.delete(change_set)


def _changes_with_values(
    change_sets: ChangeSets, change_set: ChangeSet, comparison: Comparison
) -> list[ResourceChange]:
    """The changes with their properties' values: CloudFormation's, else those in the templates.

    Which resources change is read without values: with them CloudFormation may leave resources out.
    """
    told = {change.logical_id: change.properties for change in change_sets.changes(change_set, values=True)}
    complete = [
        replace(change, properties=told.get(change.logical_id, change.properties))
        for change in change_sets.changes(change_set)
    ]
    parameters = comparison.stack.parameters if comparison.stack else {}
    before = TemplateValues(parsed_template(comparison.template), parameters)
    after = TemplateValues(parsed_template(comparison.desired.template), comparison.desired.parameters)
    return [with_values(change, before, after) for change in complete]


def _show(progress: Progress, name: str, found: Plan) -> None:
    progress.changes(found.changes)
    if found.protects:
        progress.step(f"~ {name}.EnableTerminationProtection false → true")
    if found.unchanged or found.changes or not found.ahead:
        progress.step(f"{name}: {'no changes' if found.unchanged else summary(found.changes)}")
    for logical_id in found.ahead:
        progress.step(f"{logical_id} runs {AHEAD}; `deploy` ends that")
    for change in found.refused:
        progress.step(f"`deploy` refuses to {change.loss} without --allow-replace {change.logical_id}")
