"""The command `list`: the stacks of this project in an account and region."""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from build.cloudformation.stacks import DeployedStack, project_stacks
from build.deploy.artifacts import archive_keys
from build.deploy.expiry import EXPIRY_TAG
from build.options import add_context_options, context
from build.text import TextTable

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

EXAMPLE = "python -m build list --region us-west-2 --json"
_DIGITS = 12
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)), ("s", timedelta(0, 1)))


@dataclass(frozen=True)
class ListedStack:
    """A stack of this project.

    Args:
        suffix: of the stack.
        status: one of CloudFormation's StackStatus.
        created: when.
        expires: its tag that says until when it is needed; None without one.
        version: a digest of the archives that it is made from: the same code has the same.
    """

    suffix: str
    status: str
    created: datetime
    expires: str | None
    version: str

    @property
    def document(self) -> dict[str, Any]:
        """The stack for programs."""
        return {**vars(self), "created": self.created.isoformat()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_context_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """List the stacks; 0 also when there is none."""
    with context(arguments) as chosen:
        stacks = listed_stacks(chosen.clients.cloudformation)
        title = f"{len(stacks)} stacks in {chosen.clients.region}"
        table = TextTable(title, ("suffix", "status", "age", "expires", "code"), [_row(stack) for stack in stacks])
        chosen.presenter.result(
            {"region": chosen.clients.region, "stacks": [stack.document for stack in stacks]}, [table]
        )
    return 0


def listed_stacks(cloudformation: "CloudFormationClient") -> list[ListedStack]:
    """The stacks of this project, by suffix."""
    return list(map(_listed, project_stacks(cloudformation)))


def age_text(age: timedelta) -> str:
    """An age in its largest unit, `3 d`."""
    unit, length = next(((unit, length) for unit, length in _UNITS if age >= length), _UNITS[-1])
    return f"{max(age, timedelta(0)) // length} {unit}"


def code_version(stack: DeployedStack) -> str:
    """A short digest of the archives that a stack is made from."""
    return sha256("\n".join(archive_keys(stack.parameters)).encode()).hexdigest()[:_DIGITS]


def _listed(stack: DeployedStack) -> ListedStack:
    return ListedStack(
        suffix=stack.suffix,
        status=stack.status,
        created=stack.created,
        expires=stack.tags.get(EXPIRY_TAG),
        version=code_version(stack),
    )


def _row(stack: ListedStack) -> tuple[str, ...]:
    return stack.suffix, stack.status, age_text(datetime.now(UTC) - stack.created), stack.expires or "-", stack.version
