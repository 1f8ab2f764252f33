"""What every state of a stack means for a deployment and for a deletion."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


class Path(Enum):
    """How a deployment goes on from a state."""

    CREATE = "make the stack"
    UPDATE = "change the stack"
    FOLLOW = "watch what is under way until it ends"
    RECREATE = "delete what a failed creation left, then make the stack"
    ROLL_BACK = "take a paused update back, then change the stack"
    CONTINUE_ROLLBACK = "stop and say how a rollback that failed is continued"
    FINISH_DELETION = "stop and say how a deletion that failed is finished"
    REPAIR_IMPORT = "stop and say that an import has to be repaired by hand"


PATHS: Mapping[str, Path] = MappingProxyType(
    {
        "CREATE_COMPLETE": Path.UPDATE,
        "CREATE_FAILED": Path.RECREATE,
        "CREATE_IN_PROGRESS": Path.FOLLOW,
        "DELETE_COMPLETE": Path.CREATE,
        "DELETE_FAILED": Path.FINISH_DELETION,
        "DELETE_IN_PROGRESS": Path.FOLLOW,
        "IMPORT_COMPLETE": Path.UPDATE,
        "IMPORT_IN_PROGRESS": Path.FOLLOW,
        "IMPORT_ROLLBACK_COMPLETE": Path.UPDATE,
        "IMPORT_ROLLBACK_FAILED": Path.REPAIR_IMPORT,
        "IMPORT_ROLLBACK_IN_PROGRESS": Path.FOLLOW,
        "REVIEW_IN_PROGRESS": Path.CREATE,
        "ROLLBACK_COMPLETE": Path.RECREATE,
        "ROLLBACK_FAILED": Path.RECREATE,
        "ROLLBACK_IN_PROGRESS": Path.FOLLOW,
        "UPDATE_COMPLETE": Path.UPDATE,
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Path.FOLLOW,
        "UPDATE_FAILED": Path.ROLL_BACK,
        "UPDATE_IN_PROGRESS": Path.FOLLOW,
        "UPDATE_ROLLBACK_COMPLETE": Path.UPDATE,
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Path.FOLLOW,
        "UPDATE_ROLLBACK_FAILED": Path.CONTINUE_ROLLBACK,
        "UPDATE_ROLLBACK_IN_PROGRESS": Path.FOLLOW,
    }
)


PAUSED = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})
"""Where an operation without rollback stops; another one without rollback goes on from there
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html)."""


def path_from(status: str, rollback: bool = True) -> Path:
    """How a deployment goes on from a status.

    Args:
        status: one of CloudFormation's StackStatus; one that is newer than this table is followed or updated, which
            CloudFormation refuses where it cannot be done.
        rollback: whether the deployment rolls back when it fails.
    """
    if status in PAUSED and not rollback:
        return Path.UPDATE
    return PATHS.get(status, Path.FOLLOW if status.endswith("_IN_PROGRESS") else Path.UPDATE)
