"""The command `destroy`."""

import argparse
from collections.abc import Sequence

from build.deployment.commands.consent import require_consent
from build.deployment.commands.options import Session, add_target_options, session
from build.deployment.destroy import Doomed, destroy, doomed_stack
from build.deployment.holdings import Holding, holdings

EXAMPLE = "python -m build destroy --suffix try-out --yes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_target_options(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--lift-protection", metavar="STACK", help="the name of a protected stack, to destroy it all the same"
    )
    parser.add_argument("--role-arn", metavar="ARN", help="role that CloudFormation acts as")


def run(arguments: argparse.Namespace) -> int:
    """Say what will be lost, ask, and destroy it; 0 when the stack is gone, or was never there.

    Raises:
        CommandError: when it is protected, when nobody agrees, or when something cannot be deleted.
    """
    with session(arguments) as chosen:
        doomed = doomed_stack(chosen.clients, chosen.config, arguments.lift_protection)
        if doomed:
            announce(chosen, doomed)
            require_consent(doomed.stack.name, arguments.yes)
            destroy(chosen.clients, doomed, chosen.presenter, arguments.role_arn)
        else:
            chosen.presenter.step(f"there is no {chosen.config.stack_name} in {chosen.clients.region}")
        chosen.presenter.result({"stack": chosen.config.stack_name, "status": "DELETE_COMPLETE"})
    return 0


def announce(chosen: Session, doomed: Doomed) -> None:
    """Say what goes with the stack and what outlives it."""
    held = holdings(chosen.clients, list(doomed.resources), doomed.retained)
    for line in announcement(doomed.stack.name, held):
        chosen.presenter.step(line)


def announcement(name: str, held: Sequence[Holding]) -> list[str]:
    """What a user should know before a stack is destroyed, a line for each resource that holds data."""
    lines = [
        f"{'kept' if one.retained else 'lost'}: {one.kind} {one.resource.physical_id}, {one.content}" for one in held
    ]
    return [f"destroying {name} deletes all its resources for good", *sorted(lines, reverse=True)]
