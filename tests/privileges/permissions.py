"""What a role may do, as a set to compare with what is done in its name."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.privileges.deployed import NO_KEY, resolved
from tests.privileges.policy_evaluation import Document
from tests.stack.resolve import decided, properties


@dataclass(frozen=True, order=True)
class Permission:
    """An action, `service:Operation`, and the resource that it is for: an ARN, a pattern of ARNs, or `*`."""

    action: str
    resource: str


def policies_of(suffix: str, role: str, key: Mapping[str, str] = NO_KEY) -> list[Document]:
    """The policy documents of a role, their references resolved, in a stack with or without a key of its own."""
    policies = decided(suffix, properties(suffix, role)["Policies"], key)
    return [resolved(suffix, policy["PolicyDocument"]) for policy in policies]


def granted(suffix: str, role: str, key: Mapping[str, str] = NO_KEY) -> set[Permission]:
    """Every permission that the policies of a role grant; they have to allow and nothing else."""
    statements = [statement for document in policies_of(suffix, role, key) for statement in document["Statement"]]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {
        Permission(action, resource)
        for statement in statements
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
