"""What a deployment would change, found out without changing anything."""

from dataclasses import dataclass, replace

from build.deployment.changes.arguments import change_set_arguments
from build.deployment.changes.change_sets import ChangeSet, ChangeSets, NothingToChange
from build.deployment.changes.data_loss import data_losses
from build.deployment.changes.resource_changes import ResourceChange
from build.deployment.changes.template_values import TemplateValues, with_values
from build.deployment.clients import Clients
from build.deployment.comparison import Comparison, compare
from build.deployment.deployed_stack import DeployedStack, find_stack
from build.deployment.deployment import Deployment
from build.deployment.progress import Progress
from build.deployment.stack_states import Path, path_from
from build.deployment.template_body import document_of
from build.errors import CommandError


@dataclass(frozen=True)
class Plan:
    """What a deployment would do.

    Args:
        changes: of resources; none when there is nothing to do, or when outputs alone change.
        refused: those changes that would lose data and are not allowed.
        protects: whether termination protection would be turned on.
        unchanged: whether there is nothing to do.
    """

    changes: tuple[ResourceChange, ...]
    refused: tuple[ResourceChange, ...]
    protects: bool
    unchanged: bool


def plan(clients: Clients, deployment: Deployment, progress: Progress) -> Plan:
    """Find out what a deployment would change; it leaves no change set and no new stack behind.

    Args:
        clients: connections to the account and region.
        deployment: what would be asked for.
        progress: hears that it takes time.

    Raises:
        CommandError: when the stack's state needs something else first.
        OperationFailed: when the change could not be made.
    """
    stack = plannable_stack(clients, deployment)
    comparison = compare(clients, deployment, stack)
    protects = deployment.config.protected and not (stack and stack.termination_protection)
    changes = None if comparison.settled else proposed_changes(clients, deployment, comparison, progress)
    if changes is None:
        return Plan((), (), protects, unchanged=not protects)
    return Plan(tuple(changes), tuple(data_losses(changes, deployment.allow_replace)), protects, unchanged=False)


def plannable_stack(clients: Clients, deployment: Deployment) -> DeployedStack | None:
    """The stack to compare with; None when it is to be made.

    Raises:
        CommandError: when its state needs something else first.
    """
    stack = find_stack(clients.cloudformation, deployment.config.stack_name)
    if stack is None:
        return None
    path = path_from(stack.status, deployment.rollback)
    if path not in {Path.CREATE, Path.UPDATE}:
        raise CommandError(
            f"{stack.name} is {stack.status}, so `deploy` would {path.value}; there is nothing to compare until then."
        )
    return stack if path is Path.UPDATE else None


def proposed_changes(
    clients: Clients, deployment: Deployment, comparison: Comparison, progress: Progress
) -> list[ResourceChange] | None:
    """The changes of a change set that is made only to be read; None when it is empty."""
    change_sets = ChangeSets(clients.cloudformation, progress)
    arguments = change_set_arguments(clients, deployment, comparison)
    change_set = change_sets.create(comparison.desired, comparison.stack, arguments)
    try:
        change_sets.wait(change_set)
        return explained(change_sets, change_set, comparison)
    except NothingToChange:
        return None
    finally:
        change_sets.discard(change_set)


def explained(change_sets: ChangeSets, change_set: ChangeSet, comparison: Comparison) -> list[ResourceChange]:
    """The changes with their properties' values: CloudFormation's, else those that the templates tell.

    What becomes of a resource is read without values: with them CloudFormation may leave resources out.
    """
    told = {change.logical_id: change.properties for change in change_sets.changes(change_set, values=True)}
    plain = [
        replace(change, properties=told.get(change.logical_id, change.properties))
        for change in change_sets.changes(change_set)
    ]
    before = TemplateValues(document_of(comparison.template), comparison.stack.parameters if comparison.stack else {})
    after = TemplateValues(document_of(comparison.desired.template), comparison.desired.parameters)
    return [with_values(change, before, after) for change in plain]
