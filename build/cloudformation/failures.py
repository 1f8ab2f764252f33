"""Why an operation failed: the first resource that did and not those that were cancelled for it, and what helps; or
who else changes the stack at the same time."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from build.aws_errors import error_code, error_message
from build.cloudformation.stacks import StackEvent, find_stack, is_missing
from build.errors import INTERRUPTED, STILL_UNDER_WAY, CommandError
from build.text import one_line

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import OperationEventTypeDef

_STACK_TYPE = "AWS::CloudFormation::Stack"
_NO_REASON = "CloudFormation gives no reason"
_HINTS = tuple(
    (re.compile(pattern, re.IGNORECASE), hint)
    for pattern, hint in (
        (
            r"cannot be assumed|unable to assume|not authorized to perform: sts:AssumeRole|assume the (provided )?role",
            "a new role takes AWS some seconds to know, so repeat the command; if that fails again, "
            "check which service the role trusts.",
        ),
        (
            r"not authorized to perform|access ?denied|forbidden",
            "have the permission granted to whoever deploys, or deploy with --role-arn.",
        ),
        (
            r"NoSuchKey|specified key does not exist|NoSuchBucket",
            "an artifact is missing; deploying again uploads it.",
        ),
        (
            r"could not unzip|unzip uploaded file",
            "the archive in the artifact bucket is damaged; delete that object and .artifacts, and deploy again.",
        ),
        (
            r"update is in progress|operation is in progress|being (created|updated|modified|deleted)|ConcurrentUpdate",
            "something else is changing that resource; wait until it is done and repeat the command.",
        ),
        (
            r"already exists|ResourceConflict|AlreadyExists",
            "something outside the stack has that name; delete or rename it, or deploy under another suffix.",
        ),
        (
            r"DeletionProtection|deletion protection",
            "the table is protected against deletion; turn that off on the table itself if its data may be deleted.",
        ),
        (
            r"not empty|BucketNotEmpty",
            "the bucket got new objects meanwhile; repeat the command, which empties it again.",
        ),
        (
            r"rate exceeded|throttl|too many requests",
            "AWS throttled the calls; repeat the command in a few minutes.",
        ),
        (
            r"limit ?exceeded|quota|UnreservedConcurrentExecution",
            "a quota of the account is used up; have it raised in Service Quotas, or remove what is not needed.",
        ),
        (
            r"rollback trigger|in ALARM state",
            "an alarm of the stack went into ALARM during the update; see which with `python -m build status`.",
        ),
        (
            r"\btimed out\b|did not stabilize|NotStabilized",
            "AWS did not finish in the time that it allows itself; repeat the command.",
        ),
        (
            r"internal ?failure|service unavailable|internal error",
            "AWS failed itself; repeat the command.",
        ),
        (
            r"invalid|must be|malformed|validation",
            "correct that property where stack/ sets it, or the parameter's value, and deploy again.",
        ),
    )
)
_OTHER_HINT = "correct what the reason names and repeat the command."
_STORE_EXISTS = (
    "it may hold data that outlived its stack, so delete nothing: import it with `python -m build adopt` "
    "(CloudFormation: resource import), or deploy under another suffix."
)
_EXISTS = re.compile(r"already exists|AlreadyExists", re.IGNORECASE)
_STORE = re.compile(r"AWS::(DynamoDB::Table|Logs::LogGroup|S3::Bucket)\b")

CHANGE_SET_MISSING = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException"})
CHANGE_SET_BUSY = frozenset({"InvalidChangeSetStatus", "InvalidChangeSetStatusException"})
"""The change set is still being created, is executed, or is obsolete because another one was."""
_CONFLICT_CODES = CHANGE_SET_MISSING | CHANGE_SET_BUSY | {"AlreadyExistsException", "OperationInProgressException"}
_CONFLICT_MESSAGE = re.compile(r"\bis in [A-Z_]+ state\b|^Stack \[[^]]*\] (already exists|does not exist)")
"""How CloudFormation words a ValidationError about the status of a stack that was another one a moment ago:
`Stack:<ARN> is in UPDATE_IN_PROGRESS state and can not be updated`,
`Stack [<name>] already exists and cannot be created again with the changeSet [<name>]`,
`Stack [<ARN>] does not exist`."""


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
        """What to try first, judged by CloudFormation's own words."""
        if _EXISTS.search(self.reason) and _STORE.search(f"{self.resource_type} {self.reason}"):
            return _STORE_EXISTS
        return next((hint for pattern, hint in _HINTS if pattern.search(self.reason)), _OTHER_HINT)


class OperationFailed(CommandError):
    """Something that CloudFormation could not do; the message is one block: what, the resource, the reason, a hint.

    Args:
        headline: what it could not do, a sentence.
        status: that the stack, or the change set, ended in.
        cause: what failed first, if it is known.
        next_step: what to do about the stack, or nothing.
    """

    def __init__(self, headline: str, status: str, cause: Cause | None, next_step: str = "") -> None:
        next_lines = [f"next:     {next_step}"] if next_step else []
        super().__init__("\n  ".join([headline, *_cause_lines(cause), *next_lines]))
        self.status = status
        self.cause = cause

    @property
    def document(self) -> dict[str, Any]:
        if self.cause is None:
            return super().document
        return {**super().document, "status": self.status, **asdict(self.cause), "hint": self.cause.hint}


class Detached(CommandError):
    """The user stopped following; AWS continues.

    Args:
        name: of the stack.
        updating: whether what continues is an update, which can be cancelled.
    """

    def __init__(self, name: str, updating: bool) -> None:
        cancel = "; `deploy --cancel` cancels the update" if updating else ""
        message = f"no longer following, AWS continues with {name}: repeat the command to follow it{cancel}."
        super().__init__(message, INTERRUPTED)


