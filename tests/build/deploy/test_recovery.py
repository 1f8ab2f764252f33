from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.model import StringShape

from build.cloudformation.failures import OperationFailed
from build.cloudformation.operations import Operations
from build.deploy.desired import Deployment
from build.deploy.recovery import NEXT_ACTIONS, NextAction, Recovery, next_action
from build.errors import CommandError
from tests.build.support import NAME, STACK_ID, START, TOKEN, Recorder, Stubs, event, tiny_deployment, tiny_template

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


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return tiny_deployment(tmp_path, {})


def recovery(stubs: Stubs, progress: Recorder, deployment: Deployment) -> Recovery:
    return Recovery(stubs.clients, Operations(stubs.clients.cloudformation, progress), deployment)


def expect_stack(stubs: Stubs, status: str | None, name: str = NAME, reason: str = "", **more: str) -> None:
    if status is None:
        message = f"Stack with id {name} does not exist"
        stubs.refuse("cloudformation", "describe_stacks", {"StackName": name}, "ValidationError", message)
    else:
        stubs.stack_is(status, name, StackStatusReason=reason, **more)


def expect_events(stubs: Stubs, begun: str, status: str, token: str = TOKEN) -> None:
    entries = [event(2, NAME, status, token=token), event(1, NAME, begun, token=token)]
    stubs.events_are(*entries)


def expect_failed_rollback(stubs: Stubs) -> None:
    """Two resources that cannot be rolled back, one that was cancelled for them, and one that failed before."""
    stubs.events_are(
        event(9, NAME, "UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: [Worker, Queue]."),
        event(8, "Other", "UPDATE_FAILED", "Resource update cancelled"),
        event(7, "Queue", "UPDATE_FAILED", "no such queue"),
        event(6, "Worker", "UPDATE_FAILED", "Worker cannot be restored"),
        event(5, "Worker", "UPDATE_IN_PROGRESS"),
        event(4, NAME, "UPDATE_ROLLBACK_IN_PROGRESS"),
        event(3, "Broken", "UPDATE_FAILED", "the first cause"),
    )


def expect_template(stubs: Stubs, **policies: str) -> None:
    resources = {name: {"Type": "T", "DeletionPolicy": policy} for name, policy in policies.items()}
    parameters = {"StackName": STACK_ID, "TemplateStage": "Original"}
    stubs.answer("cloudformation", "get_template", parameters, {"TemplateBody": tiny_template(resources)})


def expect_table(stubs: Stubs, created: datetime = START, protected: bool = True, name: str = "dev-Table") -> None:
    """Expect a look at the description of a table, whose count of items is hours old."""
    description = {"CreationDateTime": created, "ItemCount": 0, "DeletionProtectionEnabled": protected}
    stubs.answer("dynamodb", "describe_table", {"TableName": name}, {"Table": description})


def expect_scan(stubs: Stubs, answer: Mapping[str, Any], name: str = "dev-Table") -> None:
    stubs.answer("dynamodb", "scan", {"TableName": name, "Limit": 1, "ConsistentRead": True}, answer)


