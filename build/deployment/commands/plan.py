"""The command `plan`."""

import argparse
from dataclasses import asdict

from build.deployment.changes.data_loss import loss
from build.deployment.commands.deploy_options import add_deployment_options, requested_deployment
from build.deployment.commands.options import add_target_options, session
from build.deployment.plan import Plan, plan
from build.deployment.presenting.change_text import summary
from build.deployment.progress import Progress

EXAMPLE = "python -m build plan --suffix prod --json"
CHANGES = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_target_options(parser)
    add_deployment_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show what `deploy` would change; 0 when nothing, 2 when something.

    Raises:
        CommandError: when that cannot be found out.
    """
    with session(arguments) as chosen:
        found = plan(chosen.clients, requested_deployment(arguments, chosen.config), chosen.presenter)
        show(chosen.presenter, chosen.config.stack_name, found)
        chosen.presenter.result({"stack": chosen.config.stack_name, **asdict(found)})
    return 0 if found.unchanged else CHANGES


def show(progress: Progress, name: str, found: Plan) -> None:
    """Say what would change, what that adds up to, and what would be refused."""
    progress.changes(found.changes)
    if found.protects:
        progress.step(f"~ {name}.EnableTerminationProtection false → true")
    progress.step(f"{name}: {'no changes' if found.unchanged else summary(found.changes)}")
    for change in found.refused:
        progress.step(f"`deploy` refuses to {loss(change)} without --allow-replace {change.logical_id}")
