"""The template's parameters: what is known only when it is deployed."""

from dataclasses import dataclass
from typing import Any

from troposphere import AWS_NO_VALUE, AWS_PARTITION, Equals, If, Not, Parameter, Ref, Template

from stack.config import FunctionSpecification, StackConfig

ARTIFACT_BUCKET = "ArtifactBucket"
LAYER_KEY = "LayerKey"
ALERT_EMAIL = "AlertEmail"
STREAM_PROCESSING = "StreamProcessing"
ALARM_NOTIFICATIONS = "AlarmNotifications"
TRACING_MODE = "TracingMode"
KMS_KEY_ARN = "KmsKeyArn"
SAVED_QUERIES = "SavedQueries"

HAS_ALERT_EMAIL = "HasAlertEmail"
STREAM_PROCESSING_ENABLED = "StreamProcessingEnabled"
NOTIFY_EACH_ALARM = "NotifyEach"
HAS_KMS_KEY = "HasKmsKey"
HAS_SAVED_QUERIES = "HasSavedQueries"
IN_GOVCLOUD = "InGovCloud"


def code_key(function: FunctionSpecification) -> str:
    """The name of the parameter with the key of a function's zip in the artifact bucket."""
    return f"{function.logical_id}Key"


@dataclass(frozen=True)
class Parameters:
    """The parameters that resources refer to; `code_keys` is by logical id of the function."""

    artifact_bucket: Parameter
    layer_key: Parameter
    code_keys: dict[str, Parameter]
    alert_email: Parameter


def with_kms_key(given: object, otherwise: object = Ref(AWS_NO_VALUE)) -> If:
    """A value for a stack that has a key of its own, and one for a stack that has none."""
    return If(HAS_KMS_KEY, given, otherwise)


def _text_parameter(name: str, description: str, **more: Any) -> Parameter:
    return Parameter(name, Type="String", Description=description, **more)


def _add_code_key(template: Template, function: FunctionSpecification) -> Parameter:
    description = f"Key of the zip of {function.logical_id} in the artifact bucket"
    return template.add_parameter(_text_parameter(code_key(function), description))


def _options() -> list[Parameter]:
    """The parameters that may be left out, beside the address of the alarms."""
    return [
        _text_parameter(
            STREAM_PROCESSING,
            "Disabled pauses the event source mappings; streams keep their records for 24 hours",
            Default="Enabled",
            AllowedValues=["Enabled", "Disabled"],
        ),
        _text_parameter(
            ALARM_NOTIFICATIONS,
            "Composite: an alarm a severity notifies; Each: every single alarm",
            Default="Composite",
            AllowedValues=["Composite", "Each"],
        ),
        _text_parameter(
            TRACING_MODE,
            "Active: functions send traces to X-Ray; PassThrough: only of what a traced caller starts",
            Default="Active",
            AllowedValues=["Active", "PassThrough"],
        ),
        _text_parameter(
            KMS_KEY_ARN,
            "Key that encrypts tables, logs, topic, queue and bucket; empty for keys that AWS owns",
            Default="",
            AllowedPattern="(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?",
            ConstraintDescription="give the ARN of a key, not of an alias",
        ),
        _text_parameter(
            SAVED_QUERIES,
            "Disabled saves no Logs Insights queries, of which a Region holds 1,000",
            Default="Enabled",
            AllowedValues=["Enabled", "Disabled"],
        ),
    ]


def _add_conditions(template: Template) -> None:
    for name, condition in (
        (HAS_ALERT_EMAIL, Not(Equals(Ref(ALERT_EMAIL), ""))),
        (STREAM_PROCESSING_ENABLED, Equals(Ref(STREAM_PROCESSING), "Enabled")),
        (NOTIFY_EACH_ALARM, Equals(Ref(ALARM_NOTIFICATIONS), "Each")),
        (HAS_KMS_KEY, Not(Equals(Ref(KMS_KEY_ARN), ""))),
        (HAS_SAVED_QUERIES, Equals(Ref(SAVED_QUERIES), "Enabled")),
        (IN_GOVCLOUD, Equals(Ref(AWS_PARTITION), "aws-us-gov")),
    ):
        template.add_condition(name, condition)


def add_parameters(template: Template, config: StackConfig) -> Parameters:
    """Declare the parameters and the conditions that follow from them and from the partition."""
    bucket = _text_parameter(ARTIFACT_BUCKET, "Bucket that holds the zips of functions and layer")
    layer_key = _text_parameter(LAYER_KEY, "Key of the layer's zip in the artifact bucket")
    alert_email = _text_parameter(
        ALERT_EMAIL, "Address that alarms are mailed to; empty for no subscription", Default=""
    )
    for parameter in (bucket, layer_key, alert_email, *_options()):
        template.add_parameter(parameter)
    _add_conditions(template)
    code_keys = {function.logical_id: _add_code_key(template, function) for function in config.functions}
    return Parameters(bucket, layer_key, code_keys, alert_email)
