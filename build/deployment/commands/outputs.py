"""The command `outputs`."""

import argparse

from build.deployment.commands.options import add_target_options, session
from build.deployment.deployed_stack import existing_stack
from build.deployment.tables import outputs_table

EXAMPLE = "python -m build outputs --suffix dev --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_target_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the outputs of a stack; 0 when there is such a stack.

    Raises:
        CommandError: when there is none.
    """
    with session(arguments) as chosen:
        stack = existing_stack(chosen.clients.cloudformation, chosen.config.stack_name)
        chosen.presenter.result(
            {"stack": stack.name, "outputs": stack.outputs}, [outputs_table(stack.name, stack.outputs)]
        )
    return 0
