"""The command `adopt`: tables, bucket and log groups that outlived their stack, imported into a new one."""

import argparse
from collections.abc import Callable, Sequence

from build.aws import Clients
from build.cloudformation.operations import Operations, with_profile
from build.cloudformation.stacks import DeployedStack, StackResource
from build.commands.deploy import approval, deploy
from build.deploy.contents import stored_data
from build.deploy.desired import NO_TEMPLATE, Deployment, add_deployment_options, requested_deployment
from build.deploy.recovery import Recovery
from build.errors import CommandError
from build.options import StackContext, add_stack_options, require_consent, require_credentials, stack_context
from build.output import result_tables
from build.progress import Progress
from build.recovery.imports import ExistingResource, ExistingResources
from build.recovery.updates import StackUpdates

EXAMPLE = "python -m build adopt --suffix prod"
_IMPORTED = "IMPORT_COMPLETE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    add_deployment_options(parser)
    parser.add_argument(
        "--bucket", metavar="NAME", help="which bucket of failed events, when several outlived stacks of this name"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Show what exists, ask, import it into a new stack and deploy the rest; 0 when the stack is as it should be.

    Raises:
        CommandError: when there is a stack, when nothing is there to adopt, or when nobody agrees.
    """
    with stack_context(arguments) as context:
        require_credentials(context.clients)
        context.announce_stack("import what outlived the stack into a new one, then deploy the rest")
        deployment = requested_deployment(arguments, context.settings, context.presenter)
        existing = ExistingResources(context.clients, context.config.stack_name, arguments.bucket)
        consent, agree = _consent(context, arguments), approval(context, arguments)
        stack = adopt(context.clients, deployment, existing, context.presenter, consent, agree)
        document = {"stack": stack.name, "status": stack.status, "outputs": stack.outputs, "pause": stack.pause}
        context.presenter.result(document, result_tables(stack))
    return 0


def adopt(
    clients: Clients,
    deployment: Deployment,
    existing: ExistingResources,
    progress: Progress,
    approve_import: Callable[[], None],
    approve_changes: Callable[[], None],
) -> DeployedStack:
    """Import what exists of a stack into a new one, and bring that to what is asked for.

    Where it was stopped after the import, it goes on with the rest.

    Args:
        clients: of the account and region.
        deployment: what is asked for.
        existing: finds what there is to import.
        progress: hears what happens.
        approve_import: called when the import was shown and before it is made; an error that it raises prevents it.
        approve_changes: likewise, for the deployment of the rest.

    Raises:
        CommandError: when the stack is there already, or nothing of it.
        OperationFailed: when something cannot be imported or deployed.
    """
    name = deployment.config.stack_name
    operations = Operations(clients.cloudformation, progress, deployment.role_arn, with_profile("adopt", clients))
    stack = Recovery(clients, operations, deployment).run()
    if stack is None:
        resources = _existing(existing, deployment)
        _list(clients, resources, progress)
        StackUpdates(clients, operations).import_resources(name, None, NO_TEMPLATE, resources, approve_import)
    elif stack.status == _IMPORTED:
        progress.step(f"the import into {name} is done; deploying the rest")
    else:
        raise CommandError(
            f"{name} is there already ({stack.status}); update it with `deploy`, `adopt` is for a stack that is gone."
        )
    return deploy(clients, deployment, progress, approve_changes)


def _existing(existing: ExistingResources, deployment: Deployment) -> list[ExistingResource]:
    if resources := existing.of(deployment.template):
        return resources
    raise CommandError(
        f"no table, bucket or log group of {existing.stack_name} exists in {existing.clients.region}; "
        "make a new stack with `deploy`, or name another one with --suffix, --region or --profile."
    )


def _list(clients: Clients, resources: Sequence[ExistingResource], progress: Progress) -> None:
    """Say what there is and how much it stores."""
    found = [StackResource(each.logical_id, each.name, each.resource_type, "") for each in resources]
    for data in stored_data(clients, found, frozenset()):
        progress.step(f"to import: {data.kind} {data.resource.physical_id}, {data.content}")


def _consent(context: StackContext, arguments: argparse.Namespace) -> Callable[[], None]:
    def ask() -> None:
        context.presenter.close()
        require_consent(context.config.stack_name, arguments.yes, "nothing was imported")

    return ask
