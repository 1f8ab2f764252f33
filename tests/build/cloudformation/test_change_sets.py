import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from build.cloudformation import change_sets as module
from build.cloudformation.change_sets import ChangeSet, ChangeSets, NothingToChange, rollback_configuration
from build.cloudformation.failures import Conflict, OperationFailed
from build.cloudformation.stacks import DesiredStack, unique_name
from tests.build.support import (
    ACCOUNT,
    CHANGE_SET_ID,
    NAME,
    REGION,
    STACK_ID,
    Recorder,
    Stubs,
    a_change,
    a_stack,
    interrupt,
)

DESIRED = DesiredStack(NAME, "{}", {"Second": "2", "First": "1"}, {"team": "data", "cost": "low"})
MADE = ChangeSet(CHANGE_SET_ID, STACK_ID)
ALARM = "AWS::CloudWatch::Alarm"


@pytest.fixture(autouse=True)
def name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "unique_name", lambda: "build-1")


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


def expect_description(stubs: Stubs, *answers: dict[str, Any]) -> None:
    for answer in answers:
        stubs.answer(
            "cloudformation", "describe_change_set", {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}, answer
        )


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
    expect_description(
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
    expect_description(stubs, described("FAILED", reason))
    with pytest.raises(NothingToChange):
        change_sets.wait(MADE)


def test_a_change_set_that_cannot_be_made_says_why(stubs: Stubs, change_sets: ChangeSets) -> None:
    expect_description(stubs, described("FAILED", "Template error: Worker is not valid"))
    parameters = {"ChangeSetName": CHANGE_SET_ID, "Filters": {"FailedEvents": True}}
    stubs.answer("cloudformation", "describe_events", parameters, {"OperationEvents": []})
    with pytest.raises(OperationFailed, match="the change of TapStackdev cannot be made") as caught:
        change_sets.wait(MADE)
    assert "reason:   Template error: Worker is not valid" in str(caught.value)


@pytest.mark.parametrize("values", [True, False])
def test_changes_are_read_to_the_last_page(stubs: Stubs, change_sets: ChangeSets, values: bool) -> None:
    parameters: dict[str, Any] = {
        "StackName": STACK_ID,
        "ChangeSetName": CHANGE_SET_ID,
        "IncludePropertyValues": values,
    }
    first = {"Changes": [a_change("A", "AWS::SQS::Queue"), {"Type": "Resource"}], "NextToken": "more"}
    stubs.answer("cloudformation", "describe_change_set", parameters, first)
    last = {"Changes": [a_change("B", "AWS::SQS::Queue")]}
    stubs.answer("cloudformation", "describe_change_set", {**parameters, "NextToken": "more"}, last)
    assert [change.logical_id for change in change_sets.changes(MADE, values)] == ["A", "B"]


def test_deleting_leaves_a_real_stack_alone(stubs: Stubs, change_sets: ChangeSets) -> None:
    stubs.answer("cloudformation", "delete_change_set", {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}, {})
    stubs.stack_is()
    change_sets.delete(MADE)


def expect_review(stubs: Stubs, *others: str) -> None:
    stubs.answer("cloudformation", "delete_change_set", {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}, {})
    stubs.stack_is("REVIEW_IN_PROGRESS")
    summaries = [{"ChangeSetId": change_set_id} for change_set_id in (CHANGE_SET_ID, *others)]
    stubs.answer("cloudformation", "list_change_sets", {"StackName": NAME}, {"Summaries": summaries})


def test_deleting_removes_the_stack_that_was_only_under_review(stubs: Stubs, change_sets: ChangeSets) -> None:
    expect_review(stubs)
    stubs.answer("cloudformation", "delete_stack", {"StackName": STACK_ID}, {})
    for status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
        stubs.stack_is(status)
    change_sets.delete(MADE)


def test_somebody_elses_review_is_left_alone(stubs: Stubs, change_sets: ChangeSets) -> None:
    expect_review(stubs, "theirs")
    change_sets.delete(MADE)


def test_a_change_set_is_deleted_when_what_is_done_with_it_fails(stubs: Stubs, change_sets: ChangeSets) -> None:
    stubs.answer("cloudformation", "delete_change_set", {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}, {})
    stubs.stack_is()
    with pytest.raises(KeyboardInterrupt), change_sets.deleted_on_error(MADE):
        raise KeyboardInterrupt


def test_names_differ() -> None:
    assert unique_name() != unique_name()


def template(**metrics: str) -> str:
    alarms = {name: {"Type": ALARM, "Properties": {"MetricName": metric}} for name, metric in metrics.items()}
    return json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, **alarms}})


