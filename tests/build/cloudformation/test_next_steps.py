from dataclasses import replace

import pytest

from build.cloudformation.next_steps import build_command, failed_resources, next_step
from build.cloudformation.stacks import StackEvent, stack_event
from tests.build.support import ACCOUNT, NAME, a_stack, event

PROTECTED = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection."


def failed_table(status: str = "DELETE_FAILED", reason: str = PROTECTED) -> StackEvent:
    return replace(stack_event(event(3, "Table", status, reason)), resource_type="AWS::DynamoDB::Table")


def test_a_command_names_the_region_where_it_is_not_the_default() -> None:
    elsewhere = a_stack(StackId=f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{NAME}/1")
    assert build_command("deploy", a_stack()) == "python -m build deploy --suffix dev"
    assert build_command("deploy", elsewhere, "--skip", "A") == (
        "python -m build deploy --suffix dev --skip A --region eu-west-1"
    )


def test_the_newest_step_tells_what_failed_in_it() -> None:
    events = [
        event(9, NAME, "UPDATE_ROLLBACK_FAILED"),
        event(8, "B", "UPDATE_FAILED", "no"),
        event(7, "A", "UPDATE_FAILED", "neither"),
        event(6, "Rolled", "UPDATE_COMPLETE"),
        event(5, "Rolled", "UPDATE_FAILED", "at first"),
        event(4, "Other", "UPDATE_FAILED", "Resource update cancelled"),
        event(3, NAME, "UPDATE_ROLLBACK_IN_PROGRESS"),
        event(2, "First", "UPDATE_FAILED", "before"),
    ]
    assert [failed.logical_id for failed in failed_resources(map(stack_event, events))] == ["A", "B"]


def test_after_a_failed_rollback_every_resource_is_in_the_command_to_paste() -> None:
    failed = [stack_event(event(number, name, "UPDATE_FAILED", "no")) for number, name in ((1, "A"), (2, "B"))]
    told = next_step(a_stack("UPDATE_ROLLBACK_FAILED"), failed)
    assert "not rolled back: A (no); B (no)" in told
    assert "`python -m build deploy --suffix dev --continue-rollback --skip A --skip B`" in told


def test_a_protected_table_comes_with_the_command_that_turns_that_off() -> None:
    told = next_step(a_stack("DELETE_FAILED"), [failed_table()])
    unprotect = "aws dynamodb update-table --table-name dev-table --no-deletion-protection-enabled --region us-west-2"
    assert told == (
        f"remove what prevents it (turn deletion protection off with `{unprotect}`), "
        "and repeat `python -m build destroy --suffix dev`."
    )


def test_what_a_protected_suffix_retains_has_to_be_removed_before_its_name_is_free() -> None:
    told = next_step(a_stack("ROLLBACK_FAILED", StackName="TapStackprod"), [failed_table()])
    assert "run `python -m build destroy --suffix prod --lift-protection TapStackprod`, delete what that" in told
    assert "`aws dynamodb delete-table --table-name dev-table --region us-west-2` unless its data is needed" in told
    assert "delete-table" not in next_step(a_stack("ROLLBACK_FAILED"), [failed_table()])


def test_a_deployment_deletes_the_new_tables_of_a_failed_creation_itself() -> None:
    itself = "correct that and deploy again, which deletes the new tables first if they are empty; if they are not, "
    told = next_step(a_stack("ROLLBACK_FAILED", StackName="TapStackprod"), [failed_table()])
    assert told.startswith(f"{itself}remove what prevents it (turn deletion protection off with ")
    assert itself not in next_step(a_stack("ROLLBACK_FAILED"), [failed_table(reason="it is being used")])


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE"])
def test_after_a_success_there_is_nothing_to_do(status: str) -> None:
    assert next_step(a_stack(status), []) == ""
