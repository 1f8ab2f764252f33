"""How an operation on a stack can end other than well."""

from build.deployment.following.root_cause import Cause
from build.errors import INTERRUPTED, CommandError

NEXT_STEPS = {
    "CREATE_FAILED": "correct that and go on with `deploy --no-rollback`, or make the stack anew with `deploy`.",
    "DELETE_FAILED": "remove what is in the way and repeat `destroy`.",
    "ROLLBACK_COMPLETE": "correct that and deploy again; what is left of the stack is deleted first.",
    "ROLLBACK_FAILED": "remove what is in the way and deploy again; what is left of the stack is deleted first.",
    "UPDATE_FAILED": "correct that and go on with `deploy --no-rollback`, or take the update back with `deploy`.",
    "UPDATE_ROLLBACK_COMPLETE": "the stack is as it was before; correct that and deploy again.",
    "UPDATE_ROLLBACK_FAILED": "remove what is in the way and run `deploy --continue-rollback`, "
    "with `--skip LogicalId` for a resource that cannot be taken back.",
}


class OperationFailed(CommandError):
    """Something CloudFormation could not do; the message is one block: what, the resource, the reason, a hint.

    Args:
        headline: what it could not do, a sentence.
        status: that the stack, or the change set, ended in.
        cause: what failed first, if it is known.
    """

    def __init__(self, headline: str, status: str, cause: Cause | None) -> None:
        super().__init__("\n  ".join([headline, *cause_lines(cause), *next_lines(status)]))
        self.status = status
        self.cause = cause


class Detached(CommandError):
    """The user stopped watching; AWS goes on.

    Args:
        name: of the stack.
        updating: whether what goes on is an update, which can be cancelled.
    """

    def __init__(self, name: str, updating: bool) -> None:
        cancel = "; `deploy --cancel` cancels the update" if updating else ""
        message = f"no longer watching, AWS goes on with {name}: repeat the command to follow it{cancel}."
        super().__init__(message, INTERRUPTED)


def cause_lines(cause: Cause | None) -> list[str]:
    """What failed first, a line for each thing to know."""
    if cause is None:
        return ["reason:   AWS names none; look at the events of the stack in the console"]
    resource = f"{cause.resource} ({cause.resource_type})" if cause.resource_type else cause.resource
    return [f"resource: {resource}", f"reason:   {cause.reason}", f"hint:     {cause.hint}"]


def next_lines(status: str) -> list[str]:
    """How to go on from the state that the stack is in now."""
    return [f"next:     {NEXT_STEPS[status]}"] if status in NEXT_STEPS else []