def arn(name: str) -> str:
    return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"


def expect_alarms(stubs: Stubs, deployed: list[str], states: dict[str, str]) -> None:
    stubs.resources_are(*((name, ALARM) for name in deployed))
    if states:
        alarms = [
            {"AlarmName": f"dev-{name}", "AlarmArn": arn(name), "StateValue": state} for name, state in states.items()
        ]
        parameters = {"AlarmNames": [f"dev-{name}" for name in states], "MaxRecords": 100}
        stubs.answer("cloudwatch", "describe_alarms", parameters, {"MetricAlarms": alarms})


def test_alarms_that_show_bad_code_roll_an_update_back_soonest_first(stubs: Stubs, progress: Recorder) -> None:
    metrics = {
        "Crash": "Errors",
        "Given": "OnFailureDestinationDeliveredEventCount",
        "Late": "IteratorAge",
        "Nightly": "ExecutionsFailed",
        "Second": "FailedInvokeEventCount",
        "First": "FailedInvokeEventCount",
    }
    expect_alarms(stubs, list(metrics), dict.fromkeys(["First", "Second", "Given"], "OK"))
    assert rollback_configuration(stubs.clients, a_stack(), template(**metrics), progress) == {
        "RollbackTriggers": [{"Arn": arn(name), "Type": ALARM} for name in ("First", "Second", "Given")],
        "MonitoringTimeInMinutes": 15,
    }
    assert progress.steps == []


def test_alarms_that_are_in_alarm_or_new_or_go_roll_nothing_back(stubs: Stubs, progress: Recorder) -> None:
    expect_alarms(stubs, ["Quiet", "Red", "Going"], {"Quiet": "INSUFFICIENT_DATA", "Red": "ALARM"})
    body = template(**dict.fromkeys(["Quiet", "Red", "Coming"], "FailedInvokeEventCount"))
    triggers = rollback_configuration(stubs.clients, a_stack(), body, progress)["RollbackTriggers"]
    assert triggers == [{"Arn": arn("Quiet"), "Type": ALARM}]


def test_there_are_at_most_five_and_mappings_without_one_are_named(stubs: Stubs, progress: Recorder) -> None:
    names = [f"Alarm{number}" for number in range(8)]
    expect_alarms(stubs, names, {name: "ALARM" if name == "Alarm0" else "OK" for name in names})
    body = template(**dict.fromkeys(names, "FailedInvokeEventCount"))
    triggers = rollback_configuration(stubs.clients, a_stack(), body, progress)["RollbackTriggers"]
    assert [trigger["Arn"] for trigger in triggers] == [arn(f"Alarm{number}") for number in range(1, 6)]
    assert progress.steps == [
        "CloudFormation takes 5 rollback triggers, so the update is not rolled back by dev-Alarm6, dev-Alarm7"
    ]


def test_without_alarms_nothing_is_watched(stubs: Stubs, progress: Recorder) -> None:
    expect_alarms(stubs, [], {})
    assert rollback_configuration(stubs.clients, a_stack(), template(), progress) == {
        "RollbackTriggers": [],
        "MonitoringTimeInMinutes": 0,
    }


def expect_found(stubs: Stubs, stack_name: str = NAME) -> None:
    answer = described("CREATE_COMPLETE", ChangeSetId=CHANGE_SET_ID, StackId=STACK_ID)
    parameters = {"StackName": stack_name, "ChangeSetName": "build-1"}
    stubs.answer("cloudformation", "describe_change_set", parameters, answer)


