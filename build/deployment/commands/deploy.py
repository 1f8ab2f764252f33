"""The command `deploy`."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from build.deployment.cancel import cancel_update
from build.deployment.commands.deploy_options import add_deployment_options, requested_deployment
from build.deployment.commands.options import Session, add_target_options, session
from build.deployment.deploy import deploy
from build.deployment.deployed_stack import DeployedStack
from build.deployment.tables import outputs_table
from build.errors import CommandError

EXAMPLE = "python -m build deploy --suffix prod --alert-email ops@example.com --tag team=data --outputs outputs.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_target_options(parser)
    add_deployment_options(parser)
    parser.add_argument("--outputs", type=Path, metavar="FILE", help="write the stack's outputs to a file, as JSON")
    parser.add_argument(
        "--continue-rollback", action="store_true", help="after a rollback that failed: continue it, then deploy"
    )
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="LOGICAL_ID",
        help="with --continue-rollback: a resource to leave as it is",
    )
    parser.add_argument("--cancel", action="store_true", help="cancel the update that is under way, deploy nothing")


def run(arguments: argparse.Namespace) -> int:
    """Deploy, or cancel a deployment; 0 when the stack is as it should be.

    Raises:
        CommandError: when it is not.
    """
    check(arguments)
    with session(arguments) as chosen:
        stack = cancelled(chosen) if arguments.cancel else deployed(chosen, arguments)
        if arguments.outputs:
            write_outputs(arguments.outputs, stack.outputs)
        chosen.presenter.result(
            {"stack": stack.name, "status": stack.status, "outputs": stack.outputs},
            [outputs_table(stack.name, stack.outputs)],
        )
    return 0


def check(arguments: argparse.Namespace) -> None:
    """Find out before anything is deployed what would stop it after.

    Raises:
        CommandError: for options that need another one, or a folder that is not there.
    """
    if arguments.skip and not arguments.continue_rollback:
        raise CommandError("--skip goes with --continue-rollback; add that.", exit_code=2)
    if arguments.outputs and not arguments.outputs.resolve().parent.is_dir():
        raise CommandError(f"{arguments.outputs} lies in a folder that does not exist; make that first.", exit_code=2)


def cancelled(chosen: Session) -> DeployedStack:
    """The stack after its update was cancelled."""
    return cancel_update(chosen.clients, chosen.config.stack_name, chosen.presenter)


def deployed(chosen: Session, arguments: argparse.Namespace) -> DeployedStack:
    """The stack after it was deployed."""
    deployment = replace(
        requested_deployment(arguments, chosen.config),
        continue_rollback=arguments.continue_rollback,
        skip=frozenset(arguments.skip),
    )
    return deploy(chosen.clients, deployment, chosen.presenter)


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Write outputs as one JSON object.

    Raises:
        CommandError: when the file cannot be written.
    """
    try:
        path.write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise CommandError(
            f"the stack is deployed, but {path} cannot be written ({error.strerror}); "
            "choose another file and repeat the command."
        ) from error
