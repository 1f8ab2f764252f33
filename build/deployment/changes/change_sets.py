"""Change sets: made, waited for, read and removed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from build.deployment.changes.resource_changes import ResourceChange, resource_change
from build.deployment.deployed_stack import DeployedStack, find_stack
from build.deployment.desired_stack import DesiredStack
from build.deployment.following.outcomes import OperationFailed
from build.deployment.following.root_cause import Cause, change_set_cause
from build.deployment.polling import until
from build.deployment.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import DescribeChangeSetOutputTypeDef

NO_CHANGES = ("The submitted information didn't contain changes", "No updates are to be performed")
"""How the reason begins when a change set failed because there is nothing to change."""
STILL_WORKING = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})


class NothingToChange(Exception):
    """A change set that would change nothing."""


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation has made.

    Args:
        change_set_id: its ARN.
        stack_id: ARN of its stack.
    """

    change_set_id: str
    stack_id: str


def new_name() -> str:
    """A name that no change set has: a used one can come back only when the old one is gone."""
    return f"build-{uuid4()}"


@dataclass(frozen=True)
class ChangeSets:
    """Makes, reads and removes change sets.

    Args:
        cloudformation: the client to call with.
        progress: hears that it takes time.
    """

    cloudformation: "CloudFormationClient"
    progress: Progress

    def create(self, desired: DesiredStack, stack: DeployedStack | None, arguments: Mapping[str, Any]) -> ChangeSet:
        """Begin to make a change set.

        Args:
            desired: the stack as it should be.
            stack: as it is; None for one that is to be made.
            arguments: the template and whatever else CreateChangeSet is to be told.
        """
        made = self.cloudformation.create_change_set(
            StackName=stack.stack_id if stack else desired.name,
            ChangeSetName=new_name(),
            ChangeSetType="UPDATE" if stack else "CREATE",
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(desired.parameters.items())
            ],
            Tags=[{"Key": key, "Value": value} for key, value in sorted(desired.tags.items())],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            **arguments,
        )
        return ChangeSet(made["Id"], made["StackId"])

    @contextmanager
    def discarded_on_error(self, change_set: ChangeSet) -> Iterator[None]:
        """Leave nothing behind when what is done with a change set fails."""
        try:
            yield
        except BaseException:
            self.discard(change_set)
            raise

    def wait(self, change_set: ChangeSet) -> None:
        """Wait until a change set is made; it may change outputs alone, and then no resource.

        Raises:
            NothingToChange: when it would change nothing.
            OperationFailed: when CloudFormation finds that it could not be executed.
        """
        description = until(lambda: self._made(change_set), self.progress.waiting)
        reason = description.get("StatusReason", "")
        if description["Status"] != "FAILED":
            return
        if reason.startswith(NO_CHANGES):
            raise NothingToChange(reason)
        name = description["StackName"]
        cause = change_set_cause(self.cloudformation, change_set.change_set_id) or Cause(name, "", reason)
        raise OperationFailed(f"the change of {name} cannot be made.", description["Status"], cause)

    def changes(self, change_set: ChangeSet, values: bool = False) -> list[ResourceChange]:
        """What a change set would do.

        Args:
            change_set: one that is made.
            values: whether to include the properties' values; some resources may be missing then.
        """
        pages = self.cloudformation.get_paginator("describe_change_set").paginate(
            ChangeSetName=change_set.change_set_id, IncludePropertyValues=values
        )
        return [
            resource_change(change["ResourceChange"])
            for page in pages
            for change in page["Changes"]
            if "ResourceChange" in change
        ]

    def discard(self, change_set: ChangeSet) -> None:
        """Remove a change set, and the stack that exists only to be reviewed."""
        self.cloudformation.delete_change_set(ChangeSetName=change_set.change_set_id)
        stack = find_stack(self.cloudformation, change_set.stack_id)
        if stack and stack.status == "REVIEW_IN_PROGRESS" and not self._others(stack, change_set):
            self.cloudformation.delete_stack(StackName=stack.stack_id)
            until(lambda: self._gone(stack.stack_id), self.progress.waiting)

    def _made(self, change_set: ChangeSet) -> "DescribeChangeSetOutputTypeDef | None":
        description = self.cloudformation.describe_change_set(ChangeSetName=change_set.change_set_id)
        return None if description["Status"] in STILL_WORKING else description

    def _gone(self, stack_id: str) -> bool | None:
        stack = find_stack(self.cloudformation, stack_id)
        return stack is None or stack.status == "DELETE_COMPLETE" or None

    def _others(self, stack: DeployedStack, change_set: ChangeSet) -> list[str]:
        pages = self.cloudformation.get_paginator("list_change_sets").paginate(StackName=stack.name)
        ids = [one["ChangeSetId"] for page in pages for one in page["Summaries"]]
        return [one for one in ids if one != change_set.change_set_id]
