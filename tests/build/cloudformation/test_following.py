"""Following an operation when AWS cannot be asked, when it never began, and when somebody else was first."""

from pathlib import Path

import boto3
import pytest

from build.aws import Clients
from build.cloudformation.failures import Conflict, Detached, FollowingLost, StackGone
from build.cloudformation.operations import (
    READS_WITHOUT_EVENTS,
    SUCCEEDED,
    OperationEvents,
    Operations,
    with_profile,
)
from build.errors import STILL_UNDER_WAY
from tests.build.support import CHANGE_SET_ID, NAME, STACK_ID, TOKEN, Recorder, Stubs, event, expect_end, interrupt

EXPIRED = "The security token included in the request is expired"


def test_a_token_that_expires_while_following_says_what_aws_goes_on_doing(stubs: Stubs, progress: Recorder) -> None:
    stubs.events_are(event(1, NAME, "UPDATE_IN_PROGRESS"))
    stubs.refuse("cloudformation", "describe_stack_events", {"StackName": STACK_ID}, "ExpiredToken", EXPIRED)
    operations = Operations(stubs.clients.cloudformation, progress, command="destroy --profile ops")
    with pytest.raises(FollowingLost) as caught:
        operations.follow(OperationEvents(stubs.clients.cloudformation, STACK_ID, TOKEN), SUCCEEDED)
    assert str(caught.value) == (
        "no longer following TapStackdev: the credentials have expired; log in again (`aws sso login`, or fetch new "
        "ones) and repeat the command. AWS goes on with the stack: "
        "`python -m build destroy --profile ops --suffix dev --region us-west-2` follows it again."
    )
    assert caught.value.exit_code == STILL_UNDER_WAY


@pytest.mark.parametrize("call", ["describe_stack_events", "describe_stacks"])
def test_a_denied_look_ends_following_and_not_the_operation(stubs: Stubs, progress: Recorder, call: str) -> None:
    if call == "describe_stacks":
        stubs.events_are(event(2, NAME, "UPDATE_COMPLETE"), event(1, NAME, "UPDATE_IN_PROGRESS"))
    stubs.refuse("cloudformation", call, {"StackName": STACK_ID}, "AccessDenied", "no")
    with pytest.raises(FollowingLost, match="permission denied: .* AWS goes on with the stack"):
        Operations(stubs.clients.cloudformation, progress).follow(
            OperationEvents(stubs.clients.cloudformation, STACK_ID, TOKEN), SUCCEEDED
        )


def test_attaching_that_is_denied_says_that_aws_goes_on(stubs: Stubs, progress: Recorder) -> None:
    stubs.refuse("cloudformation", "describe_stack_events", {"StackName": STACK_ID}, "AccessDenied", "no")
    with pytest.raises(FollowingLost, match="AWS goes on with the stack"):
        Operations(stubs.clients.cloudformation, progress).attach(STACK_ID, SUCCEEDED)


def expect_nothing_of_ones_own(stubs: Stubs, reads: int = READS_WITHOUT_EVENTS) -> None:
    for _ in range(reads):
        stubs.events_are(event(1, NAME, "CREATE_COMPLETE", token="old"))


def follow_execution(stubs: Stubs, progress: Recorder) -> object:
    events = OperationEvents(stubs.clients.cloudformation, STACK_ID, TOKEN)
    return Operations(stubs.clients.cloudformation, progress).follow(events, SUCCEEDED)


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "UPDATE_COMPLETE"])
def test_an_operation_that_never_began_is_not_waited_for(stubs: Stubs, progress: Recorder, status: str) -> None:
    expect_nothing_of_ones_own(stubs)
    stubs.stack_is(status)
    expect_nothing_of_ones_own(stubs, 1)
    stubs.stack_is(status)
    with pytest.raises(Conflict, match=f"AWS never began the operation on TapStackdev, which is {status}; repeat"):
        follow_execution(stubs, progress)
    assert progress.waits == READS_WITHOUT_EVENTS - 1


def test_a_stack_that_is_deleted_meanwhile_is_not_waited_for(stubs: Stubs, progress: Recorder) -> None:
    expect_nothing_of_ones_own(stubs)
    stubs.stack_is("DELETE_IN_PROGRESS")
    expect_nothing_of_ones_own(stubs)
    stubs.stack_is("DELETE_COMPLETE")
    expect_nothing_of_ones_own(stubs, 1)
    stubs.stack_is("DELETE_COMPLETE")
    with pytest.raises(StackGone, match="TapStackdev is gone, somebody else deleted it meanwhile"):
        follow_execution(stubs, progress)


def test_a_stack_that_is_unknown_by_now_is_not_waited_for(stubs: Stubs, progress: Recorder) -> None:
    message = f"Stack [{STACK_ID}] does not exist"
    for call in ("describe_stack_events", "describe_stacks"):
        stubs.refuse("cloudformation", call, {"StackName": STACK_ID}, "ValidationError", message)
    with pytest.raises(StackGone):
        follow_execution(stubs, progress)


