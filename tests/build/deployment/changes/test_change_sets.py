from typing import Any

import pytest

from build.deployment.changes import change_sets as module
from build.deployment.changes.change_sets import ChangeSet, ChangeSets, NothingToChange
from build.deployment.desired_stack import DesiredStack
from build.deployment.following.outcomes import OperationFailed
from tests.build.deployment.support import (
    CHANGE_SET_ID,
    NAME,
    STACK_ID,
    Recorder,
    Stubs,
    a_change,
    a_stack,
)

DESIRED = DesiredStack(NAME, "{}", {"Second": "2", "First": "1"}, {"team": "data", "cost": "low"})
MADE = ChangeSet(CHANGE_SET_ID, STACK_ID)


@pytest.fixture(autouse=True)
def name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "new_name", lambda: "build-1")


@pytest.fixture
def change_sets(stubs: Stubs, progress: Recorder) -> ChangeSets:
    return ChangeSets(stubs.clients.cloudformation, progress)


def creation(stack_name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "StackName": stack_name,
        "ChangeSetName": "build-1",
        "ChangeSetType": kind,
        "Parameters": [
            {"ParameterKey": "First", "ParameterValue": "1"},
            {"ParameterKey": "Second", "ParameterValue": "2"},
        ],
        "Tags": [{"Key": "cost", "Value": "low"}, {"Key": "team", "Value": "data"}],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        **more,
    }


def described(status: str, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"StackName": NAME, "Status": status, "StatusReason": reason, **more}


def foretell_description(stubs: Stubs, *answers: dict[str, Any]) -> None:
    for answer in answers:
        stubs.answer("cloudformation", "describe_change_set", {"ChangeSetName": CHANGE_SET_ID}, answer)


def test_a_new_stack_is_created_by_name_with_every_parameter(stubs: Stubs, change_sets: ChangeSets) -> None:
    stubs.answer(
        "cloudformation",
        "create_change_set",
        creation(NAME, "CREATE", TemplateBody="{}"),
        {"Id": CHANGE_SET_ID, "StackId": STACK_ID},
    )
    assert change_sets.create(DESIRED, None, {"TemplateBody": "{}"}) == MADE


def test_a_stack_is_updated_by_id(stubs: Stubs, change_sets: ChangeSets) -> None:
    stubs.answer(
        "cloudformation",
        "create_change_set",
        creation(STACK_ID, "UPDATE", TemplateURL="https://x", RoleARN="arn:aws:iam::1:role/x"),
        {"Id": CHANGE_SET_ID, "StackId": STACK_ID},
    )
    arguments = {"TemplateURL": "https://x", "RoleARN": "arn:aws:iam::1:role/x"}
    assert change_sets.create(DESIRED, a_stack(), arguments) == MADE


def test_waiting_ends_when_the_change_set_is_made(stubs: Stubs, change_sets: ChangeSets, progress: Recorder) -> None:
    foretell_description(
        stubs, described("CREATE_PENDING"), described("CREATE_IN_PROGRESS"), described("CREATE_COMPLETE")
    )
    change_sets.wait(MADE)
    assert progress.waits == 2


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_an_empty_change_set_is_no_failure(stubs: Stubs, change_sets: ChangeSets, reason: str) -> None:
    foretell_description(stubs, described("FAILED", reason))
    with pytest.raises(NothingToChange):
        change_sets.wait(MADE)


def test_a_change_set_that_cannot_be_made_says_why(stubs: Stubs, change_sets: ChangeSets) -> None:
    foretell_description(stubs, described("FAILED", "Template error: Worker is not valid"))
    parameters = {"ChangeSetName": CHANGE_SET_ID, "Filters": {"FailedEvents": True}}
    stubs.answer("cloudformation", "describe_events", parameters, {"OperationEvents": []})
    with pytest.raises(OperationFailed, match="the change of TapStackdev cannot be made") as caught:
        change_sets.wait(MADE)
    assert "reason:   Template error: Worker is not valid" in str(caught.value)


@pytest.mark.parametrize("values", [True, False])
def test_changes_are_read_to_the_last_page(stubs: Stubs, change_sets: ChangeSets, values: bool) -> None:
    parameters: dict[str, Any] = {"ChangeSetName": CHANGE_SET_ID, "IncludePropertyValues": values}
    first = {"Changes": [a_change("A", "AWS::SQS::Queue"), {"Type": "Resource"}], "NextToken": "more"}
    stubs.answer("cloudformation", "describe_change_set", parameters, first)
    last = {"Changes": [a_change("B", "AWS::SQS::Queue")]}
    stubs.answer("cloudformation", "describe_change_set", {**parameters, "NextToken": "more"}, last)
    assert [change.logical_id for change in change_sets.changes(MADE, values)] == ["A", "B"]


def test_discarding_leaves_a_real_stack_alone(stubs: Stubs, change_sets: ChangeSets) -> None:
    stubs.answer("cloudformation", "delete_change_set", {"ChangeSetName": CHANGE_SET_ID}, {})
    stubs.stack_is()
    change_sets.discard(MADE)


def foretell_review(stubs: Stubs, *others: str) -> None:
    stubs.answer("cloudformation", "delete_change_set", {"ChangeSetName": CHANGE_SET_ID}, {})
    stubs.stack_is("REVIEW_IN_PROGRESS")
    summaries = [{"ChangeSetId": one} for one in (CHANGE_SET_ID, *others)]
    stubs.answer("cloudformation", "list_change_sets", {"StackName": NAME}, {"Summaries": summaries})


def test_discarding_removes_the_stack_that_was_only_under_review(stubs: Stubs, change_sets: ChangeSets) -> None:
    foretell_review(stubs)
    stubs.answer("cloudformation", "delete_stack", {"StackName": STACK_ID}, {})
    for status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
        stubs.stack_is(status)
    change_sets.discard(MADE)


def test_somebody_elses_review_is_left_alone(stubs: Stubs, change_sets: ChangeSets) -> None:
    foretell_review(stubs, "theirs")
    change_sets.discard(MADE)


def test_a_change_set_is_discarded_when_what_is_done_with_it_fails(stubs: Stubs, change_sets: ChangeSets) -> None:
    stubs.answer("cloudformation", "delete_change_set", {"ChangeSetName": CHANGE_SET_ID}, {})
    stubs.stack_is()
    with pytest.raises(KeyboardInterrupt), change_sets.discarded_on_error(MADE):
        raise KeyboardInterrupt


def test_names_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert module.new_name() != module.new_name()
