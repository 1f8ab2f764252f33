"""The command `outputs`: the outputs of a stack; and the file that `deploy` writes them to."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from build.cloudformation.stacks import existing_stack
from build.errors import CommandError
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


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Write the outputs of a stack that was just deployed to a file, as JSON.

    Raises:
        CommandError: when that cannot be done.
    """
    try:
        path.write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise CommandError(
            f"the stack is deployed, but {path} cannot be written ({error.strerror}); "
            "choose another file and repeat the command."
        ) from error
