"""Each state's step, against exact calls; `test_stack_states` says which state takes which."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.deployment.deployment import Deployment
from build.deployment.following.operations import Operations
from build.deployment.following.outcomes import OperationFailed
from build.deployment.settling import Settling
from build.errors import CommandError
from tests.build.deployment.support import (
    NAME,
    STACK_ID,
    START,
    TOKEN,
    Recorder,
    Stubs,
    event,
    tiny_deployment,
    tiny_template,
)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return tiny_deployment(tmp_path, {})


def settling(stubs: Stubs, progress: Recorder, deployment: Deployment) -> Settling:
    return Settling(Operations(stubs.clients.cloudformation, progress), deployment)


def foretell_stack(stubs: Stubs, status: str | None, name: str = NAME, reason: str = "") -> None:
    if status is None:
        message = f"Stack with id {name} does not exist"
        stubs.refuse("cloudformation", "describe_stacks", {"StackName": name}, "ValidationError", message)
    else:
        stubs.stack_is(status, name, StackStatusReason=reason)


def foretell_events(stubs: Stubs, begun: str, status: str, token: str = TOKEN) -> None:
    entries = [event(2, NAME, status, token=token), event(1, NAME, begun, token=token)]
    stubs.events_are(*entries)


def foretell_resources(stubs: Stubs, *resources: tuple[str, str, str]) -> None:
    summaries: list[dict[str, Any]] = [
        {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": f"dev-{logical_id}",
            "ResourceType": resource_type,
            "ResourceStatus": status,
            "LastUpdatedTimestamp": START,
        }
        for logical_id, resource_type, status in resources
    ]
    answer = {"StackResourceSummaries": summaries}
    stubs.answer("cloudformation", "list_stack_resources", {"StackName": STACK_ID}, answer)


def foretell_template(stubs: Stubs, **policies: str) -> None:
    resources = {name: {"Type": "T", "DeletionPolicy": policy} for name, policy in policies.items()}
    parameters = {"StackName": STACK_ID, "TemplateStage": "Original"}
    stubs.answer("cloudformation", "get_template", parameters, {"TemplateBody": tiny_template(resources)})


@pytest.mark.parametrize("status", [None, "REVIEW_IN_PROGRESS"])
def test_a_stack_that_was_never_made_is_to_be_made(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str | None
) -> None:
    foretell_stack(stubs, status)
    assert settling(stubs, progress, deployment).settle() is None


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"])
def test_a_stack_at_rest_is_to_be_changed(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str
) -> None:
    foretell_stack(stubs, status)
    stack = settling(stubs, progress, deployment).settle()
    assert stack is not None
    assert (stack.status, progress.steps) == (status, [])


def test_what_is_under_way_is_followed_first(stubs: Stubs, progress: Recorder, deployment: Deployment) -> None:
    foretell_stack(stubs, "UPDATE_IN_PROGRESS")
    for _ in ("whose", "until when"):
        foretell_events(stubs, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", token="theirs")
    foretell_stack(stubs, "UPDATE_COMPLETE", STACK_ID)
    foretell_stack(stubs, "UPDATE_COMPLETE")
    stack = settling(stubs, progress, deployment).settle()
    assert stack is not None
    assert stack.status == "UPDATE_COMPLETE"
    assert progress.steps == ["TapStackdev is UPDATE_IN_PROGRESS; following that first"]


def test_a_deletion_under_way_is_followed_and_the_stack_is_made_anew(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    foretell_stack(stubs, "DELETE_IN_PROGRESS")
    for _ in ("whose", "until when"):
        foretell_events(stubs, "DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    foretell_stack(stubs, "DELETE_COMPLETE", STACK_ID)
    foretell_stack(stubs, None)
    assert settling(stubs, progress, deployment).settle() is None


def test_what_is_under_way_and_fails_is_a_failure(stubs: Stubs, progress: Recorder, deployment: Deployment) -> None:
    foretell_stack(stubs, "ROLLBACK_IN_PROGRESS")
    for _ in ("whose", "until when"):
        foretell_events(stubs, "CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE")
    for _ in ("the end", "the cause"):
        foretell_stack(stubs, "ROLLBACK_COMPLETE", STACK_ID)
    with pytest.raises(OperationFailed, match="ended as ROLLBACK_COMPLETE"):
        settling(stubs, progress, deployment).settle()


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_what_a_failed_creation_left_is_deleted(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str
) -> None:
    foretell_stack(stubs, status)
    foretell_resources(stubs, ("Worker", "AWS::Lambda::Function", "CREATE_COMPLETE"))
    foretell_template(stubs, Worker="Delete")
    stubs.answer("cloudformation", "delete_stack", {"StackName": STACK_ID, "ClientRequestToken": TOKEN}, {})
    foretell_events(stubs, "DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    foretell_stack(stubs, "DELETE_COMPLETE", STACK_ID)
    foretell_stack(stubs, None)
    assert settling(stubs, progress, deployment).settle() is None
    assert progress.steps == [f"TapStackdev is {status}; deleting it to make it anew"]


def test_what_would_be_left_behind_is_named_and_nothing_is_deleted(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    foretell_stack(stubs, "ROLLBACK_COMPLETE")
    foretell_resources(stubs, ("Table", "AWS::DynamoDB::Table", "DELETE_SKIPPED"))
    foretell_template(stubs, Table="Retain")
    with pytest.raises(CommandError, match="would leave Table .dev-Table. behind"):
        settling(stubs, progress, deployment).settle()


def test_data_of_a_failed_creation_is_not_deleted_unless_it_is_named(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    for _ in ("refused", "allowed"):
        foretell_stack(stubs, "CREATE_FAILED")
        foretell_resources(stubs, ("Table", "AWS::DynamoDB::Table", "CREATE_COMPLETE"))
        foretell_template(stubs, Table="Delete")
    with pytest.raises(CommandError, match="would delete the table Table; go on .*--allow-replace Table") as caught:
        settling(stubs, progress, deployment).settle()
    assert "--no-rollback" in str(caught.value)
    allowed = replace(deployment, allow_replace=frozenset({"Table"}))
    stubs.refuse(
        "cloudformation", "delete_stack", {"StackName": STACK_ID, "ClientRequestToken": TOKEN}, "Reached", "the end"
    )
    with pytest.raises(Exception, match="Reached"):
        settling(stubs, progress, allowed).settle()


def test_a_paused_update_is_rolled_back_first(stubs: Stubs, progress: Recorder, deployment: Deployment) -> None:
    foretell_stack(stubs, "UPDATE_FAILED")
    stubs.answer("cloudformation", "rollback_stack", {"StackName": STACK_ID, "ClientRequestToken": TOKEN}, {})
    foretell_events(stubs, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    foretell_stack(stubs, "UPDATE_ROLLBACK_COMPLETE", STACK_ID)
    foretell_stack(stubs, "UPDATE_ROLLBACK_COMPLETE")
    assert settling(stubs, progress, deployment).settle() is not None
    assert progress.steps == ["TapStackdev is UPDATE_FAILED; rolling that back first"]


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_without_rollback_a_paused_stack_is_gone_on_with(
    stubs: Stubs, progress: Recorder, deployment: Deployment, status: str
) -> None:
    foretell_stack(stubs, status)
    assert settling(stubs, progress, replace(deployment, rollback=False)).settle() is not None


def test_a_rollback_that_failed_says_how_it_is_continued(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    foretell_stack(stubs, "UPDATE_ROLLBACK_FAILED", reason="Worker cannot be restored")
    with pytest.raises(CommandError, match="Worker cannot be restored.*--continue-rollback --skip LogicalId"):
        settling(stubs, progress, deployment).settle()


def test_a_rollback_that_failed_is_continued_on_request(
    stubs: Stubs, progress: Recorder, deployment: Deployment
) -> None:
    foretell_stack(stubs, "UPDATE_ROLLBACK_FAILED")
    parameters = {"StackName": STACK_ID, "ClientRequestToken": TOKEN, "ResourcesToSkip": ["Worker"]}
    stubs.answer("cloudformation", "continue_update_rollback", parameters, {})
    foretell_events(stubs, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    foretell_stack(stubs, "UPDATE_ROLLBACK_COMPLETE", STACK_ID)
    foretell_stack(stubs, "UPDATE_ROLLBACK_COMPLETE")
    continued = replace(deployment, continue_rollback=True, skip=frozenset({"Worker"}))
    assert settling(stubs, progress, continued).settle() is not None


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
    foretell_stack(stubs, status, reason="the bucket is not empty")
    with pytest.raises(CommandError, match=advice) as caught:
        settling(stubs, progress, deployment).settle()
    assert "the bucket is not empty" in str(caught.value)
