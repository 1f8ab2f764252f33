"""Change sets: created, waited for, read and deleted, and the alarms that roll one back."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import Clients, until
from build.aws_errors import error_code, may_have_been_done
from build.cloudformation.changes import ResourceChange, resource_change
from build.cloudformation.failures import (
    CHANGE_SET_BUSY,
    CHANGE_SET_MISSING,
    Cause,
    Conflict,
    OperationFailed,
    change_set_cause,
    raise_if_conflict,
)
from build.cloudformation.stacks import (
    ALARM_TYPE,
    DeployedStack,
    DesiredStack,
    find_stack,
    is_missing,
    stack_name,
    stack_resources,
    unique_name,
)
from build.errors import CommandError
from build.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import DescribeChangeSetOutputTypeDef, RollbackConfigurationTypeDef

_NO_CHANGES = ("The submitted information didn't contain changes", "No updates are to be performed")
"""How the reason begins when a change set failed because there is nothing to change."""
_LOOKS_FOR_UNANSWERED = 4
"""A request that was interrupted on its way may arrive some seconds later."""
_MOST_ROLLBACK_TRIGGERS = 5
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html"""
_MONITORING_MINUTES = 15
"""Alarms on records that keep failing need two periods of five minutes, and metrics come some minutes late."""
_ROLLBACK_METRICS = ("FailedInvokeEventCount", "OnFailureDestinationDeliveredEventCount")
"""The metrics of a mapping in which bad code shows soon, even if its function raises nothing: records that keep
failing, and, where few records come, those that failed every retry
(https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics)."""


class NothingToChange(Exception):
    """A change set that would change nothing."""


