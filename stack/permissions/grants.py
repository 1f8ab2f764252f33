"""Grants: which actions on which resources of which stacks, and the policy documents that say so."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awacs.aws import Action, Allow, Condition, ConditionElement, PolicyDocument, Statement

from stack.config import PROTECTED_SUFFIXES, STACK_PREFIX, StackConfig
from stack.errors import ConfigurationError

MOST_CHARACTERS = 6_144
"""The size of a managed policy, white space not counted
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""
ANY_ACCOUNT = "*"
_VERSION = "2012-10-17"
_UNCUT_STACK_NAME = 24
"""CloudFormation may cut a longer name of a stack in the names that it makes."""


@dataclass(frozen=True)
class Scope:
    """The stacks that permissions are for.

    Args:
        suffix: of the stack; `pr-*` for all stacks whose suffix begins with `pr-`.
        region: `us-west-2`.
        account: its twelve digits, or `*` for whichever account the policy is attached in.
        role: ARN of the role that CloudFormation acts as; None for the role of this project.
        protected_by_settings: whether a suffix is protected that need not be.

    Raises:
        ConfigurationError: for a region or account that cannot be one, and for a suffix that no stack can have.
    """

    suffix: str
    region: str
    account: str = ANY_ACCOUNT
    role: str | None = None
    protected_by_settings: bool = False

    def __post_init__(self) -> None:
        StackConfig(self.suffix.removesuffix("*"))
        if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", self.region):
            raise ConfigurationError(f"{self.region!r} is no region; write one like us-west-2.")
        if self.account != ANY_ACCOUNT and not re.fullmatch(r"[0-9]{12}", self.account):
            raise ConfigurationError(f"{self.account!r} is no account; write its twelve digits.")

    @property
    def protected(self) -> bool:
        """Whether the stack is, whose pipeline then needs an environment of GitHub."""
        return self.protected_by_settings or self.suffix in PROTECTED_SUFFIXES

    @property
    def of_several_stacks(self) -> bool:
        return self.suffix.endswith("*")

    @property
    def partition(self) -> str:
        """`aws` or `aws-us-gov`."""
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def role_name(self, purpose: str) -> str:
        """The name of a role that deploys; none that the stack may change begins like it."""
        return f"{purpose}-{STACK_PREFIX}{self.suffix.rstrip('*-')}"

    def role_arn(self, name: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def fill(self, pattern: str) -> str:
        """A pattern of this package with the names of the scope in it."""
        return pattern.format(
            partition=self.partition,
            region=self.region,
            account=self.account,
            stack=f"{STACK_PREFIX}{self.suffix}",
            named=f"{self.suffix}-*-synth",
            made=self._made_name,
            bucket=self._made_name.lower(),
            role=self.role or self.role_arn(self.role_name("cloudformation")),
        )

    @property
    def _made_name(self) -> str:
        """What names begin with that CloudFormation makes for resources of the stack."""
        stack = f"{STACK_PREFIX}{self.suffix}"
        return f"{stack}-*" if len(stack) <= _UNCUT_STACK_NAME else f"{stack[:_UNCUT_STACK_NAME]}*"


@dataclass(frozen=True)
class Limit:
    """A condition on one key of a request.

    Args:
        operator: of the condition.
        key: `iam:PassedToService`.
        values: patterns, any of which has to match.
    """

    operator: type[ConditionElement]
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Resources:
    """The resources that one statement is about.

    Args:
        sid: of the statement; it says so where AWS has no resource-level permission.
        arns: patterns, with the names of the scope in braces.
        limit: on which the statement holds.
    """

    sid: str
    arns: tuple[str, ...]
    limit: Limit | None = None

    def statement(self, actions: Collection[Action], scope: Scope) -> Statement:
        """Allow the actions on these resources of a scope."""
        named = {str(action.JSONrepr()): action for action in actions}
        conditions: dict[str, Any] = {}
        if self.limit:
            values = list(map(scope.fill, self.limit.values))
            conditions["Condition"] = Condition([self.limit.operator({self.limit.key: values})])
        return Statement(
            Sid=self.sid,
            Effect=Allow,
            Action=[action for _, action in sorted(named.items())],
            Resource=list(map(scope.fill, self.arns)),
            **conditions,
        )


Grants = Mapping[Resources, Sequence[Action]]
"""The actions that are allowed, by the resources that they are allowed on."""
Document = Mapping[str, Any]
"""A policy document as JSON has it."""


def merged(*grants: Grants) -> Grants:
    """All that several grants allow, with one statement for the same resources."""
    together: dict[Resources, list[Action]] = {}
    for grant in grants:
        for resources, actions in grant.items():
            together.setdefault(resources, []).extend(actions)
    return together


def document(grants: Grants, scope: Scope) -> Document:
    """The policy document of grants, whatever its size."""
    return plain(statements(grants, scope))


def documents(grants: Grants, scope: Scope) -> list[Document]:
    """Policy documents that together allow what grants do, each small enough for a managed policy."""
    parts: list[list[Statement]] = [[]]
    for statement in statements(grants, scope):
        if size(plain([*parts[-1], statement])) > MOST_CHARACTERS:
            parts.append([])
        parts[-1].append(statement)
    return list(map(plain, parts))


def statements(grants: Grants, scope: Scope) -> list[Statement]:
    """A statement for each kind of resources."""
    return [resources.statement(actions, scope) for resources, actions in grants.items()]


def plain(parts: Iterable[Statement]) -> Document:
    """A policy document of statements, as JSON has it."""
    policy: Document = json.loads(PolicyDocument(Version=_VERSION, Statement=list(parts)).to_json())
    return policy


def size(policy: Document) -> int:
    """The characters of a policy document, as IAM counts them."""
    return len(json.dumps(policy, separators=(",", ":")))
