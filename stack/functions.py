"""The functions: the layer that they share, and for each a role, a log group and the function itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from awacs.aws import Statement
from troposphere import Ref, Template
from troposphere.awslambda import Code, Content, Environment, Function, LayerVersion, LoggingConfig, TracingConfig
from troposphere.iam import Role
from troposphere.logs import LogGroup

from stack import policies
from stack.activity_shards import activity_shards_variable
from stack.config import (
    ANALYTICS_PROCESSOR,
    ARCHITECTURE,
    DATA_VALIDATOR,
    METRICS_NAMESPACE,
    RUNTIME_PYTHON,
    FunctionSpecification,
    StackConfig,
    StreamSource,
    stream_processor,
)
from stack.parameters import KMS_KEY_ARN, TRACING_MODE, Parameters, with_kms_key
from stack.storage import Storage, retention

_RUNTIME = f"python{RUNTIME_PYTHON}"


@dataclass(frozen=True)
class Functions:
    """The functions; `stream_processors` is by name of the source."""

    stream_processors: dict[str, Function]
    analytics_processor: Function
    data_validator: Function

    def all(self) -> tuple[Function, ...]:
        """Every function, in the order in which data reaches them."""
        return (*self.stream_processors.values(), self.analytics_processor, self.data_validator)


@dataclass(frozen=True)
class _FunctionContext:
    """What every function is made with: its template, its stack, where its code and its libraries are stored."""

    template: Template
    config: StackConfig
    parameters: Parameters
    layer: LayerVersion


def add_log_group(template: Template, config: StackConfig, logical_id: str, name: str) -> LogGroup:
    """Add a log group that the stack owns, so that its retention and its permissions are the template's."""
    return template.add_resource(
        LogGroup(
            logical_id,
            KmsKeyId=with_kms_key(Ref(KMS_KEY_ARN)),
            LogGroupName=name,
            RetentionInDays=config.log_retention_days,
            **retention(config),
        )
    )


def _add_function(
    context: _FunctionContext,
    function: FunctionSpecification,
    variables: Mapping[str, object],
    statements: Sequence[Statement],
    key_statements: Sequence[Statement] = (),
) -> Function:
    """Add a function with its log group and role.

    Args:
        context: what every function is made with.
        function: what it is called, what it runs and what it may use.
        variables: its environment beyond what all functions have.
        statements: its permissions beyond logs and traces.
        key_statements: its permissions on the stack's key, when there is one.
    """
    name = context.config.name(function.name_part)
    log_group = add_log_group(context.template, context.config, f"{function.logical_id}LogGroup", f"/aws/lambda/{name}")
    permissions = [policies.write_logs(log_group), policies.send_function_traces(), *statements]
    role = _add_role(context, function, permissions, key_statements)
    return context.template.add_resource(
        Function(
            function.logical_id,
            FunctionName=name,
            Architectures=[ARCHITECTURE],
            Code=_function_code(context.parameters, function),
            Environment=Environment(Variables={**_common_variables(context.config, function), **variables}),
            Handler=f"handlers.{function.handler_module}.handler",
            Layers=[context.layer.ref()],
            LoggingConfig=LoggingConfig(LogGroup=log_group.ref()),
            MemorySize=function.memory_size,
            Role=role.get_att("Arn"),
            Runtime=_RUNTIME,
            Timeout=function.timeout,
            TracingConfig=TracingConfig(Mode=Ref(TRACING_MODE)),
        )
    )


def _add_role(
    context: _FunctionContext,
    function: FunctionSpecification,
    statements: Sequence[Statement],
    key_statements: Sequence[Statement],
) -> Role:
    """Add a role for this function alone."""
    of_the_key = [with_kms_key(policies.inline_policy("Key", *key_statements))] if key_statements else []
    return context.template.add_resource(
        Role(
            f"{function.logical_id}Role",
            RoleName=context.config.name(f"{function.name_part}-role"),
            AssumeRolePolicyDocument=policies.trust_lambda(),
            Policies=[policies.inline_policy("Function", *statements), *of_the_key],
        )
    )


def _function_code(parameters: Parameters, function: FunctionSpecification) -> Code:
    return Code(S3Bucket=parameters.artifact_bucket.ref(), S3Key=parameters.code_keys[function.logical_id].ref())


