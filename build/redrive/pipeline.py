"""The resources of a deployed stack that failed events come from and are replayed through."""

from dataclasses import dataclass

from build.cloudformation.stacks import DeployedStack
from build.errors import CommandError
from stack.config import StackConfig, StreamSource, stream_processor

_PARTS_OF_AN_UNQUALIFIED_ARN = 7
"""`arn:aws:lambda:us-west-2:123456789012:function:name`; a version or an alias is the eighth."""


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
        """Whether an ARN is that of a stream of the table, the current one or an earlier one."""
        return isinstance(stream_arn, str) and stream_arn.startswith(f"{self.table_arn}/stream/")


@dataclass(frozen=True)
class DeployedPipeline:
    """The bucket of failed events, the workflow that summarises days, and the sources.

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

    def find_source(self, function_arn: str, stream_arn: str) -> DeployedSource | None:
        """The source that has both this stream processor and this stream; None when this stack has no such source."""
        unqualified = ":".join(function_arn.split(":")[:_PARTS_OF_AN_UNQUALIFIED_ARN])
        matches = (
            source for source in self.sources if source.function_arn == unqualified and source.is_stream(stream_arn)
        )
        return next(matches, None)


def deployed_pipeline(stack: DeployedStack, config: StackConfig) -> DeployedPipeline:
    """Find the resources in a stack's outputs.

    Raises:
        CommandError: when an output is missing.
    """
    return DeployedPipeline(
        account=stack.account,
        bucket=_output(stack, "FailedEventsBucketName"),
        state_machine=_output(stack, "StepFunctionsStateMachineArn"),
        sources=tuple(_deployed_source(stack, source) for source in config.sources),
    )


def _deployed_source(stack: DeployedStack, source: StreamSource) -> DeployedSource:
    function = _output(stack, f"{stream_processor(source).logical_id}FunctionName")
    table = _output(stack, f"{source.name}TableName")
    return DeployedSource(
        name=source.name,
        function_arn=_arn(stack, "lambda", f"function:{function}"),
        table_arn=_arn(stack, "dynamodb", f"table/{table}"),
    )


def _arn(stack: DeployedStack, service: str, resource: str) -> str:
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def _output(stack: DeployedStack, name: str) -> str:
    if name not in stack.outputs:
        raise CommandError(
            f"{stack.name} is {stack.status} and has no output {name}; deploy it again, then repeat the command."
        )
    return stack.outputs[name]
