import json

import pytest
from botocore.exceptions import ClientError

from build.cloudformation.stacks import (
    StackResource,
    canonical_template,
    deployed_template,
    existing_stack,
    find_stack,
    retained_ids,
    stack_resources,
)
from build.errors import CommandError
from tests.build.support import ACCOUNT, NAME, REGION, STACK_ID, START, Stubs, a_stack

MISSING = f"Stack with id {NAME} does not exist"


def test_what_is_told_of_a_stack() -> None:
    stack = a_stack(
        "UPDATE_COMPLETE",
        StackStatusReason="because",
        Parameters=[{"ParameterKey": "Mode", "ParameterValue": "slow"}],
        Tags=[{"Key": "team", "Value": "data"}],
        Outputs=[{"OutputKey": "TopicArn", "OutputValue": "arn"}],
        EnableTerminationProtection=True,
        LastOperations=[{"OperationType": "UPDATE_STACK", "OperationId": "1"}],
    )
    assert (stack.partition, stack.region, stack.account, stack.name) == ("aws", REGION, ACCOUNT, NAME)
    assert (stack.parameters, stack.tags, stack.outputs) == ({"Mode": "slow"}, {"team": "data"}, {"TopicArn": "arn"})
    assert (stack.status_reason, stack.termination_protection, stack.changed) == ("because", True, START)
    assert stack.last_operations == (("UPDATE_STACK", "1"),)


@pytest.mark.parametrize(
    ("status", "in_progress"),
    [("UPDATE_IN_PROGRESS", True), ("REVIEW_IN_PROGRESS", False), ("UPDATE_COMPLETE", False)],
)
def test_a_review_is_no_work(status: str, in_progress: bool) -> None:
    assert a_stack(status).in_progress is in_progress


def test_a_stack_is_found_by_name(stubs: Stubs) -> None:
    stubs.stack_is(name=NAME)
    assert find_stack(stubs.clients.cloudformation, NAME) == a_stack()


def test_a_missing_stack_is_none_and_other_refusals_are_not(stubs: Stubs) -> None:
    stubs.refuse("cloudformation", "describe_stacks", {"StackName": NAME}, "ValidationError", MISSING)
    assert find_stack(stubs.clients.cloudformation, NAME) is None
    stubs.refuse("cloudformation", "describe_stacks", {"StackName": NAME}, "AccessDenied", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        find_stack(stubs.clients.cloudformation, NAME)


def test_a_stack_that_has_to_exist(stubs: Stubs) -> None:
    stubs.refuse("cloudformation", "describe_stacks", {"StackName": NAME}, "ValidationError", MISSING)
    with pytest.raises(CommandError, match="there is no stack TapStackdev in us-west-2; deploy it, or name another"):
        existing_stack(stubs.clients.cloudformation, NAME)
    stubs.stack_is(name=NAME)
    assert existing_stack(stubs.clients.cloudformation, NAME).stack_id == STACK_ID


@pytest.mark.parametrize(
    ("body", "text"), [(json.dumps({"b": 1, "a": 2}), '{"a":2,"b":1}'), ("Resources: {}", "Resources: {}")]
)
def test_a_template_is_read_in_its_shortest_form(stubs: Stubs, body: str, text: str) -> None:
    parameters = {"StackName": STACK_ID, "TemplateStage": "Original"}
    stubs.answer("cloudformation", "get_template", parameters, {"TemplateBody": body})
    assert deployed_template(stubs.clients.cloudformation, STACK_ID) == text


def test_resources_that_exist_are_listed_by_logical_id(stubs: Stubs) -> None:
    def summary(logical_id: str, status: str, physical_id: str | None) -> dict[str, object]:
        entry = {
            "LogicalResourceId": logical_id,
            "ResourceType": "AWS::SQS::Queue",
            "ResourceStatus": status,
            "LastUpdatedTimestamp": START,
        }
        return entry if physical_id is None else {**entry, "PhysicalResourceId": physical_id}

    first = {
        "StackResourceSummaries": [summary("B", "CREATE_COMPLETE", "b"), summary("Gone", "DELETE_COMPLETE", "g")],
        "NextToken": "more",
    }
    stubs.answer("cloudformation", "list_stack_resources", {"StackName": STACK_ID}, first)
    last = {"StackResourceSummaries": [summary("A", "DELETE_SKIPPED", "a"), summary("Never", "CREATE_FAILED", None)]}
    stubs.answer("cloudformation", "list_stack_resources", {"StackName": STACK_ID, "NextToken": "more"}, last)
    assert stack_resources(stubs.clients.cloudformation, STACK_ID) == [
        StackResource("A", "a", "AWS::SQS::Queue", "DELETE_SKIPPED"),
        StackResource("B", "b", "AWS::SQS::Queue", "CREATE_COMPLETE"),
    ]


def test_what_a_template_keeps() -> None:
    policies = {"A": "Retain", "B": "Delete", "C": "Snapshot", "D": "RetainExceptOnCreate"}
    resources = {name: {"DeletionPolicy": policy} for name, policy in policies.items()} | {"E": {}}
    assert retained_ids(json.dumps({"Resources": resources})) == {"A", "C", "D"}


def test_a_template_of_something_else_is_not_guessed_at() -> None:
    with pytest.raises(CommandError, match="not JSON, so something else made it"):
        retained_ids("Resources: {}")


def test_the_shortest_form_is_the_same_for_the_same_content() -> None:
    assert canonical_template({"b": 1, "a": [1, 2]}) == canonical_template({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'
