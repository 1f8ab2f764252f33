"""The command `drift`: resources that somebody changed outside of CloudFormation, and code that it never looks at."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from build.aws import until
from build.cloudformation.stacks import DeployedStack, existing_stack
from build.deploy.running_code import Drift, code_drifts
from build.errors import CommandError
from build.options import add_stack_options, stack_context
from build.progress import Progress
from build.text import TextTable

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        DescribeStackDriftDetectionStatusOutputTypeDef,
        StackResourceDriftTypeDef,
    )

EXAMPLE = "python -m build drift --suffix prod"
_DRIFTED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """List the resources that differ from the template; 0 when none does, 2 otherwise.

    Raises:
        CommandError: when there is no such stack, or CloudFormation cannot compare.
    """
    with stack_context(arguments) as context:
        stack = existing_stack(context.clients.cloudformation, context.config.stack_name)
        told = detect_drift(context.clients.cloudformation, stack, context.presenter)
        drifts = [*told, *_untold(code_drifts(context.clients, context.config, stack), told)]
        if not drifts:
            context.presenter.step(f"{stack.name} is as its template says")
        document = {"stack": stack.name, "drifts": [asdict(drift) for drift in drifts]}
        context.presenter.result(document, [_table(stack, drifts)] if drifts else [])
    return _DRIFTED if drifts else 0


def detect_drift(cloudformation: "CloudFormationClient", stack: DeployedStack, progress: Progress) -> list[Drift]:
    """Let CloudFormation compare a stack's resources with their template.

    Raises:
        CommandError: when it cannot.
    """
    detection = cloudformation.detect_stack_drift(StackName=stack.stack_id)["StackDriftDetectionId"]
    status = until(lambda: _finished_detection(cloudformation, detection), progress.waiting)
    if status["DetectionStatus"] == "DETECTION_FAILED":
        reason = status.get("DetectionStatusReason", "it does not say why")
        raise CommandError(
            f"CloudFormation could not compare all resources ({reason}); "
            "allow the deployer to read them and repeat the command."
        )
    return [drift for resource in _drifted_resources(cloudformation, stack.stack_id) for drift in _drifts_of(resource)]


def _untold(drifts: list[Drift], told: list[Drift]) -> list[Drift]:
    """The drifts of code but for those that CloudFormation tells itself, as it does of `Layers`, element by element."""
    known = {(drift.logical_id, drift.path.split(".")[0]) for drift in told}
    return [drift for drift in drifts if (drift.logical_id, drift.path) not in known]


def _finished_detection(
    cloudformation: "CloudFormationClient", detection: str
) -> "DescribeStackDriftDetectionStatusOutputTypeDef | None":
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    return None if status["DetectionStatus"] == "DETECTION_IN_PROGRESS" else status


def _drifted_resources(cloudformation: "CloudFormationClient", stack_id: str) -> "Iterator[StackResourceDriftTypeDef]":
    """Page by page: botocore has no paginator for this call."""
    token: dict[str, Any] = {}
    while True:
        page = cloudformation.describe_stack_resource_drifts(
            StackName=stack_id, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **token
        )
        yield from page["StackResourceDrifts"]
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


def _drifts_of(resource: "StackResourceDriftTypeDef") -> list[Drift]:
    identity = (resource["LogicalResourceId"], resource["ResourceType"])
    if resource["StackResourceDriftStatus"] == "DELETED":
        return [Drift(*identity, path="", expected="", actual="deleted")]
    return [
        Drift(
            *identity,
            path=difference["PropertyPath"].strip("/").replace("/", "."),
            expected=difference["ExpectedValue"],
            actual=difference["ActualValue"],
        )
        for difference in resource.get("PropertyDifferences", [])
    ]


def _table(stack: DeployedStack, drifts: list[Drift]) -> TextTable:
    rows = [(drift.logical_id, drift.path, drift.expected, drift.actual) for drift in drifts]
    return TextTable(f"{stack.name} differs from its template", ("resource", "property", "template", "actual"), rows)
