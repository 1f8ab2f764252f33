"""Conflicts: what goes wrong because somebody else changes the same stack at the same time."""

import re

from botocore.exceptions import ClientError

from build.aws_errors import error_code, error_message
from build.cloudformation.stacks import is_missing
from build.errors import CommandError

CHANGE_SET_MISSING = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException"})
CHANGE_SET_BUSY = frozenset({"InvalidChangeSetStatus", "InvalidChangeSetStatusException"})
"""The change set is still being created, is executed, or is obsolete because another one was."""
_CODES = CHANGE_SET_MISSING | CHANGE_SET_BUSY | {"AlreadyExistsException", "OperationInProgressException"}
_MESSAGE = re.compile(r"\bis in [A-Z_]+ state\b|^Stack \[[^]]*\] (already exists|does not exist)")
"""How CloudFormation words a ValidationError about the status of a stack that was another one a moment ago:
`Stack:<ARN> is in UPDATE_IN_PROGRESS state and can not be updated`,
`Stack [<name>] already exists and cannot be created again with the changeSet [<name>]`,
`Stack [<ARN>] does not exist`."""


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
    return error_code(error) in _CODES or bool(_MESSAGE.search(error_message(error)))


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
