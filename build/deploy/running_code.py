"""The code that functions run, beside the archives and the layer of their stack.

CloudFormation never looks at the code of a function, neither for an update nor for drift: code that was put by
`deploy --watch`, or by hand, is ahead of its template until something compares the two.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.aws import Answer, Clients, until
from build.aws_errors import error_code
from build.cloudformation.stacks import FUNCTION_TYPE, LAYER_TYPE, DeployedStack, StackResource, stack_resources
from build.errors import CommandError
from build.progress import Progress
from stack.config import FunctionSpecification, StackConfig
from stack.parameters import ARTIFACT_BUCKET, LAYER_KEY, code_key

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

    _Running = Mapping[FunctionSpecification, FunctionConfigurationResponseTypeDef]

AHEAD = "code ahead of its template"
_CODE, _LAYERS, _LAYER_CONTENT = "CodeSha256", "Layers", "Content.CodeSha256"
_IN_WORDS = {
    _CODE: AHEAD,
    _LAYERS: "with another layer than its template",
    _LAYER_CONTENT: "other content than its archive in the bucket",
}
_UNKNOWN = frozenset(
    {"403", "404", "AccessDenied", "AccessDeniedException", "NoSuchBucket", "NoSuchKey", "ResourceNotFoundException"}
)
"""What is gone or may not be read is not known to differ."""
_FIRST_PAUSE = 0.1


@dataclass(frozen=True)
class Drift:
    """A property of a resource that is not as the stack's template and parameters say, or a resource that is gone.

    Args:
        logical_id: of the resource.
        resource_type: `AWS::SQS::Queue`.
        path: of the property; nothing when the resource was deleted.
        expected: what the template says.
        actual: what there is.
    """

    logical_id: str
    resource_type: str
    path: str
    expected: str
    actual: str

    @property
    def of_code(self) -> str:
        """What is wrong with the code that runs, as the end of a sentence; nothing for drift of anything else."""
        return _IN_WORDS.get(self.path, "")


def code_drifts(clients: Clients, config: StackConfig, stack: DeployedStack) -> list[Drift]:
    """The functions of a stack that are known to run other code, or another layer, than its parameters name."""
    functions = [function for function in config.functions if code_key(function) in stack.parameters]
    with ThreadPoolExecutor(len(functions) + 1) as pool:
        found = pool.map(partial(_configuration, clients, config), functions)
        running = {function: told for function, told in zip(functions, found, strict=True) if told}
        return list(_drifts(clients, stack, running, pool)) if running else []


def restore_code(
    clients: Clients, config: StackConfig, stack: DeployedStack, drifts: Sequence[Drift], progress: Progress
) -> None:
    """Let functions run again what the parameters and the template of their stack name.

    Raises:
        CommandError: when Lambda cannot use an archive, or the archive of the layer was replaced.
    """
    put_code = _drifted_functions(config, drifts, _CODE)
    for name, function, _ in put_code:
        clients.functions.update_function_code(
            FunctionName=name,
            S3Bucket=stack.parameters[ARTIFACT_BUCKET],
            S3Key=stack.parameters[code_key(function)],
            Publish=False,
        )
    _wait_until_all_updated(clients, put_code, progress)
    put_layer = _drifted_functions(config, drifts, _LAYERS)
    for name, _, drift in put_layer:
        clients.functions.update_function_configuration(FunctionName=name, Layers=[drift.expected])
    _wait_until_all_updated(clients, put_layer, progress)
    _refuse_replaced_archive(stack, drifts)


def wait_until_updated(clients: Clients, function_name: str, progress: Progress) -> None:
    """Wait until a function runs the code that was put last.

    Raises:
        CommandError: when the update failed.
    """
    status, reason = until(lambda: _ended_update(clients, function_name), progress.waiting, _FIRST_PAUSE)
    if status != "Successful":
        raise CommandError(f"Lambda could not update {function_name} ({reason}); correct that and repeat the command.")


def _drifted_functions(
    config: StackConfig, drifts: Sequence[Drift], path: str
) -> list[tuple[str, FunctionSpecification, Drift]]:
    """The functions with drift of one property, and what each is called."""
    functions = {function.logical_id: function for function in config.functions}
    drifted = [(functions[drift.logical_id], drift) for drift in drifts if drift.path == path]
    return [(config.name(function.name_part), function, drift) for function, drift in drifted]


def _wait_until_all_updated(
    clients: Clients, updated: Sequence[tuple[str, FunctionSpecification, Drift]], progress: Progress
) -> None:
    """Lambda refuses a second update of a function while the first is under way."""
    for name, _, _ in updated:
        wait_until_updated(clients, name, progress)


def _refuse_replaced_archive(stack: DeployedStack, drifts: Sequence[Drift]) -> None:
    """A version of a layer never changes, so it is the archive that did."""
    if replaced := next((drift for drift in drifts if drift.path == _LAYER_CONTENT), None):
        raise CommandError(
            f"{stack.parameters[LAYER_KEY]} in {stack.parameters[ARTIFACT_BUCKET]} was replaced since "
            f"{replaced.logical_id} was made from it; restore its version with the SHA-256 {replaced.actual} "
            "and repeat the command."
        )


def _ended_update(clients: Clients, function_name: str) -> tuple[str, str] | None:
    found = clients.functions.get_function_configuration(FunctionName=function_name)
    status = found.get("LastUpdateStatus", "Successful")
    return None if status == "InProgress" else (status, found.get("LastUpdateStatusReason", ""))


def _drifts(clients: Clients, stack: DeployedStack, running: "_Running", pool: ThreadPoolExecutor) -> Iterator[Drift]:
    keys = [*map(code_key, running), LAYER_KEY]
    read = pool.map(partial(_archive_sha256, clients, stack), keys)
    layer = _layer_version(clients, stack)
    layer_sha256 = _layer_sha256(clients, layer) if layer else None
    archives = dict(zip(keys, read, strict=True))
    for function, told in running.items():
        archive, code = archives[code_key(function)], told["CodeSha256"]
        if archive and archive != code:
            yield Drift(function.logical_id, FUNCTION_TYPE, _CODE, archive, code)
        layers = ", ".join(version["Arn"] for version in told.get("Layers", []))
        if layer and layers != layer.physical_id:
            yield Drift(function.logical_id, FUNCTION_TYPE, _LAYERS, layer.physical_id, layers)
    layer_archive = archives[LAYER_KEY]
    if layer and layer_sha256 and layer_archive and layer_sha256 != layer_archive:
        yield Drift(layer.logical_id, LAYER_TYPE, _LAYER_CONTENT, layer_archive, layer_sha256)


def _layer_version(clients: Clients, stack: DeployedStack) -> StackResource | None:
    resources = stack_resources(clients.cloudformation, stack.stack_id)
    return next((resource for resource in resources if resource.resource_type == LAYER_TYPE), None)


def _configuration(
    clients: Clients, config: StackConfig, function: FunctionSpecification
) -> "FunctionConfigurationResponseTypeDef | None":
    name = config.name(function.name_part)
    return _unless_unknown(lambda: clients.functions.get_function_configuration(FunctionName=name))


def _layer_sha256(clients: Clients, layer: StackResource) -> str | None:
    found = _unless_unknown(lambda: clients.functions.get_layer_version_by_arn(Arn=layer.physical_id))
    return found["Content"]["CodeSha256"] if found else None


def _archive_sha256(clients: Clients, stack: DeployedStack, key_parameter: str) -> str | None:
    """What S3 computed when the archive was uploaded: SHA-256 in Base64, as Lambda's CodeSha256 is
    (https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html)."""
    key = stack.parameters.get(key_parameter)
    if key is None:
        return None
    found = _unless_unknown(
        lambda: clients.s3.head_object(
            Bucket=stack.parameters[ARTIFACT_BUCKET],
            Key=key,
            ExpectedBucketOwner=stack.account,
            ChecksumMode="ENABLED",
        )
    )
    return found.get("ChecksumSHA256") if found else None


def _unless_unknown(read: Callable[[], Answer]) -> Answer | None:
    try:
        return read()
    except ClientError as error:
        if error_code(error) not in _UNKNOWN:
            raise
        return None
