from typing import Any

import pytest

from build.commands.drift import detect_drift
from build.deploy.running_code import Drift
from build.errors import CommandError
from tests.build.support import STACK_ID, START, Recorder, Stubs, a_stack


def expect_detection(stubs: Stubs, *statuses: str, reason: str = "") -> None:
    stubs.answer("cloudformation", "detect_stack_drift", {"StackName": STACK_ID}, {"StackDriftDetectionId": "7"})
    for status in statuses:
        answer: dict[str, Any] = {
            "StackId": STACK_ID,
            "StackDriftDetectionId": "7",
            "DetectionStatus": status,
            "Timestamp": START,
        }
        if reason:
            answer["DetectionStatusReason"] = reason
        parameters = {"StackDriftDetectionId": "7"}
        stubs.answer("cloudformation", "describe_stack_drift_detection_status", parameters, answer)


def resource(logical_id: str, status: str, *differences: dict[str, str]) -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::SQS::Queue",
        "StackResourceDriftStatus": status,
        "Timestamp": START,
        "PropertyDifferences": list(differences),
    }


def test_resources_that_differ_are_told_property_by_property(stubs: Stubs, progress: Recorder) -> None:
    expect_detection(stubs, "DETECTION_IN_PROGRESS", "DETECTION_COMPLETE")
    difference = {
        "PropertyPath": "/RedrivePolicy/maxReceiveCount",
        "ExpectedValue": "3",
        "ActualValue": "5",
        "DifferenceType": "NOT_EQUAL",
    }
    parameters = {"StackName": STACK_ID, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    first = {"StackResourceDrifts": [resource("Queue", "MODIFIED", difference)], "NextToken": "more"}
    stubs.answer("cloudformation", "describe_stack_resource_drifts", parameters, first)
    last = {"StackResourceDrifts": [resource("Gone", "DELETED")]}
    stubs.answer("cloudformation", "describe_stack_resource_drifts", {**parameters, "NextToken": "more"}, last)
    assert detect_drift(stubs.clients.cloudformation, a_stack(), progress) == [
        Drift("Queue", "AWS::SQS::Queue", "RedrivePolicy.maxReceiveCount", "3", "5"),
        Drift("Gone", "AWS::SQS::Queue", "", "", "deleted"),
    ]
    assert progress.waits == 1


@pytest.mark.parametrize(("reason", "told"), [("no permission", "no permission"), ("", "it does not say why")])
def test_a_detection_that_fails_says_why(stubs: Stubs, progress: Recorder, reason: str, told: str) -> None:
    expect_detection(stubs, "DETECTION_FAILED", reason=reason)
    with pytest.raises(CommandError, match=f"could not compare all resources .{told}.; allow"):
        detect_drift(stubs.clients.cloudformation, a_stack(), progress)