def test_events_that_come_late_are_waited_for_while_the_stack_is_in_progress(stubs: Stubs, progress: Recorder) -> None:
    expect_nothing_of_ones_own(stubs)
    stubs.stack_is("UPDATE_IN_PROGRESS")
    expect_end(stubs, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    follow_execution(stubs, progress)
    assert [entry.status for entry in progress.events] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]


def test_events_below_a_long_history_of_others_are_found_before_anything_is_said(
    stubs: Stubs, progress: Recorder
) -> None:
    theirs = [event(number, "Worker", "UPDATE_COMPLETE", token="theirs") for number in range(300, 100, -1)]
    entries = [*theirs, event(2, NAME, "UPDATE_COMPLETE"), event(1, NAME, "UPDATE_IN_PROGRESS")]
    for _ in range(READS_WITHOUT_EVENTS):
        stubs.events_are(*entries)
    stubs.stack_is("UPDATE_COMPLETE")
    stubs.events_are(*entries)
    stubs.events_are(*entries)
    stubs.stack_is("UPDATE_COMPLETE")
    follow_execution(stubs, progress)
    assert [entry.status for entry in progress.events[:2]] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]


def test_a_deletion_that_somebody_else_began_first_is_followed_to_its_end(stubs: Stubs, progress: Recorder) -> None:
    stubs.answer("cloudformation", "delete_stack", {"StackName": STACK_ID, "ClientRequestToken": TOKEN}, {})
    expect_nothing_of_ones_own(stubs)
    stubs.stack_is("DELETE_COMPLETE")
    expect_nothing_of_ones_own(stubs, 1)
    stubs.stack_is("DELETE_COMPLETE")
    assert Operations(stubs.clients.cloudformation, progress).delete(STACK_ID).status == "DELETE_COMPLETE"


OBSOLETE = f"ChangeSet [{CHANGE_SET_ID}] cannot be executed in its current execution status of [OBSOLETE]"


def expect_execution(stubs: Stubs, code: str, message: str, status: int = 400) -> None:
    stubs.of("cloudformation").add_client_error("execute_change_set", code, message, status)


def begin_execution(stubs: Stubs, progress: Recorder) -> OperationEvents:
    return Operations(stubs.clients.cloudformation, progress).begin_execution(CHANGE_SET_ID, STACK_ID, True)


def test_an_execution_that_somebody_else_made_obsolete_is_a_conflict(stubs: Stubs, progress: Recorder) -> None:
    expect_execution(stubs, "InvalidChangeSetStatus", OBSOLETE)
    expect_nothing_of_ones_own(stubs, 1)
    with pytest.raises(Conflict, match=r"somebody else is changing TapStackdev, too \(AWS says: ChangeSet"):
        begin_execution(stubs, progress)


def test_a_refusal_is_ones_own_execution_when_its_events_are_there(stubs: Stubs, progress: Recorder) -> None:
    """botocore repeats a request whose answer was lost."""
    expect_execution(stubs, "InvalidChangeSetStatus", OBSOLETE)
    stubs.events_are(event(1, NAME, "UPDATE_IN_PROGRESS"))
    events = begin_execution(stubs, progress)
    assert (events.token, events.seen) == (TOKEN, [])


def test_an_execution_at_which_aws_fails_may_have_begun(stubs: Stubs, progress: Recorder) -> None:
    expect_execution(stubs, "InternalFailure", "try again", 500)
    assert not begin_execution(stubs, progress).confirmed
    assert progress.steps == ["the answer of AWS was lost; looking whether it began"]


def test_where_the_request_may_be_lost_too_nothing_else_is_claimed(stubs: Stubs, progress: Recorder) -> None:
    expect_execution(stubs, "InternalFailure", "try again", 500)
    stubs.refuse("cloudformation", "describe_stack_events", {"StackName": STACK_ID}, "AccessDenied", "no")
    operations = Operations(stubs.clients.cloudformation, progress)
    with pytest.raises(FollowingLost, match="AWS goes on, if the request reached it, with the stack"):
        operations.follow(operations.begin_execution(CHANGE_SET_ID, STACK_ID, True), SUCCEEDED)


def test_ctrl_c_while_the_execution_is_asked_for_detaches(stubs: Stubs, progress: Recorder) -> None:
    interrupt(stubs, "ExecuteChangeSet")
    with pytest.raises(Detached, match="AWS continues with TapStackdev: repeat the command"):
        begin_execution(stubs, progress)


def test_a_profile_is_a_part_of_the_command_that_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert with_profile("deploy", Clients(boto3.Session(), "us-west-2")) == "deploy"
    (tmp_path / "config").write_text("[profile 'night shift']\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "night shift")
    assert with_profile("deploy", Clients(boto3.Session(), "us-west-2")) == "deploy --profile 'night shift'"
