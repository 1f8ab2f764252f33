"""The parts of a deployed stack that failed events come from and go back to."""

from dataclasses import dataclass

from build.cloudformation.stacks import DeployedStack
from build.errors import CommandError
from stack.config import StackConfig, StreamSource, stream_processor


@dataclass(frozen=True)
class DeployedSource:
    """A source as it is deployed.

    Args:
        name: of its StreamSource.
        function_arn: of its stream processor, without version.
        table_arn: of its table.
    """

    name: str
    function_arn: str
    table_arn: str

    def is_stream(self, stream_arn: object) -> bool:
        """Whether an ARN is that of a stream of the table, of today's or of an earlier one."""
        return isinstance(stream_arn, str) and stream_arn.startswith(f"{self.table_arn}/stream/")


@dataclass(frozen=True)
class Pipeline:
    """Where failed events are kept, what made them, and what summarises their days.

    Args:
        account: that the bucket has to belong to.
        bucket: name of the bucket of failed events.
        state_machine: ARN of the workflow.
        sources: those of the stack.
    """

    account: str
    bucket: str
    state_machine: str
    sources: tuple[DeployedSource, ...]

    def source_of(self, function_arn: str, stream_arn: str) -> DeployedSource | None:
        """The source whose function gave up on records of whose stream; None when that is none of this stack."""
        unqualified = function_arn.removesuffix(":$LATEST")
        matches = (one for one in self.sources if one.function_arn == unqualified and one.is_stream(stream_arn))
        return next(matches, None)


def deployed_pipeline(stack: DeployedStack, config: StackConfig) -> Pipeline:
    """Find the parts in what a stack tells about itself.

    Raises:
        CommandError: when it does not tell one of them.
    """
    return Pipeline(
        account=stack.account,
        bucket=output(stack, "FailedEventsBucketName"),
        state_machine=output(stack, "StepFunctionsStateMachineArn"),
        sources=tuple(deployed_source(stack, source) for source in config.sources),
    )


def deployed_source(stack: DeployedStack, source: StreamSource) -> DeployedSource:
    """A source with the ARNs of its function and its table."""
    function = output(stack, f"{stream_processor(source).logical_id}FunctionName")
    table = output(stack, f"{source.name}TableName")
    return DeployedSource(
        name=source.name,
        function_arn=arn(stack, "lambda", f"function:{function}"),
        table_arn=arn(stack, "dynamodb", f"table/{table}"),
    )


def arn(stack: DeployedStack, service: str, resource: str) -> str:
    """The ARN of a resource that lives where its stack does."""
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def output(stack: DeployedStack, name: str) -> str:
    """An output of a stack.

    Raises:
        CommandError: when the stack has none of that name.
    """
    if name not in stack.outputs:
        raise CommandError(
            f"{stack.name} is {stack.status} and has no output {name}; deploy it again, then repeat the command."
        )
    return stack.outputs[name]
