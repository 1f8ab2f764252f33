"""The command `drift`."""

import argparse
from dataclasses import asdict

from build.deployment.commands.options import add_target_options, session
from build.deployment.deployed_stack import existing_stack
from build.deployment.operating.drift import detect_drift
from build.deployment.tables import Table

EXAMPLE = "python -m build drift --suffix prod"
DRIFTED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_target_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """List the resources that differ from the template; 0 when none does, 2 otherwise.

    Raises:
        CommandError: when there is no such stack, or CloudFormation cannot compare.
    """
    with session(arguments) as chosen:
        stack = existing_stack(chosen.clients.cloudformation, chosen.config.stack_name)
        found = detect_drift(chosen.clients.cloudformation, stack, chosen.presenter)
        rows = [(one.logical_id, one.path, one.expected, one.actual) for one in found]
        table = Table(f"{stack.name} differs from its template", ("resource", "property", "template", "actual"), rows)
        if not found:
            chosen.presenter.step(f"{stack.name} is as its template says")
        chosen.presenter.result(
            {"stack": stack.name, "drifts": [asdict(one) for one in found]}, [table] if found else []
        )
    return DRIFTED if found else 0
