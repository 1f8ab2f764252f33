"""Change sets: created, waited for, read and deleted, and the alarms that roll one back."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from build.aws import Clients, error_code, until
from build.cloudformation.changes import ResourceChange, resource_change
from build.cloudformation.failures import Cause, OperationFailed, change_set_cause
from build.cloudformation.operations import unique_name
from build.cloudformation.stacks import ALARM_TYPE, DeployedStack, DesiredStack, find_stack, stack_resources
from build.errors import CommandError
from build.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import DescribeChangeSetOutputTypeDef, RollbackConfigurationTypeDef

_NO_CHANGES = ("The submitted information didn't contain changes", "No updates are to be performed")
"""How the reason begins when a change set failed because there is nothing to change."""
_MISSING = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException"})
_MOST_ROLLBACK_TRIGGERS = 5
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html"""
_MONITORING_MINUTES = 5
_ROLLBACK_METRICS = ("Errors", "ExecutionsFailed", "FailedInvokeEventCount", "ExecutionsTimedOut", "Throttles")
"""The metrics in which a bad update shows, soonest first."""


class NothingToChange(Exception):
    """A change set that would change nothing."""


@dataclass(frozen=True)
class ChangeSet:
    """A change set, by the ARNs of itself and its stack."""

    change_set_id: str
    stack_id: str


@dataclass(frozen=True)
class ChangeSets:
    """Creates, reads and deletes change sets.

    Args:
        cloudformation: the client to call with.
        progress: hears that it takes time.
    """

    cloudformation: "CloudFormationClient"
    progress: Progress

    def create(self, desired: DesiredStack, stack: DeployedStack | None, arguments: Mapping[str, Any]) -> ChangeSet:
        """Begin to create a change set.

        Args:
            desired: the stack as it should be.
            stack: as it is; None for one that is to be created.
            arguments: of CreateChangeSet: the template, and what is not part of the desired stack.
        """
        created = self.cloudformation.create_change_set(
            StackName=stack.stack_id if stack else desired.name,
            ChangeSetName=unique_name(),
            ChangeSetType="UPDATE" if stack else "CREATE",
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in sorted(desired.parameters.items())
            ],
            Tags=[{"Key": key, "Value": value} for key, value in sorted(desired.tags.items())],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            **arguments,
        )
        return ChangeSet(created["Id"], created["StackId"])

    @contextmanager
    def deleted_on_error(self, change_set: ChangeSet) -> Iterator[None]:
        """Leave nothing behind when what is done with a change set fails."""
        try:
            yield
        except BaseException:
            self.delete(change_set)
            raise

    def wait(self, change_set: ChangeSet) -> None:
        """Wait until a change set is created; it may change outputs alone, and then no resource.

        Raises:
            NothingToChange: when it would change nothing.
            OperationFailed: when CloudFormation finds that it could not be executed.
        """
        description = until(lambda: self._created(change_set), self.progress.waiting)
        reason = description.get("StatusReason", "")
        if description["Status"] != "FAILED":
            return
        if reason.startswith(_NO_CHANGES):
            raise NothingToChange(reason)
        name = description["StackName"]
        cause = change_set_cause(self.cloudformation, change_set.change_set_id) or Cause(name, "", reason)
        raise OperationFailed(f"the change of {name} cannot be made.", description["Status"], cause)

    def changes(self, change_set: ChangeSet, values: bool = False) -> list[ResourceChange]:
        """What a change set would do.

        Args:
            change_set: one that is created.
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

    def require_executable(self, change_set: ChangeSet) -> None:
        """Refuse a change set that was kept and can no longer be executed.

        Raises:
            CommandError: when it is gone, was executed, or the stack was changed since.
        """
        try:
            description = self.cloudformation.describe_change_set(ChangeSetName=change_set.change_set_id)
        except ClientError as error:
            if error_code(error) not in _MISSING:
                raise
            raise CommandError("the change set of the plan is gone; plan again.") from error
        status = description.get("ExecutionStatus")
        if status != "AVAILABLE":
            raise CommandError(f"the change set of the plan cannot be executed any more, it is {status}; plan again.")

    def delete(self, change_set: ChangeSet) -> None:
        """Delete a change set, and the stack that exists only to be reviewed."""
        self.cloudformation.delete_change_set(ChangeSetName=change_set.change_set_id)
        stack = find_stack(self.cloudformation, change_set.stack_id)
        if stack and stack.status == "REVIEW_IN_PROGRESS" and not self._has_others(stack, change_set):
            self.cloudformation.delete_stack(StackName=stack.stack_id)
            until(lambda: self._is_gone(stack.stack_id) or None, self.progress.waiting)

    def _created(self, change_set: ChangeSet) -> "DescribeChangeSetOutputTypeDef | None":
        description = self.cloudformation.describe_change_set(ChangeSetName=change_set.change_set_id)
        return None if description["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"} else description

    def _is_gone(self, stack_id: str) -> bool:
        stack = find_stack(self.cloudformation, stack_id)
        return stack is None or stack.status == "DELETE_COMPLETE"

    def _has_others(self, stack: DeployedStack, change_set: ChangeSet) -> bool:
        pages = self.cloudformation.get_paginator("list_change_sets").paginate(StackName=stack.name)
        ids = [summary["ChangeSetId"] for page in pages for summary in page["Summaries"]]
        return any(change_set_id != change_set.change_set_id for change_set_id in ids)


def rollback_configuration(clients: Clients, stack: DeployedStack, template: str) -> "RollbackConfigurationTypeDef":
    """Up to five alarms that exist before and after an update, and are not in ALARM now.

    An alarm that is in ALARM already would roll back the very update that fixes it; one that does not exist fails the
    update at once.

    Args:
        clients: of the account and region.
        stack: that is updated.
        template: that it is updated to.
    """
    arns = _not_in_alarm(clients, _rollback_candidates(clients, stack, template))[:_MOST_ROLLBACK_TRIGGERS]
    return {
        "RollbackTriggers": [{"Arn": arn, "Type": ALARM_TYPE} for arn in arns],
        "MonitoringTimeInMinutes": _MONITORING_MINUTES if arns else 0,
    }


def _rollback_candidates(clients: Clients, stack: DeployedStack, template: str) -> list[str]:
    """The names of the alarms that are deployed, stay, and show a bad update; soonest first."""
    metrics = {
        logical_id: resource["Properties"].get("MetricName")
        for logical_id, resource in json.loads(template)["Resources"].items()
        if resource["Type"] == ALARM_TYPE
    }
    candidates = [
        (_ROLLBACK_METRICS.index(metrics[resource.logical_id]), resource.physical_id)
        for resource in stack_resources(clients.cloudformation, stack.stack_id)
        if metrics.get(resource.logical_id) in _ROLLBACK_METRICS
    ]
    return [name for _, name in sorted(candidates)]


def _not_in_alarm(clients: Clients, names: list[str]) -> list[str]:
    """The ARNs of those alarms that are not in ALARM, in the same order."""
    if not names:
        return []
    alarms = clients.cloudwatch.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    arns = {alarm["AlarmName"]: alarm["AlarmArn"] for alarm in alarms if alarm["StateValue"] != "ALARM"}
    return [arns[name] for name in names if name in arns]
