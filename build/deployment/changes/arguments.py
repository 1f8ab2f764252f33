"""What a change set is told besides the stack that it should bring about."""

from typing import Any

from build.deployment.artifacts.upload import template_argument
from build.deployment.changes.rollback_alarms import rollback_configuration
from build.deployment.clients import Clients
from build.deployment.comparison import Comparison
from build.deployment.deployment import Deployment


def change_set_arguments(clients: Clients, deployment: Deployment, comparison: Comparison) -> dict[str, Any]:
    """The arguments of CreateChangeSet that are not parts of the desired stack.

    Args:
        clients: connections to the account and region.
        deployment: what is asked for.
        comparison: the stack as it is and as it should be.
    """
    arguments = template_argument(comparison.bucket, comparison.desired.template)
    if deployment.role_arn:
        arguments["RoleARN"] = deployment.role_arn
    if deployment.config.protected and comparison.stack:
        arguments["RollbackConfiguration"] = rollback_configuration(
            clients, comparison.stack, comparison.desired.template
        )
    return arguments
