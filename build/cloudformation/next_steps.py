"""What to do about a stack that an operation left failed, as commands that can be pasted."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from build.cloudformation.failures import is_cancellation
from build.cloudformation.stacks import BUCKET_TYPE, LOG_GROUP_TYPE, TABLE_TYPE, DeployedStack, StackEvent
from build.text import one_line
from stack.config import DEFAULT_REGION, STACK_PREFIX, StackConfig

_NEXT_STEPS = {
    "CREATE_FAILED": "correct that and continue with `{deploy} --no-rollback`, or create the stack again with "
    "`{deploy}`.",
    "DELETE_FAILED": "remove what prevents it{unprotect}, and repeat `{destroy}`.",
    "ROLLBACK_COMPLETE": "correct that and deploy again; what is left of the stack is deleted first.",
    "ROLLBACK_FAILED": "{recreate}remove what prevents it{unprotect}, run `{destroy}`{remove}, and deploy again.",
    "UPDATE_FAILED": "correct that and continue with `{deploy} --no-rollback`, or roll the update back with "
    "`{deploy}`.",
    "UPDATE_ROLLBACK_COMPLETE": "the stack is as it was before; correct that and deploy again.",
    "UPDATE_ROLLBACK_FAILED": "{continue_rollback}",
}
_DELETION_PROTECTION = re.compile("deletion ?protection|protected against deletion", re.IGNORECASE)
_UNPROTECT = "aws dynamodb update-table --table-name {name} --no-deletion-protection-enabled --region {region}"
_REMOVALS: Mapping[str, tuple[str, ...]] = {
    BUCKET_TYPE: ("aws s3 rb s3://{name} --region {region}",),
    LOG_GROUP_TYPE: ("aws logs delete-log-group --log-group-name {name} --region {region}",),
    TABLE_TYPE: (_UNPROTECT, "aws dynamodb delete-table --table-name {name} --region {region}"),
}


def command_for(name: str, command: str, *options: str) -> str:
    """A command of `python -m build` that is about the stack of a name, as it can be pasted."""
    return " ".join(["python -m build", command, "--suffix", name.removeprefix(STACK_PREFIX), *options])


def build_command(command: str, stack: DeployedStack, *options: str) -> str:
    """A command that is about a stack; it names the region where that is not the default."""
    region = [] if stack.region == DEFAULT_REGION else ["--region", stack.region]
    return command_for(stack.name, command, *options, *region)


def destroy_command(stack: DeployedStack) -> str:
    """The command that deletes a stack, a protected one included."""
    protected = _config(stack).protected or stack.termination_protection
    return build_command("destroy", stack, *(["--lift-protection", stack.name] if protected else []))


def unprotect_command(table: str, region: str) -> str:
    """The command that turns off the deletion protection of a table."""
    return _UNPROTECT.format(name=table, region=region)


def removal_commands(resources: Iterable[tuple[str, str]], region: str) -> list[str]:
    """The commands that delete what a stack leaves behind; a bucket only when it is empty.

    Args:
        resources: types and physical names; those that store no data are left out.
        region: that they are in.
    """
    return [
        command.format(name=name, region=region)
        for resource_type, name in resources
        for command in _REMOVALS.get(resource_type, ())
    ]


def quoted(commands: Iterable[str]) -> str:
    """Commands as a sentence names them."""
    return ", ".join(f"`{command}`" for command in commands)


def failed_resources(newest_first: Iterable[StackEvent]) -> list[StackEvent]:
    """How each resource failed that made the newest step of an operation fail, such as its rollback; oldest first.

    Resources that were only cancelled are left out: CloudFormation refuses to skip those
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html).

    Args:
        newest_first: events of the stack, read up to the one that began the step.
    """
    step = takewhile(lambda event: not (event.of_stack and event.in_progress), newest_first)
    latest: dict[str, StackEvent] = {}
    for event in step:
        if not event.of_stack:
            latest.setdefault(event.logical_id, event)
    failed = [event for event in latest.values() if event.failed and not is_cancellation(event.reason)]
    return failed[::-1]


def continue_rollback_advice(stack: DeployedStack, failed: Sequence[StackEvent]) -> str:
    """How a rollback that failed is continued, with and without the resources that prevent it.

    Args:
        stack: whose update could not be rolled back.
        failed: how its resources failed.
    """
    again = build_command("deploy", stack, "--continue-rollback")
    if not failed:
        return f"look in the events of the stack for what prevents it, remove that, and run `{again}`."
    skipped = [word for event in failed for word in ("--skip", event.logical_id)]
    reasons = "; ".join(f"{event.logical_id} ({one_line(event.reason) or event.status})" for event in failed)
    skipping = build_command("deploy", stack, "--continue-rollback", *skipped)
    return (
        f"not rolled back: {reasons}; remove what prevents it and run `{again}`, "
        f"or leave what is named as it is with `{skipping}`."
    )


def next_step(stack: DeployedStack, failed: Sequence[StackEvent]) -> str:
    """What to do about a stack that an operation left failed; nothing for a status that is no failure.

    Args:
        stack: as it is.
        failed: how its resources failed.
    """
    return _NEXT_STEPS.get(stack.status, "").format(
        deploy=build_command("deploy", stack),
        destroy=destroy_command(stack),
        recreate=_recreating(failed),
        unprotect=_unprotecting(stack, failed),
        remove=_removing(stack, failed),
        continue_rollback=continue_rollback_advice(stack, failed),
    )


def _config(stack: DeployedStack) -> StackConfig:
    return StackConfig(stack.name.removeprefix(STACK_PREFIX))


def _protected_tables(failed: Sequence[StackEvent]) -> list[str]:
    """The tables that could not be deleted because of their deletion protection."""
    return [
        event.physical_id
        for event in failed
        if event.resource_type == TABLE_TYPE and _DELETION_PROTECTION.search(event.reason)
    ]


def _recreating(failed: Sequence[StackEvent]) -> str:
    """`deploy` finds out by itself whether the tables of a failed creation may be deleted."""
    if not _protected_tables(failed):
        return ""
    return "correct that and deploy again, which deletes the new tables first if they are empty; if they are not, "


def _unprotecting(stack: DeployedStack, failed: Sequence[StackEvent]) -> str:
    commands = [unprotect_command(table, stack.region) for table in _protected_tables(failed)]
    return f" (turn deletion protection off with {quoted(commands)})" if commands else ""


def _removing(stack: DeployedStack, failed: Sequence[StackEvent]) -> str:
    """Only what a protected suffix stores outlives its stack."""
    stores = [(event.resource_type, event.physical_id) for event in failed if _config(stack).protected]
    commands = removal_commands(stores, stack.region)
    return f", delete what that retains with {quoted(commands)} unless its data is needed" if commands else ""
