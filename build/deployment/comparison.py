"""What is asked for beside what is deployed, before anything is written."""

from dataclasses import dataclass

from build.deployment.artifacts.bucket import ArtifactBucket
from build.deployment.artifacts.upload import artifact_bucket
from build.deployment.clients import Clients
from build.deployment.deployed_stack import DeployedStack, template_of
from build.deployment.deployment import Deployment
from build.deployment.desired_stack import DesiredStack, desired_stack
from build.deployment.stack_states import Path, path_from

NO_TEMPLATE = "{}"


@dataclass(frozen=True)
class Comparison:
    """A stack as it is and as it should be.

    Args:
        stack: as it is; None when it is to be made.
        template: that it was made from.
        desired: as it should be.
        bucket: for what it is made from.
    """

    stack: DeployedStack | None
    template: str
    desired: DesiredStack
    bucket: ArtifactBucket

    @property
    def settled(self) -> DeployedStack | None:
        """The stack, when it is complete and what is asked for; None when there is something to do.

        After a rollback CloudFormation reports the template, parameters and tags that it rolled back to.
        """
        if self.stack is None or path_from(self.stack.status) is not Path.UPDATE:
            return None
        deployed = (self.template, self.stack.parameters, self.stack.tags)
        return self.stack if deployed == (self.desired.template, self.desired.parameters, self.desired.tags) else None


def compare(clients: Clients, deployment: Deployment, stack: DeployedStack | None) -> Comparison:
    """Read what is deployed and complete what is asked for with it; one call when there is a stack.

    Raises:
        CommandError: for a parameter that the template does not have, or that has no value.
    """
    template = template_of(clients.cloudformation, stack.stack_id) if stack else NO_TEMPLATE
    bucket = artifact_bucket(clients, stack)
    return Comparison(stack, template, desired_stack(deployment, bucket.name, stack, template), bucket)
