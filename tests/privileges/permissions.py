"""What a role may do, as a set to compare with what is done in its name."""

from dataclasses import dataclass

from tests.privileges.deployed import resolved
from tests.privileges.policy_evaluation import Document
from tests.stack.resolve import properties


@dataclass(frozen=True, order=True)
class Permission:
    """An action, `service:Operation`, and the resource that it is for: an ARN, a pattern of ARNs, or `*`."""

    action: str
    resource: str


def policies_of(suffix: str, role: str) -> list[Document]:
    """The policy documents of a role, their references resolved."""
    return [resolved(suffix, policy["PolicyDocument"]) for policy in properties(suffix, role)["Policies"]]


def granted(suffix: str, role: str) -> set[Permission]:
    """Every permission that the policies of a role grant; they have to allow and nothing else."""
    statements = [statement for document in policies_of(suffix, role) for statement in document["Statement"]]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {
        Permission(action, resource)
        for statement in statements
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
