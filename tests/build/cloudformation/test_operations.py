from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from build.cloudformation import operations as module
from build.cloudformation.failures import Detached, OperationFailed
from build.cloudformation.operations import (
    DELETED,
    FOREIGN_EVENTS,
    ROLLED_BACK,
    SUCCEEDED,
    OperationEvents,
    Operations,
    set_termination_protection,
)
from build.errors import INTERRUPTED
from tests.build.support import CHANGE_SET_ID, NAME, STACK_ID, TOKEN, Recorder, Stubs, a_stack, event

ROLE = "arn:aws:iam::123456789012:role/deployer"
BEFORE = [event(1, NAME, "CREATE_IN_PROGRESS", token="old"), event(2, NAME, "CREATE_COMPLETE", token="old")]
BEGUN = [event(10, NAME, "UPDATE_IN_PROGRESS"), event(11, "Worker", "UPDATE_IN_PROGRESS")]
ENDED = [event(12, "Worker", "UPDATE_COMPLETE"), event(13, NAME, "UPDATE_COMPLETE")]


def expect_end(stubs: Stubs, begun: str, status: str) -> None:
    entries = [event(2, NAME, status), event(1, NAME, begun)]
    stubs.events_are(*entries)
    stubs.stack_is(status)


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
    tokens = {module.unique_name() for _ in range(10)}
    assert len(tokens) == 10
    assert all(len(token) <= 128 and token.replace("-", "").isalnum() for token in tokens)