def refuse_to_delete(stubs: Stubs, code: str, message: str = "no") -> None:
    stubs.refuse(
        "cloudformation", "delete_change_set", {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}, code, message
    )


def test_ctrl_c_while_a_change_set_is_asked_for_deletes_it_by_its_name(stubs: Stubs, change_sets: ChangeSets) -> None:
    interrupt(stubs, "CreateChangeSet")
    parameters = {"StackName": NAME, "ChangeSetName": "build-1"}
    stubs.refuse("cloudformation", "describe_change_set", parameters, "ChangeSetNotFound", "does not exist")
    expect_found(stubs)
    expect_review(stubs)
    stubs.answer("cloudformation", "delete_stack", {"StackName": STACK_ID}, {})
    stubs.stack_is("DELETE_COMPLETE")
    with pytest.raises(KeyboardInterrupt):
        change_sets.create(DESIRED, None, {"TemplateBody": "{}"})


def test_ctrl_c_while_an_update_is_asked_for_leaves_the_stack(stubs: Stubs, change_sets: ChangeSets) -> None:
    interrupt(stubs, "CreateChangeSet")
    expect_found(stubs, STACK_ID)
    stubs.answer("cloudformation", "delete_change_set", {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}, {})
    stubs.stack_is("UPDATE_COMPLETE")
    with pytest.raises(KeyboardInterrupt):
        change_sets.create(DESIRED, a_stack(), {"TemplateBody": "{}"})


def test_a_refused_change_set_needs_no_cleaning_up(stubs: Stubs, change_sets: ChangeSets) -> None:
    stubs.of("cloudformation").add_client_error("create_change_set", "AccessDenied", "no", 403)
    with pytest.raises(ClientError, match="AccessDenied"):
        change_sets.create(DESIRED, None, {"TemplateBody": "{}"})


def test_a_change_set_that_is_still_being_created_is_deleted_as_soon_as_that_is_possible(
    stubs: Stubs, change_sets: ChangeSets, progress: Recorder
) -> None:
    refuse_to_delete(stubs, "InvalidChangeSetStatus", "An operation on this ChangeSet is currently in progress.")
    expect_description(stubs, described("CREATE_IN_PROGRESS"))
    stubs.answer("cloudformation", "delete_change_set", {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}, {})
    stubs.stack_is()
    change_sets.delete(MADE)
    assert progress.waits == 1


def test_cleaning_up_that_fails_is_reported_and_does_not_hide_the_error(
    stubs: Stubs, change_sets: ChangeSets, progress: Recorder
) -> None:
    refuse_to_delete(stubs, "AccessDenied")
    with pytest.raises(ZeroDivisionError), change_sets.deleted_on_error(MADE):
        raise ZeroDivisionError
    (step,) = progress.steps
    assert step.startswith(f"the change set {CHANGE_SET_ID} may be left behind, deleting it failed: ")
    assert "AccessDenied" in step


def test_ctrl_c_while_cleaning_up_does_not_hide_the_error(
    stubs: Stubs, change_sets: ChangeSets, progress: Recorder
) -> None:
    interrupt(stubs, "DeleteChangeSet")
    with pytest.raises(ZeroDivisionError), change_sets.deleted_on_error(MADE):
        raise ZeroDivisionError
    assert progress.steps == [f"the change set {CHANGE_SET_ID} may be left behind, deleting it failed: interrupted"]


def test_an_execution_that_is_refused_never_deletes_the_stack(stubs: Stubs, change_sets: ChangeSets) -> None:
    stubs.answer("cloudformation", "delete_change_set", {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}, {})
    with pytest.raises(Conflict), change_sets.deleted_if_refused(MADE):
        raise Conflict("somebody else is changing it", "wait.")


def test_a_change_set_that_vanished_is_somebody_elses_doing(stubs: Stubs, change_sets: ChangeSets) -> None:
    parameters = {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}
    message = f"ChangeSet [{CHANGE_SET_ID}] does not exist"
    stubs.refuse("cloudformation", "describe_change_set", parameters, "ChangeSetNotFound", message)
    with pytest.raises(Conflict, match="somebody else is changing TapStackdev, too"):
        change_sets.wait(MADE)
