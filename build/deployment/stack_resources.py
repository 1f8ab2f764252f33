"""The resources of a deployed stack, and which of them outlive it."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

KEEPING_POLICIES = frozenset({"Retain", "RetainExceptOnCreate", "Snapshot"})


@dataclass(frozen=True)
class StackResource:
    """A resource as its stack knows it.

    Args:
        logical_id: its name in the template.
        physical_id: its name in AWS.
        resource_type: `AWS::DynamoDB::Table`.
        status: one of CloudFormation's ResourceStatus.
    """

    logical_id: str
    physical_id: str
    resource_type: str
    status: str


def stack_resources(cloudformation: "CloudFormationClient", stack_id: str) -> list[StackResource]:
    """The resources of a stack that exist, by logical id."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    resources = [
        StackResource(
            one["LogicalResourceId"], one.get("PhysicalResourceId", ""), one["ResourceType"], one["ResourceStatus"]
        )
        for page in pages
        for one in page["StackResourceSummaries"]
    ]
    existing = (one for one in resources if one.physical_id and one.status != "DELETE_COMPLETE")
    return sorted(existing, key=lambda resource: resource.logical_id)


def retained_ids(template: str) -> frozenset[str]:
    """The logical ids of the resources that a template keeps when their stack is deleted.

    Raises:
        CommandError: for a template that is not JSON, which none made here is.
    """
    try:
        resources = json.loads(template)["Resources"]
    except ValueError as error:
        raise CommandError(
            "the stack's template is not JSON, so something else made it; delete it with that, or in the console."
        ) from error
    return frozenset(name for name, one in resources.items() if one.get("DeletionPolicy") in KEEPING_POLICIES)