def expect_deletion(stubs: Stubs, name: str = NAME) -> None:
    """Expect the deletion of a stack that then is no more."""
    stubs.answer("cloudformation", "delete_stack", {"StackName": STACK_ID, "ClientRequestToken": TOKEN}, {})
    expect_events(stubs, "DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    expect_stack(stubs, "DELETE_COMPLETE", STACK_ID)
    expect_stack(stubs, None, name)


def expect_followed(stubs: Stubs, begun: str, status: str, token: str = "theirs") -> None:
    """Expect that an operation of somebody else is looked for and followed to its end."""
    for _ in ("whose", "until when"):
        expect_events(stubs, begun, status, token)
    expect_stack(stubs, status, STACK_ID)


@pytest.mark.parametrize("status", [None, "REVIEW_IN_PROGRESS"])
def test_a_stack_that_was_never_made_is_to_be_made(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str | None
) -> None:
    expect_stack(stubs, status)
    assert recovery(stubs, progress, deployment).run() is None


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"])
def test_a_stack_at_rest_is_to_be_changed(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str
) -> None:
    expect_stack(stubs, status)
    stack = recovery(stubs, progress, deployment).run()
    assert stack is not None
    assert (stack.status, progress.steps) == (status, [])


def test_what_is_under_way_is_followed_first(stubs: Stubs, progress: Recorder, deployment: Deployment) -> None:
    expect_stack(stubs, "UPDATE_IN_PROGRESS")
    expect_followed(stubs, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    expect_stack(stubs, "UPDATE_COMPLETE")
    stack = recovery(stubs, progress, deployment).run()
    assert stack is not None
    assert stack.status == "UPDATE_COMPLETE"
    assert progress.steps == ["TapStackdev is UPDATE_IN_PROGRESS; following that first"]


def test_a_deletion_under_way_is_followed_and_the_stack_is_created_again(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "DELETE_IN_PROGRESS")
    expect_followed(stubs, "DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    expect_stack(stubs, None)
    assert recovery(stubs, progress, deployment).run() is None


def test_what_is_under_way_and_fails_is_a_failure(stubs: Stubs, progress: Recorder, deployment: Deployment) -> None:
    expect_stack(stubs, "CREATE_IN_PROGRESS")
    expect_followed(stubs, "CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE")
    expect_stack(stubs, "ROLLBACK_COMPLETE", STACK_ID)
    with pytest.raises(OperationFailed, match="ended as ROLLBACK_COMPLETE"):
        recovery(stubs, progress, deployment).run()


def test_a_rollback_under_way_is_followed_and_the_stack_updated(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "UPDATE_ROLLBACK_IN_PROGRESS")
    expect_followed(stubs, "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    expect_stack(stubs, "UPDATE_ROLLBACK_COMPLETE")
    stack = recovery(stubs, progress, deployment).run()
    assert stack is not None
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert progress.steps == ["TapStackdev is UPDATE_ROLLBACK_IN_PROGRESS; following that first"]


def test_the_rollback_of_a_creation_is_followed_and_the_stack_created_again(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "ROLLBACK_IN_PROGRESS")
    expect_followed(stubs, "CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE")
    expect_stack(stubs, "ROLLBACK_COMPLETE")
    stubs.resources_are(("Worker", "AWS::Lambda::Function"))
    expect_template(stubs, Worker="Delete")
    expect_deletion(stubs)
    assert recovery(stubs, progress, deployment).run() is None
    assert progress.steps[1] == "TapStackdev is ROLLBACK_COMPLETE; deleting it to create it again"


def test_a_rollback_under_way_that_fails_says_how_it_is_continued(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "UPDATE_ROLLBACK_IN_PROGRESS")
    expect_followed(stubs, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED")
    expect_stack(stubs, "UPDATE_ROLLBACK_FAILED")
    expect_events(stubs, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", token="theirs")
    with pytest.raises(CommandError, match="--continue-rollback"):
        recovery(stubs, progress, deployment).run()


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_what_a_failed_creation_left_is_deleted(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str
) -> None:
    expect_stack(stubs, status)
    stubs.resources_are(("Worker", "AWS::Lambda::Function"))
    expect_template(stubs, Worker="Delete")
    expect_deletion(stubs)
    assert recovery(stubs, progress, deployment).run() is None
    assert progress.steps == [f"TapStackdev is {status}; deleting it to create it again"]


def test_what_would_be_left_behind_is_named_and_nothing_is_deleted(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "ROLLBACK_COMPLETE")
    stubs.resources_are(("Table", "AWS::DynamoDB::Table"), status="DELETE_SKIPPED")
    expect_template(stubs, Table="Retain")
    expect_table(stubs)
    expect_scan(stubs, {"Count": 1})
    with pytest.raises(CommandError, match="would leave Table .dev-Table. behind"):
        recovery(stubs, progress, deployment).run()


def test_what_holds_a_name_is_kept_by_an_import_or_removed_by_commands_that_work_as_they_stand(
    stubs: Stubs, progress: Recorder, tmp_path: Path
) -> None:
    expect_stack(stubs, "ROLLBACK_FAILED", "TapStackprod", StackName="TapStackprod")
    stubs.resources_are(("Table", "AWS::DynamoDB::Table"), ("Logs", "AWS::Logs::LogGroup"), status="DELETE_FAILED")
    expect_template(stubs, Table="Retain", Logs="Retain")
    expect_table(stubs)
    expect_scan(stubs, {"Count": 0})
    with pytest.raises(CommandError) as caught:
        recovery(stubs, progress, tiny_deployment(tmp_path, {}, "prod")).run()
    told = str(caught.value)
    assert "run `python -m build destroy --suffix prod --lift-protection TapStackprod`, which leaves them" in told
    assert "keep what they store with `python -m build adopt --suffix prod`" in told
    commands = [
        "aws logs delete-log-group --log-group-name dev-Logs",
        "aws dynamodb update-table --table-name dev-Table --no-deletion-protection-enabled",
        "aws dynamodb delete-table --table-name dev-Table",
    ]
    assert all(f"`{command} --region us-west-2`" in told for command in commands)


def expect_protected_tables(stubs: Stubs, *names: str) -> None:
    """Expect a look at a creation whose rollback could not delete some tables: their protection forbids it."""
    expect_stack(stubs, "ROLLBACK_FAILED", "TapStackprod", StackName="TapStackprod")
    stubs.resources_are(*((name, "AWS::DynamoDB::Table") for name in names), status="DELETE_FAILED")
    expect_template(stubs, **dict.fromkeys(names, "Retain"))


def test_empty_tables_that_a_failed_creation_made_are_deleted_with_it(
    stubs: Stubs, progress: Recorder, tmp_path: Path
) -> None:
    expect_protected_tables(stubs, "Table", "Unprotected")
    for name in ("dev-Table", "dev-Unprotected"):
        expect_table(stubs, START + timedelta(seconds=1), name=name)
        expect_scan(stubs, {"Count": 0}, name)
    expect_table(stubs)
    table = {"TableName": "dev-Table"}
    stubs.answer("dynamodb", "update_table", {**table, "DeletionProtectionEnabled": False}, {})
    stubs.refuse("dynamodb", "delete_table", table, "ResourceInUseException", "it is being updated")
    stubs.answer("dynamodb", "delete_table", table, {})
    stubs.refuse("dynamodb", "delete_table", table, "ResourceInUseException", "it is being deleted")
    stubs.refuse("dynamodb", "delete_table", table, "ResourceNotFoundException")
    expect_table(stubs, protected=False, name="dev-Unprotected")
    stubs.refuse("dynamodb", "delete_table", {"TableName": "dev-Unprotected"}, "ResourceNotFoundException")
    expect_deletion(stubs, "TapStackprod")
    assert recovery(stubs, progress, tiny_deployment(tmp_path, {}, "prod")).run() is None
    assert progress.steps == [
        "deleting dev-Table, which the failed creation made and which is empty",
        "deleting dev-Unprotected, which the failed creation made and which is empty",
        "TapStackprod is ROLLBACK_FAILED; deleting it to create it again",
    ]
    assert progress.waits >= 3


def test_what_an_interrupted_recovery_left_is_finished(stubs: Stubs, progress: Recorder, tmp_path: Path) -> None:
    expect_protected_tables(stubs, "Table")
    for _ in ("in use", "protected"):
        stubs.refuse("dynamodb", "describe_table", {"TableName": "dev-Table"}, "ResourceNotFoundException")
    stubs.refuse("dynamodb", "delete_table", {"TableName": "dev-Table"}, "ResourceNotFoundException")
    expect_deletion(stubs, "TapStackprod")
    assert recovery(stubs, progress, tiny_deployment(tmp_path, {}, "prod")).run() is None


@pytest.mark.parametrize(
    ("age", "page", "use"),
    [
        (0, {"Count": 1, "LastEvaluatedKey": {"id": {"S": "1"}}}, "stores items"),
        (0, {"Count": 0, "LastEvaluatedKey": {"id": {"S": "1"}}}, "stores items"),
        (1, None, "is older than the stack"),
    ],
)
def test_one_table_that_may_be_in_use_keeps_all(
    stubs: Stubs, progress: Recorder, tmp_path: Path, age: int, page: Mapping[str, Any] | None, use: str
) -> None:
    expect_protected_tables(stubs, "Empty", "Table")
    expect_table(stubs, name="dev-Empty")
    expect_scan(stubs, {"Count": 0}, "dev-Empty")
    expect_table(stubs, START - timedelta(seconds=age))
    if page:
        expect_scan(stubs, page)
    with pytest.raises(CommandError) as caught:
        recovery(stubs, progress, tiny_deployment(tmp_path, {}, "prod")).run()
    told = str(caught.value)
    assert "would leave Empty (dev-Empty), Table (dev-Table) behind, so that it could not be created again; " in told
    assert f"dev-Table {use}; run `python -m build destroy --suffix prod" in told
    assert progress.steps == []


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_a_creation_that_was_rolled_back_cannot_be_continued(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str
) -> None:
    expect_stack(stubs, status)
    stubs.resources_are(("Table", "AWS::DynamoDB::Table"), status="DELETE_FAILED")
    expect_template(stubs, Table="Delete")
    with pytest.raises(CommandError, match="repeat the command with --allow-replace Table") as caught:
        recovery(stubs, progress, deployment).run()
    assert "--no-rollback" not in str(caught.value)
    assert "--table-name dev-Table --no-deletion-protection-enabled --region us-west-2`" in str(caught.value)


def test_data_of_a_failed_creation_is_not_deleted_unless_it_is_named(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    for _ in ("refused", "allowed"):
        expect_stack(stubs, "CREATE_FAILED")
        stubs.resources_are(("Table", "AWS::DynamoDB::Table"))
        expect_template(stubs, Table="Delete")
    with pytest.raises(CommandError, match="would delete the table Table; continue .*--allow-replace Table") as caught:
        recovery(stubs, progress, deployment).run()
    assert "--no-rollback" in str(caught.value)
    allowed = replace(deployment, allow_replace=frozenset({"Table"}))
    stubs.refuse(
        "cloudformation", "delete_stack", {"StackName": STACK_ID, "ClientRequestToken": TOKEN}, "Reached", "the end"
    )
    with pytest.raises(Exception, match="Reached"):
        recovery(stubs, progress, allowed).run()


def test_an_update_left_as_it_failed_is_rolled_back_first(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "UPDATE_FAILED")
    stubs.answer("cloudformation", "rollback_stack", {"StackName": STACK_ID, "ClientRequestToken": TOKEN}, {})
    expect_events(stubs, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    expect_stack(stubs, "UPDATE_ROLLBACK_COMPLETE", STACK_ID)
    expect_stack(stubs, "UPDATE_ROLLBACK_COMPLETE")
    assert recovery(stubs, progress, deployment).run() is not None
    assert progress.steps == ["TapStackdev is UPDATE_FAILED; rolling that back first"]


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_without_rollback_a_stack_left_as_it_failed_is_updated(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str
) -> None:
    expect_stack(stubs, status)
    assert recovery(stubs, progress, replace(deployment, rollback=False)).run() is not None


def test_a_rollback_that_failed_says_how_it_is_continued(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "UPDATE_ROLLBACK_FAILED")
    expect_failed_rollback(stubs)
    with pytest.raises(CommandError) as caught:
        recovery(stubs, progress, deployment).run()
    assert str(caught.value) == (
        "the last update of TapStackdev failed, and so did its rollback; "
        "not rolled back: Worker (Worker cannot be restored); Queue (no such queue); "
        "remove what prevents it and run `python -m build deploy --suffix dev --continue-rollback`, or leave what is "
        "named as it is with `python -m build deploy --suffix dev --continue-rollback --skip Worker --skip Queue`."
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("DELETE_FAILED", "failed half-way; finish"),
        ("IMPORT_ROLLBACK_FAILED", "could not be rolled back; finish"),
        ("UPDATE_ROLLBACK_FAILED", "look in the events of the stack for what prevents it"),
    ],
)
def test_what_aws_does_not_say_leaves_no_gap(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str, words: str
) -> None:
    expect_stack(stubs, status)
    if status == "UPDATE_ROLLBACK_FAILED":
        stubs.events_are(event(9, NAME, status))
    with pytest.raises(CommandError, match=words) as caught:
        recovery(stubs, progress, deployment).run()
    assert "()" not in str(caught.value) and "LogicalId" not in str(caught.value)


def test_only_what_prevents_a_rollback_can_be_skipped(stubs: Stubs, progress: Recorder, deployment: Deployment) -> None:
    expect_stack(stubs, "UPDATE_ROLLBACK_FAILED")
    expect_failed_rollback(stubs)
    continued = replace(deployment, continue_rollback=True, skip=frozenset({"Worker", "Wroker"}))
    with pytest.raises(CommandError, match="--skip Wroker names nothing that failed.* Queue, Worker") as caught:
        recovery(stubs, progress, continued).run()
    assert caught.value.exit_code == 2


def test_a_rollback_that_failed_is_continued_on_request(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "UPDATE_ROLLBACK_FAILED")
    expect_failed_rollback(stubs)
    parameters = {"StackName": STACK_ID, "ClientRequestToken": TOKEN, "ResourcesToSkip": ["Worker"]}
    stubs.answer("cloudformation", "continue_update_rollback", parameters, {})
    expect_events(stubs, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    expect_stack(stubs, "UPDATE_ROLLBACK_COMPLETE", STACK_ID)
    expect_stack(stubs, "UPDATE_ROLLBACK_COMPLETE")
    continued = replace(deployment, continue_rollback=True, skip=frozenset({"Worker"}))
    assert recovery(stubs, progress, continued).run() is not None


def test_a_rollback_that_did_not_fail_is_not_continued_in_silence(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    expect_stack(stubs, "UPDATE_COMPLETE")
    assert recovery(stubs, progress, replace(deployment, continue_rollback=True)).run() is not None
    assert progress.steps == ["there is no failed rollback to continue, so --continue-rollback changes nothing"]


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("DELETE_FAILED", "finish it with `python -m build destroy --suffix dev`, then deploy again"),
        ("IMPORT_ROLLBACK_FAILED", "finish it in the CloudFormation console, then deploy again"),
    ],
)
def test_what_only_the_user_can_decide_stops_the_deployment(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str, advice: str
) -> None:
    expect_stack(stubs, status, reason="the bucket is not empty")
    with pytest.raises(CommandError, match=advice) as caught:
        recovery(stubs, progress, deployment).run()
    assert "the bucket is not empty" in str(caught.value)


def test_the_table_has_every_status_of_the_service_model() -> None:
    model = boto3.client("cloudformation").meta.service_model
    shape = model.shape_for("StackStatus")
    assert isinstance(shape, StringShape)
    statuses = set(shape.enum)
    assert statuses == set(NEXT_ACTIONS) == set(WHAT_HAPPENS)


@pytest.mark.parametrize(("status", "action"), WHAT_HAPPENS.items())
def test_each_status_has_its_action(status: str, action: str) -> None:
    assert next_action(status) is NextAction[action]


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_a_stack_left_as_it_failed_is_updated_without_rollback(status: str) -> None:
    assert next_action(status, rollback=False) is NextAction.UPDATE


def test_without_rollback_the_other_actions_are_the_same() -> None:
    others = set(NEXT_ACTIONS) - {"CREATE_FAILED", "UPDATE_FAILED"}
    assert all(next_action(status, rollback=False) is NEXT_ACTIONS[status] for status in others)


@pytest.mark.parametrize(
    ("status", "action"), [("REPAIR_IN_PROGRESS", NextAction.FOLLOW), ("REPAIR_COMPLETE", NextAction.UPDATE)]
)
def test_a_status_of_the_future_is_followed_or_left_to_cloudformation(status: str, action: NextAction) -> None:
    assert next_action(status) is action