class FollowingLost(CommandError):
    """Following ended with an error; AWS continues.

    Args:
        name: of the stack.
        reason: why, a sentence.
        command: that follows the operation again.
        confirmed: whether AWS said that it began the operation.
    """

    def __init__(self, name: str, reason: str, command: str, confirmed: bool) -> None:
        going_on = "AWS goes on" if confirmed else "AWS goes on, if the request reached it,"
        message = f"no longer following {name}: {reason} {going_on} with the stack: `{command}` follows it again."
        super().__init__(message, STILL_UNDER_WAY)


def root_cause(cloudformation: "CloudFormationClient", stack_id: str, events: Sequence[StackEvent]) -> Cause | None:
    """Why the newest operation of a stack failed.

    DescribeEvents knows more than stack events, but needs its own permission
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html).

    Args:
        cloudformation: the client to ask with.
        stack_id: ARN of the stack.
        events: of the operation, oldest first, for where DescribeEvents cannot be had.
    """
    return _reported_cause(cloudformation, stack_id) or _observed_cause(events)


def change_set_cause(cloudformation: "CloudFormationClient", change_set_id: str) -> Cause | None:
    """What the validation of a change set found wrong; None where AWS does not say."""
    try:
        return _described_cause(cloudformation, ChangeSetName=change_set_id)
    except ClientError:
        return None


def _reported_cause(cloudformation: "CloudFormationClient", stack_id: str) -> Cause | None:
    """The first failed event of the newest operation that is not a rollback; None where AWS does not say."""
    try:
        stack = find_stack(cloudformation, stack_id)
        operations = stack.last_operations if stack else ()
        failed = next((operation for kind, operation in operations if kind != "ROLLBACK"), None)
        return _described_cause(cloudformation, OperationId=failed) if failed else None
    except (ClientError, BotoCoreError):
        return None


def _described_cause(cloudformation: "CloudFormationClient", **subject: Any) -> Cause | None:
    pages = cloudformation.get_paginator("describe_events").paginate(Filters={"FailedEvents": True}, **subject)
    return _first_cause(event for page in pages for event in page["OperationEvents"])


def _first_cause(events: "Iterable[OperationEventTypeDef]") -> Cause | None:
    oldest_first = sorted(events, key=lambda event: event["Timestamp"])
    causes = (_event_cause(event) for event in oldest_first if event.get("ResourceType") != _STACK_TYPE)
    return next((cause for cause in causes if not is_cancellation(cause.reason)), None)


def _event_cause(event: "OperationEventTypeDef") -> Cause:
    """The cause that one failed event of DescribeEvents names, a validation's with the path of the property."""
    reason = (
        event.get("ValidationStatusReason")
        or event.get("HookStatusReason")
        or event.get("ResourceStatusReason")
        or _NO_REASON
    )
    path = event.get("ValidationPath")
    return Cause(
        resource=event.get("LogicalResourceId", ""),
        resource_type=event.get("ResourceType", ""),
        reason=one_line(f"{reason} (at {path})" if path else reason),
    )


def _observed_cause(events: Sequence[StackEvent]) -> Cause | None:
    """The first resource that failed by itself, else what the stack says about itself."""
    failed = [event for event in events if event.failed and not is_cancellation(event.reason)]
    resources = [event for event in failed if not event.of_stack]
    rollbacks = [event for event in events if event.of_stack and event.reason and "ROLLBACK" in event.status]
    first = next(iter(resources + failed + rollbacks), None)
    return Cause(first.logical_id, first.resource_type, one_line(first.reason) or _NO_REASON) if first else None


def is_cancellation(reason: str) -> bool:
    """Whether a resource only stopped because another one failed."""
    return "cancelled" in reason.lower()


def _cause_lines(cause: Cause | None) -> list[str]:
    if cause is None:
        return ["reason:   AWS names none; look at the events of the stack in the console"]
    resource = f"{cause.resource} ({cause.resource_type})" if cause.resource_type else cause.resource
    return [f"resource: {resource}", f"reason:   {cause.reason}", f"hint:     {cause.hint}"]


class Conflict(CommandError):
    """The stack is not as it was a moment ago; looking again shows what to do.

    Args:
        event: what happened, without a full stop.
        advice: what to do where nobody looks again.
    """

    def __init__(self, event: str, advice: str) -> None:
        super().__init__(f"{event}; {advice}")
        self.event = event


class StackGone(Conflict):
    """Somebody deleted the stack.

    Args:
        name: of the stack.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is gone, somebody else deleted it meanwhile", "deploy again if it should exist.")


def is_conflict(error: Exception) -> bool:
    """Whether CloudFormation refuses a call because of what somebody else did to the stack or the change set."""
    if not isinstance(error, ClientError):
        return False
    return error_code(error) in _CONFLICT_CODES or bool(_CONFLICT_MESSAGE.search(error_message(error)))


def raise_if_conflict(error: Exception, name: str) -> None:
    """Tell what somebody else caused from other errors, about which nothing is done.

    Args:
        error: of a call that concerns a stack that existed, or did not exist, a moment ago.
        name: of the stack.

    Raises:
        Conflict: for what somebody else caused.
    """
    if not isinstance(error, ClientError) or not is_conflict(error):
        return
    if is_missing(error) and error_code(error) not in CHANGE_SET_MISSING:
        raise StackGone(name) from error
    raise Conflict(
        f"somebody else is changing {name}, too (AWS says: {error_message(error)})",
        "wait until that is over and repeat the command.",
    ) from error
