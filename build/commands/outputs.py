"""The command `outputs`: the outputs of a stack."""

import argparse

from build.cloudformation.stacks import existing_stack
from build.options import add_stack_options, stack_context
from build.output import outputs_table

EXAMPLE = "python -m build outputs --suffix dev --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the outputs of a stack; 0 when there is such a stack.

    Raises:
        CommandError: when there is none.
    """
    with stack_context(arguments) as context:
        stack = existing_stack(context.clients.cloudformation, context.config.stack_name)
        context.presenter.result({"stack": stack.name, "outputs": stack.outputs}, [outputs_table(stack)])
    return 0
