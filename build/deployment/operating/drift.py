"""Resources that somebody changed behind CloudFormation's back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build.deployment.deployed_stack import DeployedStack
from build.deployment.polling import until
from build.deployment.progress import Progress
from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        DescribeStackDriftDetectionStatusOutputTypeDef,
        StackResourceDriftTypeDef,
    )


@dataclass(frozen=True)
class Drift:
    """A property of a resource that is not as the template says, or a resource that is gone.

    Args:
        logical_id: of the resource.
        resource_type: `AWS::SQS::Queue`.
        path: of the property; nothing when the resource was deleted.
        expected: what the template says.
        actual: what there is.
    """

    logical_id: str
    resource_type: str
    path: str
    expected: str
    actual: str


def detect_drift(cloudformation: "CloudFormationClient", stack: DeployedStack, progress: Progress) -> list[Drift]:
    """Let CloudFormation compare a stack's resources with their template.

    Raises:
        CommandError: when it cannot.
    """
    detection = cloudformation.detect_stack_drift(StackName=stack.stack_id)["StackDriftDetectionId"]
    status = until(lambda: finished_detection(cloudformation, detection), progress.waiting)
    if status["DetectionStatus"] == "DETECTION_FAILED":
        reason = status.get("DetectionStatusReason", "it does not say why")
        raise CommandError(
            f"CloudFormation could not compare all resources ({reason}); "
            "allow the deployer to read them and repeat the command."
        )
    return [drift for resource in drifted_resources(cloudformation, stack.stack_id) for drift in drifts_of(resource)]


def finished_detection(
    cloudformation: "CloudFormationClient", detection: str
) -> "DescribeStackDriftDetectionStatusOutputTypeDef | None":
    """How a detection ended; None while it goes on."""
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    return None if status["DetectionStatus"] == "DETECTION_IN_PROGRESS" else status


def drifted_resources(cloudformation: "CloudFormationClient", stack_id: str) -> "Iterator[StackResourceDriftTypeDef]":
    """The resources that differ, page by page."""
    token: dict[str, Any] = {}
    while True:
        page = cloudformation.describe_stack_resource_drifts(
            StackName=stack_id, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **token
        )
        yield from page["StackResourceDrifts"]
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


def drifts_of(resource: "StackResourceDriftTypeDef") -> list[Drift]:
    """The differences of one resource."""
    named = (resource["LogicalResourceId"], resource["ResourceType"])
    if resource["StackResourceDriftStatus"] == "DELETED":
        return [Drift(*named, path="", expected="", actual="deleted")]
    return [
        Drift(*named, one["PropertyPath"].strip("/").replace("/", "."), one["ExpectedValue"], one["ActualValue"])
        for one in resource.get("PropertyDifferences", [])
    ]
