"""Why an operation failed: the first resource that did, and not those it took along."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.deployment.deployed_stack import find_stack
from build.deployment.following.hints import hint_for
from build.deployment.following.stack_events import StackEvent
from build.deployment.one_line import one_line

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import OperationEventTypeDef

STACK_TYPE = "AWS::CloudFormation::Stack"
UNKNOWN_REASON = "CloudFormation gives no reason"


@dataclass(frozen=True)
class Cause:
    """What failed first.

    Args:
        resource: logical id, or the stack's name.
        resource_type: `AWS::Lambda::Function`, or nothing.
        reason: CloudFormation's sentence.
    """

    resource: str
    resource_type: str
    reason: str

    @property
    def hint(self) -> str:
        """What to try first."""
        return hint_for(self.reason)


def root_cause(cloudformation: "CloudFormationClient", stack_id: str, events: Sequence[StackEvent]) -> Cause | None:
    """Why the newest operation of a stack failed.

    DescribeEvents knows more than stack events, but needs its own permission
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html).

    Args:
        cloudformation: the client to ask with.
        stack_id: ARN of the stack.
        events: of the operation, oldest first, for where DescribeEvents cannot be had.
    """
    return reported_cause(cloudformation, stack_id) or observed_cause(events)


def reported_cause(cloudformation: "CloudFormationClient", stack_id: str) -> Cause | None:
    """The first failed event of the newest operation that is not a rollback; None where AWS does not tell."""
    try:
        stack = find_stack(cloudformation, stack_id)
        operations = stack.last_operations if stack else ()
        failed = next((operation for kind, operation in operations if kind != "ROLLBACK"), None)
        return failed_operation_cause(cloudformation, failed) if failed else None
    except ClientError:
        return None


def failed_operation_cause(cloudformation: "CloudFormationClient", operation_id: str) -> Cause | None:
    """The first failed event of an operation."""
    pages = cloudformation.get_paginator("describe_events").paginate(
        OperationId=operation_id, Filters={"FailedEvents": True}
    )
    return first_cause(event for page in pages for event in page["OperationEvents"])


def change_set_cause(cloudformation: "CloudFormationClient", change_set_id: str) -> Cause | None:
    """What the validation of a change set found wrong; None where AWS does not tell."""
    try:
        pages = cloudformation.get_paginator("describe_events").paginate(
            ChangeSetName=change_set_id, Filters={"FailedEvents": True}
        )
        return first_cause(event for page in pages for event in page["OperationEvents"])
    except ClientError:
        return None


def first_cause(events: "Iterable[OperationEventTypeDef]") -> Cause | None:
    """The oldest of the failed events that is a cause and no consequence."""
    oldest_first = sorted(events, key=lambda event: event["Timestamp"])
    causes = (operation_event_cause(event) for event in oldest_first if event.get("ResourceType") != STACK_TYPE)
    return next((cause for cause in causes if not is_cancellation(cause.reason)), None)


def operation_event_cause(event: "OperationEventTypeDef") -> Cause:
    """The cause that one failed event of DescribeEvents names, a validation's with the path of the property."""
    reason = (
        event.get("ValidationStatusReason")
        or event.get("HookStatusReason")
        or event.get("ResourceStatusReason")
        or UNKNOWN_REASON
    )
    path = event.get("ValidationPath")
    return Cause(
        resource=event.get("LogicalResourceId", ""),
        resource_type=event.get("ResourceType", ""),
        reason=one_line(f"{reason} (at {path})" if path else reason),
    )


def observed_cause(events: Sequence[StackEvent]) -> Cause | None:
    """The first resource that failed by itself, else what the stack says about itself."""
    failed = [event for event in events if event.failed and not is_cancellation(event.reason)]
    resources = [event for event in failed if not event.of_stack]
    stacks = [event for event in events if event.of_stack and event.reason and "ROLLBACK" in event.status]
    found = next(iter(resources + failed + stacks), None)
    return Cause(found.logical_id, found.resource_type, one_line(found.reason) or UNKNOWN_REASON) if found else None


def is_cancellation(reason: str) -> bool:
    """Whether a resource only stopped because another one failed."""
    return "cancelled" in reason.lower()
