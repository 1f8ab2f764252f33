from collections.abc import Callable
from typing import Any

import pytest

from build.cloudformation.failures import Detached, OperationFailed
from build.cloudformation.operations import (
    DELETED,
    ROLLED_BACK,
    SUCCEEDED,
    OperationEvents,
    Operations,
)
from build.cloudformation.stacks import unique_name
from build.errors import INTERRUPTED
from tests.build.support import CHANGE_SET_ID, NAME, STACK_ID, TOKEN, Recorder, Stubs, event, expect_end

ROLE = "arn:aws:iam::123456789012:role/deployer"


CALLS: list[tuple[str, dict[str, Any], Callable[[Operations], object], str, str]] = [
    ("delete_stack", {"RoleARN": ROLE}, lambda it: it.delete(STACK_ID), "DELETE_IN_PROGRESS", "DELETE_COMPLETE"),
    (
        "rollback_stack",
        {"RoleARN": ROLE},
        lambda it: it.roll_back(STACK_ID),
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ),
    (
        "continue_update_rollback",
        {"RoleARN": ROLE, "ResourcesToSkip": ["A", "B"]},
        lambda it: it.continue_rollback(STACK_ID, {"B", "A"}),
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ),
    (
        "cancel_update_stack",
        {},
        lambda it: it.cancel(STACK_ID),
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ),
]


@pytest.mark.parametrize(("call", "arguments", "run", "begun", "status"), CALLS, ids=[call[0] for call in CALLS])
def test_operations_are_begun_with_a_token_and_followed_by_stack_id(
    stubs: Stubs,
    progress: Recorder,
    call: str,
    arguments: dict[str, Any],
    run: Callable[[Operations], object],
    begun: str,
    status: str,
) -> None:
    stubs.answer("cloudformation", call, {"StackName": STACK_ID, "ClientRequestToken": TOKEN, **arguments}, {})
    expect_end(stubs, begun, status)
    run(Operations(stubs.clients.cloudformation, progress, ROLE))
    assert [entry.status for entry in progress.events] == [begun, status]


def test_without_a_role_the_stacks_own_is_left(stubs: Stubs, progress: Recorder) -> None:
    stubs.answer("cloudformation", "delete_stack", {"StackName": STACK_ID, "ClientRequestToken": TOKEN}, {})
    expect_end(stubs, "DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    assert Operations(stubs.clients.cloudformation, progress).delete(STACK_ID).status in DELETED


@pytest.mark.parametrize("rollback", [True, False])
def test_executing_a_change_set(stubs: Stubs, progress: Recorder, rollback: bool) -> None:
    parameters = {
        "StackName": STACK_ID,
        "ChangeSetName": CHANGE_SET_ID,
        "ClientRequestToken": TOKEN,
        "DisableRollback": not rollback,
        "RetainExceptOnCreate": rollback,
    }
    stubs.answer("cloudformation", "execute_change_set", parameters, {})
    operations = Operations(stubs.clients.cloudformation, progress)
    events = operations.begin_execution(CHANGE_SET_ID, STACK_ID, rollback)
    assert (events.stack_id, events.token) == (STACK_ID, TOKEN)


def test_attaching_goes_on_where_somebody_began(stubs: Stubs, progress: Recorder) -> None:
    begun = event(1, NAME, "UPDATE_IN_PROGRESS", token="theirs")
    stubs.events_are(begun)
    ended = event(2, NAME, "UPDATE_COMPLETE", token="theirs")
    stubs.events_are(ended, begun)
    stubs.stack_is("UPDATE_COMPLETE")
    assert Operations(stubs.clients.cloudformation, progress).attach(STACK_ID, SUCCEEDED).status == "UPDATE_COMPLETE"


def test_a_description_that_lags_behind_the_events_is_waited_for(stubs: Stubs, progress: Recorder) -> None:
    entries = [event(2, NAME, "UPDATE_COMPLETE"), event(1, NAME, "UPDATE_IN_PROGRESS")]
    stubs.events_are(*entries)
    for status in ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"):
        stubs.stack_is(status)
    events = OperationEvents(stubs.clients.cloudformation, STACK_ID, TOKEN)
    followed = Operations(stubs.clients.cloudformation, progress).follow(events, SUCCEEDED)
    assert (followed.status, progress.waits) == ("UPDATE_COMPLETE", 1)


def test_throttling_while_following_is_no_failure(stubs: Stubs, progress: Recorder) -> None:
    stubs.refuse("cloudformation", "describe_stack_events", {"StackName": STACK_ID}, "Throttling", "Rate exceeded")
    expect_end(stubs, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    events = OperationEvents(stubs.clients.cloudformation, STACK_ID, TOKEN)
    Operations(stubs.clients.cloudformation, progress).follow(events, SUCCEEDED)
    assert progress.waits == 1


def test_another_end_than_the_expected_one_is_explained_in_one_block(stubs: Stubs, progress: Recorder) -> None:
    entries = [
        event(4, NAME, "UPDATE_ROLLBACK_COMPLETE"),
        event(3, NAME, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [Worker]."),
        event(2, "Worker", "UPDATE_FAILED", "Rate exceeded"),
        event(1, NAME, "UPDATE_IN_PROGRESS"),
    ]
    stubs.events_are(*entries)
    for _ in ("the end", "the cause"):
        stubs.stack_is("UPDATE_ROLLBACK_COMPLETE")
    events = OperationEvents(stubs.clients.cloudformation, STACK_ID, TOKEN)
    with pytest.raises(OperationFailed) as caught:
        Operations(stubs.clients.cloudformation, progress).follow(events, SUCCEEDED)
    assert str(caught.value).splitlines() == [
        "TapStackdev ended as UPDATE_ROLLBACK_COMPLETE.",
        "  resource: Worker (AWS::Lambda::Function)",
        "  reason:   Rate exceeded",
        "  hint:     AWS throttled the calls; repeat the command in a few minutes.",
        "  next:     the stack is as it was before; correct that and deploy again.",
    ]
    assert (caught.value.status, caught.value.exit_code) == ("UPDATE_ROLLBACK_COMPLETE", 1)


class Impatient(Recorder):
    """Presses Ctrl-C when there is nothing new."""

    def waiting(self) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize(("begun", "cancels"), [("UPDATE_IN_PROGRESS", True), ("CREATE_IN_PROGRESS", False)])
def test_ctrl_c_detaches_and_says_how_to_go_on(stubs: Stubs, begun: str, cancels: bool) -> None:
    entries = [event(1, NAME, begun)]
    stubs.events_are(*entries)
    events = OperationEvents(stubs.clients.cloudformation, STACK_ID, TOKEN)
    with pytest.raises(Detached, match="AWS continues with TapStackdev: repeat the command to follow it") as caught:
        Operations(stubs.clients.cloudformation, Impatient()).follow(events, SUCCEEDED)
    assert caught.value.exit_code == INTERRUPTED == 130
    assert ("`deploy --cancel` cancels" in str(caught.value)) is cancels


def test_tokens_differ_and_are_what_cloudformation_accepts() -> None:
    tokens = {unique_name() for _ in range(10)}
    assert len(tokens) == 10
    assert all(len(token) <= 128 and token.replace("-", "").isalnum() for token in tokens)


def test_rolling_back_is_over_when_the_stack_is_as_before() -> None:
    assert ROLLED_BACK == {"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
