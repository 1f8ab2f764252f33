"""A plan in a file: the change set that was read and approved, and what must not have changed since."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from build.cloudformation.change_sets import ChangeSet
from build.cloudformation.stacks import DeployedStack, DesiredStack, find_stack, stack_region
from build.deploy.desired import Comparison
from build.errors import CommandError
from build.packaging import Package
from build.packaging.archive import write_atomically

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_OPTIONS: Mapping[str, Any] = {
    **{"parameter": [], "tag": None, "alert_email": None, "role_arn": None},
    **{"bytecode": None, "no_rollback": False, "allow_replace": [], "revert_drift": False},
}
"""The options of `add_deployment_options` and what they are when they are not given; those that the plan was made with
hold for its execution."""


@dataclass(frozen=True)
class SavedPlan:
    """What `plan --save` writes and `deploy --plan` executes.

    Args:
        stack: its name.
        stack_id: its ARN.
        status: of the stack when the plan was made; REVIEW_IN_PROGRESS for one that is to be created.
        changed: when the stack was last created or updated then, in ISO 8601.
        change_set: its ARN.
        template: SHA-256 of the template.
        parameters: values by name.
        tags: values by key.
        checksums: SHA-256 of the archives, by name.
        options: of the command line.
    """

    stack: str
    stack_id: str
    status: str
    changed: str
    change_set: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    checksums: Mapping[str, str]
    options: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Write the plan to a file that only its owner may read.

        Raises:
            CommandError: when that cannot be done.
        """
        try:
            write_atomically(path, (json.dumps(asdict(self), indent=2, sort_keys=True) + "\n").encode())
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written ({error.strerror}); choose another file and repeat the command."
            ) from error

    def completed(self, arguments: argparse.Namespace) -> argparse.Namespace:
        """The arguments of `deploy` with the options that the plan was made with.

        Raises:
            CommandError: for an option that the plan has fixed.
        """
        if given := [name for name, default in _OPTIONS.items() if getattr(arguments, name) != default]:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise CommandError(f"--plan executes what was planned; leave out {options}, or plan again with it.", 2)
        return argparse.Namespace(**{**vars(arguments), **self.options})

    def require_stack(self, name: str, region: str) -> None:
        """Refuse a plan of another stack.

        Raises:
            CommandError: when the command is about another stack or region than the plan.
        """
        planned_region = stack_region(self.stack_id)
        if (name, region) != (self.stack, planned_region):
            raise CommandError(
                f"the plan is of {self.stack} in {planned_region}, and this is about {name} in {region}; "
                "name that stack with --suffix and --region.",
                exit_code=2,
            )

    def unchanged_stack(self, cloudformation: "CloudFormationClient") -> DeployedStack | None:
        """The stack as it was planned; None when it is to be created.

        Raises:
            CommandError: when it was changed or deleted since.
        """
        stack = find_stack(cloudformation, self.stack_id)
        if stack is None or (stack.status, stack.changed.isoformat()) != (self.status, self.changed):
            now = f"it is {stack.status} of {stack.changed:%Y-%m-%d %H:%M:%S}" if stack else "it is gone"
            raise CommandError(f"{self.stack} was changed since it was planned ({now}); plan again.")
        return None if stack.status == "REVIEW_IN_PROGRESS" else stack

    def require_same(self, desired: DesiredStack, package: Package) -> None:
        """Refuse to execute a plan of something else than what is here now.

        Raises:
            CommandError: naming what differs.
        """
        differing = [
            *(["the template"] if _digest(desired.template) != self.template else []),
            *(f"the archive {name}" for name in _differing(_checksums(package), self.checksums)),
            *(f"the parameter {name}" for name in _differing(desired.parameters, self.parameters)),
            *(f"the tag {key}" for key in _differing(desired.tags, self.tags)),
        ]
        if differing:
            raise CommandError(
                f"what would be deployed changed since it was planned ({', '.join(differing)}); "
                "plan again, or check out what was planned."
            )


def save_plan(
    path: Path,
    arguments: argparse.Namespace,
    change_set: ChangeSet,
    comparison: Comparison,
    stack: DeployedStack,
    package: Package,
) -> None:
    """Write down a change set and what it was made from.

    Args:
        path: of the file.
        arguments: of `plan`.
        change_set: that was created.
        comparison: that it was created from.
        stack: as it is while the change set exists.
        package: that its parameters point at.

    Raises:
        CommandError: when the file cannot be written.
    """
    SavedPlan(
        stack=stack.name,
        stack_id=stack.stack_id,
        status=stack.status,
        changed=stack.changed.isoformat(),
        change_set=change_set.change_set_id,
        template=_digest(comparison.desired.template),
        parameters=comparison.desired.parameters,
        tags=comparison.desired.tags,
        checksums=_checksums(package),
        options={name: getattr(arguments, name) for name in _OPTIONS},
    ).write(path)


def read_plan(path: Path) -> SavedPlan:
    """The plan in a file.

    Raises:
        CommandError: when it has none.
    """
    try:
        return SavedPlan(**json.loads(path.read_bytes()))
    except (OSError, TypeError, ValueError) as error:
        raise CommandError(
            f"{path} is no plan that can be read ({error}); write one with `plan --save {path}`.", exit_code=2
        ) from error


def _digest(template: str) -> str:
    return sha256(template.encode()).hexdigest()


def _checksums(package: Package) -> dict[str, str]:
    return {archive.name: archive.checksum for archive in package.archives}


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> Sequence[str]:
    """The names whose values differ, or that only one has."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