def test_rolling_back_is_over_when_the_stack_is_as_before() -> None:
    assert ROLLED_BACK == {"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


def expect_pages(stubs: Stubs, *pages: list[dict[str, Any]]) -> None:
    """One reading of the events given oldest first, in pages newest first."""
    token: dict[str, str] = {}
    for number, page in enumerate(pages):
        following = {"NextToken": f"page-{number + 1}"} if number + 1 < len(pages) else {}
        answer = {"StackEvents": page[::-1], **following}
        stubs.answer("cloudformation", "describe_stack_events", {"StackName": STACK_ID, **token}, answer)
        token = following


def events_of(stubs: Stubs, token: str | None = TOKEN) -> OperationEvents:
    return OperationEvents(stubs.clients.cloudformation, STACK_ID, token)


def ids(events: list[Any]) -> list[str]:
    return [entry.event_id for entry in events]


def test_events_come_oldest_first_each_once_and_only_those_of_the_operation(stubs: Stubs) -> None:
    events = events_of(stubs)
    expect_pages(stubs, BEFORE + BEGUN)
    assert ids(events.read_new()) == ["event-10", "event-11"]
    expect_pages(stubs, BEFORE + BEGUN + ENDED)
    assert ids(events.read_new()) == ["event-12", "event-13"]
    expect_pages(stubs, BEFORE + BEGUN + ENDED)
    assert events.read_new() == []


def test_the_stacks_own_last_event_ends_the_operation(stubs: Stubs) -> None:
    events = events_of(stubs)
    expect_pages(stubs, BEFORE + BEGUN)
    events.read_new()
    assert events.ending is None
    assert events.updating
    expect_pages(stubs, BEFORE + BEGUN + ENDED)
    events.read_new()
    assert events.ending is not None
    assert events.ending.status == "UPDATE_COMPLETE"
    assert not events.updating


def test_the_end_of_an_older_operation_is_not_taken_for_this_one(stubs: Stubs) -> None:
    events = events_of(stubs)
    expect_pages(stubs, BEFORE)
    assert events.read_new() == []
    assert events.ending is None


def test_pages_are_read_as_far_as_needed_and_no_further(stubs: Stubs) -> None:
    events = events_of(stubs)
    expect_pages(stubs, ENDED, BEGUN)
    assert ids(events.read_new()) == ["event-10", "event-11", "event-12", "event-13"]


def test_an_operation_that_was_over_at_the_first_look_is_seen_whole(stubs: Stubs) -> None:
    failed = [
        event(12, "Worker", "UPDATE_FAILED", "no"),
        event(13, NAME, "UPDATE_ROLLBACK_IN_PROGRESS"),
        event(14, NAME, "UPDATE_ROLLBACK_COMPLETE"),
    ]
    expect_pages(stubs, BEFORE + BEGUN + failed)
    assert len(events_of(stubs).read_new()) == 5


def test_what_follows_belongs_to_the_operation_whatever_its_token(stubs: Stubs) -> None:
    rollback = [
        event(12, NAME, "UPDATE_ROLLBACK_IN_PROGRESS", token="cancellation"),
        event(13, NAME, "UPDATE_ROLLBACK_COMPLETE", token="cancellation"),
    ]
    events = events_of(stubs)
    expect_pages(stubs, BEFORE + BEGUN + rollback)
    assert ids(events.read_new()) == ["event-10", "event-11", "event-12", "event-13"]
    assert events.ending is not None
    assert events.ending.status == "UPDATE_ROLLBACK_COMPLETE"


def test_an_operation_without_a_token_begins_where_the_stack_says(stubs: Stubs) -> None:
    tokenless = [{**entry, "ClientRequestToken": ""} for entry in BEFORE + BEGUN]
    for entry in tokenless:
        del entry["ClientRequestToken"]
    expect_pages(stubs, tokenless)
    assert ids(events_of(stubs, None).read_new()) == ["event-10", "event-11"]


def test_a_long_foreign_history_is_not_read_to_its_beginning(stubs: Stubs) -> None:
    history = [event(number, "Worker", "UPDATE_COMPLETE", token="old") for number in range(FOREIGN_EVENTS + 1)]
    stubs.answer(
        "cloudformation",
        "describe_stack_events",
        {"StackName": STACK_ID},
        {"StackEvents": history[::-1], "NextToken": "never asked for"},
    )
    assert events_of(stubs).read_new() == []


@pytest.mark.parametrize(("status", "failed"), [("CREATE_FAILED", True), ("CREATE_COMPLETE", False)])
def test_an_event_says_whether_it_failed(stubs: Stubs, status: str, failed: bool) -> None:
    expect_pages(stubs, [event(1, "Worker", status)])
    (only,) = events_of(stubs).read_new()
    assert only.failed is failed
    assert not only.in_progress
    assert not only.of_stack


@pytest.mark.parametrize("enabled", [True, False])
def test_termination_protection_is_set_by_stack_id(stubs: Stubs, progress: Recorder, enabled: bool) -> None:
    parameters = {"StackName": STACK_ID, "EnableTerminationProtection": enabled}
    stubs.answer("cloudformation", "update_termination_protection", parameters, {"StackId": STACK_ID})
    before = a_stack(EnableTerminationProtection=not enabled)
    after = set_termination_protection(stubs.clients.cloudformation, before, enabled, progress)
    assert after == replace(before, termination_protection=enabled)


def test_an_endpoint_without_termination_protection_is_reported(stubs: Stubs, progress: Recorder) -> None:
    parameters = {"StackName": STACK_ID, "EnableTerminationProtection": True}
    stubs.refuse("cloudformation", "update_termination_protection", parameters, "InvalidAction")
    assert set_termination_protection(stubs.clients.cloudformation, a_stack(), True, progress) == a_stack()
    assert progress.steps == ["termination protection is unknown to this endpoint and stays as it is"]


def test_a_denied_protection_is_no_detail(stubs: Stubs, progress: Recorder) -> None:
    parameters = {"StackName": STACK_ID, "EnableTerminationProtection": True}
    stubs.refuse("cloudformation", "update_termination_protection", parameters, "AccessDenied")
    with pytest.raises(Exception, match="AccessDenied"):
        set_termination_protection(stubs.clients.cloudformation, a_stack(), True, progress)
