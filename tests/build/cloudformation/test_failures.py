from typing import Any

import pytest

from build.cloudformation.failures import (
    Cause,
    OperationFailed,
    change_set_cause,
    root_cause,
)
from build.cloudformation.stacks import StackEvent, stack_event
from tests.build.support import CHANGE_SET_ID, NAME, STACK_ID, START, Stubs, event

FAILED_EVENTS = {"FailedEvents": True}


def stack_events(*entries: Any) -> list[StackEvent]:
    return [stack_event(entry) for entry in entries]


OBSERVED = stack_events(
    event(1, "First", "UPDATE_COMPLETE"),
    event(2, "Other", "UPDATE_FAILED", "Resource update cancelled"),
    event(3, "Worker", "UPDATE_FAILED", "Memory must be\n at least 128"),
    event(4, "Later", "UPDATE_FAILED", "also broken"),
    event(5, NAME, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [Worker]."),
)


def operation_event(number: int, logical_id: str, **more: Any) -> dict[str, Any]:
    return {
        "EventId": str(number),
        "Timestamp": START.replace(second=number),
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::Lambda::Function",
        **more,
    }


def expect_operations(stubs: Stubs, *operations: tuple[str, str]) -> None:
    last = [{"OperationType": kind, "OperationId": operation} for kind, operation in operations]
    stubs.stack_is("UPDATE_ROLLBACK_COMPLETE", LastOperations=last)


def test_the_newest_operation_that_is_no_rollback_tells(stubs: Stubs) -> None:
    expect_operations(stubs, ("ROLLBACK", "op-3"), ("UPDATE_STACK", "op-2"), ("CREATE_STACK", "op-1"))
    stubs.answer(
        "cloudformation",
        "describe_events",
        {"OperationId": "op-2", "Filters": FAILED_EVENTS},
        {
            "OperationEvents": [
                operation_event(9, "Later", ResourceStatusReason="late"),
                operation_event(3, "Worker", ResourceStatusReason="broken"),
                operation_event(1, NAME, ResourceType="AWS::CloudFormation::Stack", ResourceStatusReason="stack"),
                operation_event(2, "Other", ResourceStatusReason="Resource creation cancelled"),
            ]
        },
    )
    assert root_cause(stubs.clients.cloudformation, STACK_ID, OBSERVED) == Cause(
        "Worker", "AWS::Lambda::Function", "broken"
    )


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAction", "ValidationError"])
def test_where_describe_events_cannot_be_had_stack_events_tell(stubs: Stubs, code: str) -> None:
    expect_operations(stubs, ("UPDATE_STACK", "op-2"))
    stubs.refuse("cloudformation", "describe_events", {"OperationId": "op-2", "Filters": FAILED_EVENTS}, code)
    cause = root_cause(stubs.clients.cloudformation, STACK_ID, OBSERVED)
    assert cause == Cause("Worker", "AWS::Lambda::Function", "Memory must be at least 128")


def test_an_endpoint_that_knows_no_operations_is_not_asked_for_their_events(stubs: Stubs) -> None:
    expect_operations(stubs)
    cause = root_cause(stubs.clients.cloudformation, STACK_ID, OBSERVED)
    assert cause is not None
    assert cause.resource == "Worker"


def test_a_stack_that_is_gone_leaves_the_events_seen(stubs: Stubs) -> None:
    stubs.refuse(
        "cloudformation",
        "describe_stacks",
        {"StackName": STACK_ID},
        "ValidationError",
        f"Stack with id {STACK_ID} does not exist",
    )
    cause = root_cause(stubs.clients.cloudformation, STACK_ID, OBSERVED)
    assert cause is not None
    assert cause.resource == "Worker"


def test_without_a_failed_resource_the_stack_says_why_it_went_back(stubs: Stubs) -> None:
    expect_operations(stubs)
    events = stack_events(event(1, NAME, "UPDATE_ROLLBACK_IN_PROGRESS", "Rollback trigger alarm is in ALARM state"))
    cause = root_cause(stubs.clients.cloudformation, STACK_ID, events)
    assert cause is not None
    assert (cause.resource, cause.reason) == (NAME, "Rollback trigger alarm is in ALARM state")
    assert "went into ALARM" in cause.hint


def test_nothing_known_is_no_cause(stubs: Stubs) -> None:
    expect_operations(stubs)
    assert root_cause(stubs.clients.cloudformation, STACK_ID, []) is None


def test_a_validation_names_the_path_of_the_property(stubs: Stubs) -> None:
    stubs.answer(
        "cloudformation",
        "describe_events",
        {"ChangeSetName": CHANGE_SET_ID, "Filters": FAILED_EVENTS},
        {
            "OperationEvents": [
                operation_event(
                    1,
                    "Worker",
                    EventType="VALIDATION_ERROR",
                    ValidationStatusReason="unsupported property Memory",
                    ValidationPath="/Resources/Worker/Properties/Memory",
                )
            ]
        },
    )
    assert change_set_cause(stubs.clients.cloudformation, CHANGE_SET_ID) == Cause(
        "Worker", "AWS::Lambda::Function", "unsupported property Memory (at /Resources/Worker/Properties/Memory)"
    )


def test_a_hook_names_its_reason_and_a_missing_one_is_named_too(stubs: Stubs) -> None:
    hook = operation_event(1, "Worker", EventType="HOOK_INVOCATION_ERROR", HookStatusReason="not encrypted")
    for entry, reason in ((hook, "not encrypted"), (operation_event(1, "Worker"), "CloudFormation gives no reason")):
        stubs.answer(
            "cloudformation",
            "describe_events",
            {"ChangeSetName": CHANGE_SET_ID, "Filters": FAILED_EVENTS},
            {"OperationEvents": [entry]},
        )
        cause = change_set_cause(stubs.clients.cloudformation, CHANGE_SET_ID)
        assert cause is not None
        assert cause.reason == reason


def test_validation_events_that_may_not_be_read_are_no_cause(stubs: Stubs) -> None:
    parameters = {"ChangeSetName": CHANGE_SET_ID, "Filters": FAILED_EVENTS}
    stubs.refuse("cloudformation", "describe_events", parameters, "AccessDenied")
    assert change_set_cause(stubs.clients.cloudformation, CHANGE_SET_ID) is None


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("User: x is not authorized to perform: lambda:CreateFunction", "have the permission granted"),
        ("S3 Error Code: NoSuchKey. The specified key does not exist.", "deploying again uploads it"),
        ("dev-userdata-synth already exists in stack y", "delete or rename it"),
        ("Resource has deletionProtection enabled: deletion protection", "protected against deletion"),
        ("The bucket you tried to delete is not empty", "empties it again"),
        ("ResourceConflictException: An update is in progress for resource: arn", "wait until it is done"),
        ("The role defined for the function cannot be assumed by Lambda.", "which service the role trusts"),
        ("Could not unzip uploaded file. Please check your file, must be a zip", "the archive in the artifact bucket"),
        ("Rate exceeded", "in a few minutes"),
        ("Limit exceeded for resource of type AWS::IAM::Role", "Service Quotas"),
        ("Rollback trigger alarm is in ALARM state", "went into ALARM during the update"),
        ("Resource timed out waiting for creation", "in the time that it allows itself"),
        ("Internal Failure", "AWS failed itself"),
        ("'MemorySize' failed validation: must be at least 128", "correct that property"),
        ("Invalid value for the parameter VisibilityTimeout. Value must be below 43200.", "correct that property"),
        ("AWS::CloudWatch::Alarm Properties.Metrics is not supported", "correct what the reason names"),
        ("something nobody has seen", "correct what the reason names"),
    ],
)
def test_hints(reason: str, hint: str) -> None:
    found = Cause("Worker", "", reason).hint
    assert hint in found
    assert found.endswith(".") and "\n" not in found


@pytest.mark.parametrize(
    ("resource_type", "reason"),
    [
        ("AWS::DynamoDB::Table", "prod-userdata-synth already exists"),
        ("AWS::Logs::LogGroup", "ResourceAlreadyExistsException: the log group already exists"),
        ("", "Resource of type 'AWS::S3::Bucket' with identifier 'b' already exists."),
    ],
)
def test_a_store_that_exists_is_imported_and_never_deleted(resource_type: str, reason: str) -> None:
    hint = Cause("UserDataTable", resource_type, reason).hint
    assert "delete nothing: import it with `python -m build adopt` (CloudFormation: resource import)" in hint
    assert "rename" not in hint


def test_a_failure_without_a_cause_says_where_to_look() -> None:
    assert "look at the events" in str(OperationFailed("TapStackdev ended badly.", "SOMEHOW", None))
