"""Termination protection: with it, CloudFormation refuses to delete a stack."""

from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.aws_errors import UNKNOWN_ACTION, error_code
from build.cloudformation.stacks import DeployedStack
from build.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


def set_termination_protection(
    cloudformation: "CloudFormationClient", stack: DeployedStack, enabled: bool, progress: Progress
) -> DeployedStack:
    """Turn a stack's termination protection on or off, unless it already is.

    An endpoint that does not implement the action, as emulators may not, is reported and otherwise no failure.

    Returns:
        The stack as it is then.
    """
    if stack.termination_protection == enabled:
        return stack
    try:
        cloudformation.update_termination_protection(StackName=stack.stack_id, EnableTerminationProtection=enabled)
    except ClientError as error:
        if error_code(error) not in UNKNOWN_ACTION:
            raise
        progress.step("termination protection is unknown to this endpoint and stays as it is")
        return stack
    progress.step(f"turned termination protection {'on' if enabled else 'off'}")
    return replace(stack, termination_protection=enabled)
