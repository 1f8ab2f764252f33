"""What a user asks to be deployed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from build.packaging import Package
from stack.config import StackConfig


@dataclass(frozen=True)
class Deployment:
    """What a user asks for.

    Args:
        config: names the stack and says whether it is protected.
        template: JSON text.
        package: the archives that the template's parameters point at.
        parameters: values given by the user; the others keep what was given before, or are the defaults.
        tags: of the stack and its resources; None keeps those there are.
        role_arn: the role that CloudFormation acts as; None keeps the stack's.
        rollback: whether a failure takes everything back; without, it pauses where it failed.
        allow_replace: logical ids of resources whose data may be lost.
        continue_rollback: whether to continue a rollback that failed.
        skip: logical ids of resources that such a rollback leaves alone.
    """

    config: StackConfig
    template: str
    package: Package
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    role_arn: str | None = None
    rollback: bool = True
    allow_replace: frozenset[str] = frozenset()
    continue_rollback: bool = False
    skip: frozenset[str] = frozenset()
