from typing import Any

import pytest

from build.cloudformation.operations import FOREIGN_EVENTS, OperationEvents
from tests.build.support import NAME, STACK_ID, TOKEN, Stubs, event

BEFORE = [event(1, NAME, "CREATE_IN_PROGRESS", token="old"), event(2, NAME, "CREATE_COMPLETE", token="old")]
BEGUN = [event(10, NAME, "UPDATE_IN_PROGRESS"), event(11, "Worker", "UPDATE_IN_PROGRESS")]
ENDED = [event(12, "Worker", "UPDATE_COMPLETE"), event(13, NAME, "UPDATE_COMPLETE")]


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