@dataclass(frozen=True)
class ChangeSet:
    """A change set, by the ARNs of itself and its stack."""

    change_set_id: str
    stack_id: str

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that name it; IAM decides by the stack
        (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html)."""
        return {"StackName": self.stack_id, "ChangeSetName": self.change_set_id}


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
            arguments: of CreateChangeSet: the template, and what is not part of the desired stack, such as another
                type of change set.

        Raises:
            Conflict: when somebody else changed the stack meanwhile.
        """
        target, name = stack.stack_id if stack else desired.name, unique_name()
        with self._conflicts_recognized(desired.name), self._deleted_if_unanswered(target, name):
            created = self.cloudformation.create_change_set(
                StackName=target,
                ChangeSetName=name,
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(desired.parameters.items())
                ],
                Tags=[{"Key": key, "Value": value} for key, value in sorted(desired.tags.items())],
                Capabilities=["CAPABILITY_NAMED_IAM"],
                **{"ChangeSetType": "UPDATE" if stack else "CREATE", **arguments},
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

    @contextmanager
    def deleted_if_refused(self, change_set: ChangeSet) -> Iterator[None]:
        """Delete a change set whose execution is refused, and never its stack: it may be somebody else's by now."""
        try:
            yield
        except (ClientError, BotoCoreError, Conflict):
            with self._failures_reported(change_set.change_set_id):
                self._delete_alone(change_set)
            raise

    def wait(self, change_set: ChangeSet) -> None:
        """Wait until a change set is created; it may change outputs alone, and then no resource.

        Raises:
            NothingToChange: when it would change nothing.
            Conflict: when somebody else changed the stack meanwhile.
            OperationFailed: when CloudFormation finds that it could not be executed.
        """
        with self._conflicts_recognized(stack_name(change_set.stack_id)):
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

        Raises:
            Conflict: when somebody else changed the stack meanwhile.
        """
        pages = self.cloudformation.get_paginator("describe_change_set").paginate(
            **change_set.arguments, IncludePropertyValues=values
        )
        with self._conflicts_recognized(stack_name(change_set.stack_id)):
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
            description = self.cloudformation.describe_change_set(**change_set.arguments)
        except ClientError as error:
            if not (error_code(error) in CHANGE_SET_MISSING or is_missing(error)):
                raise
            raise CommandError("the change set of the plan is gone; plan again.") from error
        status = description.get("ExecutionStatus")
        if status != "AVAILABLE":
            raise CommandError(f"the change set of the plan cannot be executed any more, it is {status}; plan again.")

    def delete(self, change_set: ChangeSet) -> None:
        """Delete a change set that was not executed, and the stack that exists only to be reviewed.

        A failure is reported and raises nothing, so that it takes the place of no other error.
        """
        with self._failures_reported(change_set.change_set_id):
            self._delete(change_set)

    @contextmanager
    def _conflicts_recognized(self, name: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise_if_conflict(error, name)
            raise

    @contextmanager
    def _deleted_if_unanswered(self, target: str, name: str) -> Iterator[None]:
        """Leave nothing behind when the answer of CreateChangeSet never comes.

        Args:
            target: name or ARN of the stack.
            name: of the change set.
        """
        try:
            yield
        except BaseException as error:
            if may_have_been_done(error):
                with self._failures_reported(name):
                    self._delete_by_name(target, name)
            raise

    @contextmanager
    def _failures_reported(self, change_set: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError, KeyboardInterrupt) as error:
            reason = str(error).rstrip(".") or "interrupted"
            self.progress.step(f"the change set {change_set} may be left behind, deleting it failed: {reason}")

    def _delete_by_name(self, target: str, name: str) -> None:
        looks = iter(range(1, _LOOKS_FOR_UNANSWERED + 1))
        for change_set in until(lambda: self._named(target, name, next(looks)), self.progress.waiting):
            self._delete(change_set)

    def _named(self, target: str, name: str, look: int) -> list[ChangeSet] | None:
        """The change set of a name; None when it is missing, until the last look."""
        try:
            described = self.cloudformation.describe_change_set(StackName=target, ChangeSetName=name)
        except ClientError as error:
            if not (error_code(error) in CHANGE_SET_MISSING or is_missing(error)):
                raise
            return [] if look == _LOOKS_FOR_UNANSWERED else None
        return [ChangeSet(described["ChangeSetId"], described["StackId"])]

    def _delete(self, change_set: ChangeSet) -> None:
        self._delete_alone(change_set)
        stack = find_stack(self.cloudformation, change_set.stack_id)
        if stack and stack.status == "REVIEW_IN_PROGRESS" and not self._has_others(stack, change_set):
            self.cloudformation.delete_stack(StackName=stack.stack_id)
            until(lambda: self._is_gone(stack.stack_id) or None, self.progress.waiting)

    def _delete_alone(self, change_set: ChangeSet) -> None:
        until(lambda: self._is_deleted(change_set) or None, self.progress.waiting)

    def _is_deleted(self, change_set: ChangeSet) -> bool:
        """Whether deleting succeeded; one that is still being created cannot be deleted yet."""
        try:
            self.cloudformation.delete_change_set(**change_set.arguments)
        except ClientError as error:
            if error_code(error) in CHANGE_SET_MISSING or is_missing(error):
                return True
            if error_code(error) not in CHANGE_SET_BUSY or self._created(change_set):
                raise
            return False
        return True

    def _created(self, change_set: ChangeSet) -> "DescribeChangeSetOutputTypeDef | None":
        description = self.cloudformation.describe_change_set(**change_set.arguments)
        return None if description["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"} else description

    def _is_gone(self, stack_id: str) -> bool:
        stack = find_stack(self.cloudformation, stack_id)
        return stack is None or stack.status == "DELETE_COMPLETE"

    def _has_others(self, stack: DeployedStack, change_set: ChangeSet) -> bool:
        pages = self.cloudformation.get_paginator("list_change_sets").paginate(StackName=stack.name)
        ids = [summary["ChangeSetId"] for page in pages for summary in page["Summaries"]]
        return any(change_set_id != change_set.change_set_id for change_set_id in ids)


def rollback_configuration(
    clients: Clients, stack: DeployedStack, template: str, progress: Progress
) -> "RollbackConfigurationTypeDef":
    """Up to five alarms that exist before and after an update, and are not in ALARM now.

    An alarm that is in ALARM already would roll back the very update that fixes it; one that does not exist fails the
    update at once.

    Args:
        clients: of the account and region.
        stack: that is updated.
        template: that it is updated to.
        progress: hears which mappings find no room among the five.
    """
    candidates = _rollback_candidates(clients, stack, template)
    arns = _not_in_alarm(clients, [name for _, name in candidates])
    triggers = [(metric, name) for metric, name in candidates if name in arns]
    unwatched = [name for metric, name in triggers[_MOST_ROLLBACK_TRIGGERS:] if metric == _ROLLBACK_METRICS[0]]
    if unwatched:
        progress.step(
            f"CloudFormation takes {_MOST_ROLLBACK_TRIGGERS} rollback triggers, so the update is not rolled back by "
            f"{', '.join(unwatched)}"
        )
    return {
        "RollbackTriggers": [{"Arn": arns[name], "Type": ALARM_TYPE} for _, name in triggers[:_MOST_ROLLBACK_TRIGGERS]],
        "MonitoringTimeInMinutes": _MONITORING_MINUTES if triggers else 0,
    }


def _rollback_candidates(clients: Clients, stack: DeployedStack, template: str) -> list[tuple[str, str]]:
    """Metric and name of the alarms that are deployed, stay, and show bad code; soonest first."""
    metrics = {
        logical_id: resource["Properties"].get("MetricName")
        for logical_id, resource in json.loads(template)["Resources"].items()
        if resource["Type"] == ALARM_TYPE
    }
    candidates = [
        (metrics[resource.logical_id], resource.physical_id)
        for resource in stack_resources(clients.cloudformation, stack.stack_id)
        if metrics.get(resource.logical_id) in _ROLLBACK_METRICS
    ]
    return sorted(candidates, key=lambda candidate: (_ROLLBACK_METRICS.index(candidate[0]), candidate[1]))


def _not_in_alarm(clients: Clients, names: list[str]) -> dict[str, str]:
    """The ARNs of those alarms that are not in ALARM, by name."""
    if not names:
        return {}
    alarms = clients.cloudwatch.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["AlarmArn"] for alarm in alarms if alarm["StateValue"] != "ALARM"}
