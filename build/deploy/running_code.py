"""The code that functions run, beside the archives that the parameters of their stack name.

CloudFormation never looks at the code of a function, neither for an update nor for drift: code that was put by
`deploy --watch`, or by hand, is ahead of its template until something compares the two.
"""

from botocore.exceptions import ClientError

from build.aws import Clients, until
from build.aws_errors import error_code
from build.cloudformation.stacks import DeployedStack
from build.errors import CommandError
from build.progress import Progress
from stack.config import FunctionSpecification, StackConfig
from stack.parameters import ARTIFACT_BUCKET, code_key

AHEAD = "code ahead of its template"
_UNKNOWN = frozenset(
    {"403", "404", "AccessDenied", "AccessDeniedException", "NoSuchBucket", "NoSuchKey", "ResourceNotFoundException"}
)
"""What is gone or may not be read is not known to be ahead."""
_FIRST_PAUSE = 0.1


def functions_ahead(clients: Clients, config: StackConfig, stack: DeployedStack) -> list[FunctionSpecification]:
    """The functions of a stack that run other code than its parameters name."""
    return [function for function in config.functions if _is_ahead(clients, config, stack, function)]


def is_ahead(clients: Clients, stack: DeployedStack, logical_id: str, code_sha256: str) -> bool:
    """Whether a function runs other code than the parameters of its stack name; no when that is not known.

    Args:
        clients: of the account and region.
        stack: whose parameters name the archive.
        logical_id: of the function.
        code_sha256: that Lambda tells of what it runs.
    """
    deployed = _deployed_sha256(clients, stack, logical_id)
    return deployed is not None and deployed != code_sha256


def restore_code(clients: Clients, config: StackConfig, stack: DeployedStack, progress: Progress) -> bool:
    """Let functions that are ahead run again what the parameters of their stack name.

    Returns:
        Whether there were any.

    Raises:
        CommandError: when Lambda cannot use an archive.
    """
    ahead = functions_ahead(clients, config, stack)
    for function in ahead:
        clients.functions.update_function_code(
            FunctionName=config.name(function.name_part),
            S3Bucket=stack.parameters[ARTIFACT_BUCKET],
            S3Key=stack.parameters[code_key(function)],
            Publish=False,
        )
        progress.step(f"{function.logical_id} ran {AHEAD}; put the template's back")
    for function in ahead:
        wait_until_updated(clients, config.name(function.name_part), progress)
    return bool(ahead)


def wait_until_updated(clients: Clients, function_name: str, progress: Progress) -> None:
    """Wait until a function runs the code that was put last.

    Raises:
        CommandError: when the update failed.
    """
    status, reason = until(lambda: _ended_update(clients, function_name), progress.waiting, _FIRST_PAUSE)
    if status != "Successful":
        raise CommandError(f"Lambda could not update {function_name} ({reason}); correct that and repeat the command.")


def _ended_update(clients: Clients, function_name: str) -> tuple[str, str] | None:
    found = clients.functions.get_function_configuration(FunctionName=function_name)
    status = found.get("LastUpdateStatus", "Successful")
    return None if status == "InProgress" else (status, found.get("LastUpdateStatusReason", ""))


def _is_ahead(clients: Clients, config: StackConfig, stack: DeployedStack, function: FunctionSpecification) -> bool:
    if code_key(function) not in stack.parameters:
        return False
    running = _running_sha256(clients, config.name(function.name_part))
    return running is not None and is_ahead(clients, stack, function.logical_id, running)


def _running_sha256(clients: Clients, function_name: str) -> str | None:
    try:
        return clients.functions.get_function_configuration(FunctionName=function_name)["CodeSha256"]
    except ClientError as error:
        if error_code(error) not in _UNKNOWN:
            raise
        return None


def _deployed_sha256(clients: Clients, stack: DeployedStack, logical_id: str) -> str | None:
    """What S3 computed when the archive was uploaded: SHA-256 in Base64, as Lambda's CodeSha256 is
    (https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html)."""
    key = stack.parameters.get(f"{logical_id}Key")
    if key is None:
        return None
    try:
        found = clients.s3.head_object(
            Bucket=stack.parameters[ARTIFACT_BUCKET],
            Key=key,
            ExpectedBucketOwner=stack.account,
            ChecksumMode="ENABLED",
        )
    except ClientError as error:
        if error_code(error) not in _UNKNOWN:
            raise
        return None
    return found.get("ChecksumSHA256")
