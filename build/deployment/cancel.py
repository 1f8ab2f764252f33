"""Cancelling an update that is under way."""

from build.deployment.clients import Clients
from build.deployment.deployed_stack import DeployedStack, existing_stack
from build.deployment.following.operations import Operations
from build.deployment.progress import Progress
from build.errors import CommandError


def cancel_update(clients: Clients, name: str, progress: Progress) -> DeployedStack:
    """Cancel a stack's update and follow it back to where it came from.

    Args:
        clients: connections to the account and region.
        name: of the stack.
        progress: hears what happens.

    Raises:
        CommandError: when there is no update to cancel, or it cannot be taken back.
    """
    stack = existing_stack(clients.cloudformation, name)
    if stack.status != "UPDATE_IN_PROGRESS":
        raise CommandError(
            f"{name} is {stack.status}, and only an update under way can be cancelled; "
            "`destroy` ends a creation, and anything else ends by itself."
        )
    progress.step(f"cancelling the update of {name}")
    return Operations(clients.cloudformation, progress).cancel(stack.stack_id)