def _common_variables(config: StackConfig, function: FunctionSpecification) -> dict[str, str]:
    """The environment that Powertools reads, and the stack's suffix, which tells its metrics from those of others.

    Source: https://docs.aws.amazon.com/powertools/python/latest/environment-variables/
    """
    return {
        "ENVIRONMENT": config.suffix,
        "LOG_LEVEL": "INFO",
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        "POWERTOOLS_SERVICE_NAME": function.service_name,
    }


def _retention_variables(config: StackConfig) -> dict[str, str]:
    """How long activities are kept, for those that write and those that count them; nothing when it is for ever."""
    days = config.activity_retention_days
    return {} if days is None else {"ACTIVITY_RETENTION_DAYS": str(days)}


def _stream_variables(config: StackConfig, storage: Storage, source: StreamSource) -> dict[str, object]:
    """The environment from which the stream processor, one for all sources, learns its source."""
    return {
        **_retention_variables(config),
        "ACTIVITY_SHARDS": activity_shards_variable(config.activity_shards),
        "ACTIVITY_TYPE": source.activity_type,
        "ANALYTICS_TABLE_NAME": storage.analytics_table.ref(),
        "ID_ATTRIBUTE": source.id_attribute,
        "POWERTOOLS_LOGGER_LOG_EVENT": "false" if config.protected else "true",
        "PROCESSED_BY": source.processed_by,
        "SOURCE_ID_ATTRIBUTE": source.source_id_attribute,
        "TIME_ATTRIBUTE": source.time_attribute,
    }


def _counted_source(source: StreamSource) -> dict[str, str]:
    """What the analytics processor knows of a source."""
    return {
        "activityType": source.activity_type,
        "countAttribute": source.count_attribute,
        "dataType": source.data_type,
        "summaryType": source.summary_type,
    }


def _analytics_variables(config: StackConfig, storage: Storage) -> dict[str, object]:
    """The environment from which the analytics processor learns what to count."""
    return {
        **_retention_variables(config),
        "ACTIVITY_SHARDS": activity_shards_variable(config.activity_shards),
        "ANALYTICS_TABLE_NAME": storage.analytics_table.ref(),
        "SOURCES": json.dumps(list(map(_counted_source, config.sources)), separators=(",", ":")),
    }


def _validator_variables(config: StackConfig) -> dict[str, object]:
    """The environment from which the validator learns what a workflow may be asked for."""
    return {"DATA_TYPES": ",".join(sorted([*(source.data_type for source in config.sources), "DAILY_ANALYTICS"]))}


def _add_stream_processor(context: _FunctionContext, storage: Storage, source: StreamSource) -> Function:
    """Add the function of a source, with the permissions that its event source mapping uses."""
    return _add_function(
        context,
        stream_processor(source),
        _stream_variables(context.config, storage, source),
        [
            policies.read_stream(storage.source_tables[source.name]),
            policies.write_activities(storage.analytics_table),
            *policies.deliver_failed_events(storage.failed_events_bucket),
        ],
        [policies.use_encrypted_tables(), policies.encrypt_failed_events()],
    )


def add_functions(template: Template, config: StackConfig, parameters: Parameters, storage: Storage) -> Functions:
    """Add the layer and every function."""
    layer = template.add_resource(
        LayerVersion(
            "DependenciesLayer",
            LayerName=config.name("dependencies"),
            CompatibleArchitectures=[ARCHITECTURE],
            CompatibleRuntimes=[_RUNTIME],
            Content=Content(S3Bucket=parameters.artifact_bucket.ref(), S3Key=parameters.layer_key.ref()),
            Description="What the handlers import beyond the runtime's own packages",
        )
    )
    context = _FunctionContext(template, config, parameters, layer)
    return Functions(
        stream_processors={source.name: _add_stream_processor(context, storage, source) for source in config.sources},
        analytics_processor=_add_function(
            context,
            ANALYTICS_PROCESSOR,
            _analytics_variables(config, storage),
            [policies.summarise_activities(storage.analytics_table)],
            [policies.use_encrypted_tables()],
        ),
        data_validator=_add_function(context, DATA_VALIDATOR, _validator_variables(config), []),
    )
