"""Every StackStatus of the service model, and what a deployment does with it."""

import boto3
import pytest
from botocore.model import StringShape

from build.deployment.stack_states import PATHS, Path, path_from

WHAT_HAPPENS = {
    "CREATE_COMPLETE": "UPDATE",
    "CREATE_FAILED": "RECREATE",
    "CREATE_IN_PROGRESS": "FOLLOW",
    "DELETE_COMPLETE": "CREATE",
    "DELETE_FAILED": "FINISH_DELETION",
    "DELETE_IN_PROGRESS": "FOLLOW",
    "IMPORT_COMPLETE": "UPDATE",
    "IMPORT_IN_PROGRESS": "FOLLOW",
    "IMPORT_ROLLBACK_COMPLETE": "UPDATE",
    "IMPORT_ROLLBACK_FAILED": "REPAIR_IMPORT",
    "IMPORT_ROLLBACK_IN_PROGRESS": "FOLLOW",
    "REVIEW_IN_PROGRESS": "CREATE",
    "ROLLBACK_COMPLETE": "RECREATE",
    "ROLLBACK_FAILED": "RECREATE",
    "ROLLBACK_IN_PROGRESS": "FOLLOW",
    "UPDATE_COMPLETE": "UPDATE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "FOLLOW",
    "UPDATE_FAILED": "ROLL_BACK",
    "UPDATE_IN_PROGRESS": "FOLLOW",
    "UPDATE_ROLLBACK_COMPLETE": "UPDATE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "FOLLOW",
    "UPDATE_ROLLBACK_FAILED": "CONTINUE_ROLLBACK",
    "UPDATE_ROLLBACK_IN_PROGRESS": "FOLLOW",
}


def test_the_table_has_every_status_of_the_service_model() -> None:
    model = boto3.client("cloudformation").meta.service_model
    shape = model.shape_for("StackStatus")
    assert isinstance(shape, StringShape)
    statuses = set(shape.enum)
    assert statuses == set(PATHS) == set(WHAT_HAPPENS)


@pytest.mark.parametrize(("status", "path"), WHAT_HAPPENS.items())
def test_each_status_has_its_path(status: str, path: str) -> None:
    assert path_from(status) is Path[path]


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_a_paused_stack_goes_on_without_rollback(status: str) -> None:
    assert path_from(status, rollback=False) is Path.UPDATE


def test_without_rollback_the_other_paths_are_the_same() -> None:
    others = set(PATHS) - {"CREATE_FAILED", "UPDATE_FAILED"}
    assert all(path_from(status, rollback=False) is PATHS[status] for status in others)


@pytest.mark.parametrize(("status", "path"), [("REPAIR_IN_PROGRESS", Path.FOLLOW), ("REPAIR_COMPLETE", Path.UPDATE)])
def test_a_status_of_the_future_is_followed_or_left_to_cloudformation(status: str, path: Path) -> None:
    assert path_from(status) is path
