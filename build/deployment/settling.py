"""Bringing a stack from whatever state it is in to one that a change set can start from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from build.deployment.changes.data_loss import HOLDS_DATA, allowing, held_by
from build.deployment.deployed_stack import DeployedStack, find_stack, template_of
from build.deployment.deployment import Deployment
from build.deployment.following.operations import DELETED, Operations
from build.deployment.stack_resources import StackResource, retained_ids, stack_resources
from build.deployment.stack_states import SUCCEEDED, Path, path_from
from build.errors import CommandError


@dataclass(frozen=True)
class Settling:
    """The steps on the way to a stack that can be made or changed.

    Args:
        operations: run what has to be run.
        deployment: what the user asks for, and allows.
    """

    operations: Operations
    deployment: Deployment

    def settle(self) -> DeployedStack | None:
        """Take the step that each state asks for, until the stack can be changed.

        Returns:
            The stack to change; None when it is to be made.

        Raises:
            CommandError: when the user has to decide, or an operation fails.
        """
        while (stack := self._find()) and (step := STEPS.get(self._path(stack))):
            step(self, stack)
        return stack if stack and self._path(stack) is Path.UPDATE else None

    def follow(self, stack: DeployedStack) -> None:
        """Watch what somebody began."""
        self._tell(f"{stack.name} is {stack.status}; following that first")
        self.operations.attach(stack.stack_id, SUCCEEDED | DELETED)

    def recreate(self, stack: DeployedStack) -> None:
        """Delete a stack whose creation failed, unless data goes with it or a name stays taken."""
        resources = stack_resources(self.operations.cloudformation, stack.stack_id)
        self._refuse_to_leave_behind(stack, resources)
        self._refuse_to_lose(stack, resources)
        self._tell(f"{stack.name} is {stack.status}; deleting it to make it anew")
        self.operations.delete(stack.stack_id)

    def roll_back(self, stack: DeployedStack) -> None:
        """Take a paused update back."""
        self._tell(f"{stack.name} is {stack.status}; rolling that back first")
        self.operations.roll_back(stack.stack_id)

    def continue_rollback(self, stack: DeployedStack) -> None:
        """Continue a rollback that failed, if the user says so."""
        if not self.deployment.continue_rollback:
            raise CommandError(
                f"the last update of {stack.name} failed and could not be rolled back ({stack.status_reason}); "
                "put right what that names and repeat the command with --continue-rollback, "
                "or leave a resource as it is with --continue-rollback --skip LogicalId."
            )
        self._tell(f"continuing the rollback of {stack.name}")
        self.operations.continue_rollback(stack.stack_id, self.deployment.skip)

    def finish_deletion(self, stack: DeployedStack) -> None:
        """Refuse to build on what a failed deletion left."""
        raise CommandError(
            f"the deletion of {stack.name} failed half-way ({stack.status_reason}); "
            f"finish it with `python -m build destroy --suffix {self.deployment.config.suffix}`, then deploy again."
        )

    def repair_import(self, stack: DeployedStack) -> None:
        """Refuse to build on a failed import, which this command never makes."""
        raise CommandError(
            f"an import into {stack.name} failed and could not be rolled back ({stack.status_reason}); "
            "finish it in the CloudFormation console, then deploy again."
        )

    def _find(self) -> DeployedStack | None:
        return find_stack(self.operations.cloudformation, self.deployment.config.stack_name)

    def _path(self, stack: DeployedStack) -> Path:
        return path_from(stack.status, self.deployment.rollback)

    def _refuse_to_leave_behind(self, stack: DeployedStack, resources: list[StackResource]) -> None:
        retained = retained_ids(template_of(self.operations.cloudformation, stack.stack_id))
        kept = [f"{one.logical_id} ({one.physical_id})" for one in resources if one.logical_id in retained]
        if kept:
            raise CommandError(
                f"{stack.name} is {stack.status}, and deleting it would leave {', '.join(kept)} behind, "
                "so that it could not be made again; delete or rename these, and repeat the command."
            )

    def _refuse_to_lose(self, stack: DeployedStack, resources: list[StackResource]) -> None:
        allowed = self.deployment.allow_replace
        lost = [one for one in resources if one.resource_type in HOLDS_DATA and one.logical_id not in allowed]
        if lost:
            raise CommandError(
                f"{stack.name} is {stack.status}, and making it anew would delete "
                f"{', '.join(held_by(one.resource_type, one.logical_id) for one in lost)}; go on from there with "
                f"--no-rollback, or, if that is meant, add {allowing(one.logical_id for one in lost)}."
            )

    def _tell(self, text: str) -> None:
        self.operations.progress.step(text)


STEPS: Mapping[Path, Callable[[Settling, DeployedStack], None]] = {
    Path.FOLLOW: Settling.follow,
    Path.RECREATE: Settling.recreate,
    Path.ROLL_BACK: Settling.roll_back,
    Path.CONTINUE_ROLLBACK: Settling.continue_rollback,
    Path.FINISH_DELETION: Settling.finish_deletion,
    Path.REPAIR_IMPORT: Settling.repair_import,
}
