"""The template's parameters: what is known only when it is deployed."""

from dataclasses import dataclass
from typing import Any

from troposphere import Equals, Not, Parameter, Ref, Template

from stack.config import FunctionSpecification, StackConfig

ARTIFACT_BUCKET = "ArtifactBucket"
LAYER_KEY = "LayerKey"
ALERT_EMAIL = "AlertEmail"
STREAM_PROCESSING = "StreamProcessing"
ALARM_NOTIFICATIONS = "AlarmNotifications"

HAS_ALERT_EMAIL = "HasAlertEmail"
STREAM_PROCESSING_ENABLED = "StreamProcessingEnabled"
NOTIFY_EACH_ALARM = "NotifyEach"


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


def _text_parameter(name: str, description: str, **more: Any) -> Parameter:
    return Parameter(name, Type="String", Description=description, **more)


def _add_code_key(template: Template, function: FunctionSpecification) -> Parameter:
    description = f"Key of the zip of {function.logical_id} in the artifact bucket"
    return template.add_parameter(_text_parameter(code_key(function), description))


def add_parameters(template: Template, config: StackConfig) -> Parameters:
    """Declare the parameters and the conditions that follow from them."""
    bucket = _text_parameter(ARTIFACT_BUCKET, "Bucket that holds the zips of functions and layer")
    layer_key = _text_parameter(LAYER_KEY, "Key of the layer's zip in the artifact bucket")
    alert_email = _text_parameter(
        ALERT_EMAIL, "Address that alarms are mailed to; empty for no subscription", Default=""
    )
    stream_processing = _text_parameter(
        STREAM_PROCESSING,
        "Disabled pauses the event source mappings; streams keep their records for 24 hours",
        Default="Enabled",
        AllowedValues=["Enabled", "Disabled"],
    )
    alarm_notifications = _text_parameter(
        ALARM_NOTIFICATIONS,
        "Composite: an alarm a severity notifies; Each: every single alarm",
        Default="Composite",
        AllowedValues=["Composite", "Each"],
    )
    for parameter in (bucket, layer_key, alert_email, stream_processing, alarm_notifications):
        template.add_parameter(parameter)
    template.add_condition(HAS_ALERT_EMAIL, Not(Equals(Ref(alert_email), "")))
    template.add_condition(STREAM_PROCESSING_ENABLED, Equals(Ref(stream_processing), "Enabled"))
    template.add_condition(NOTIFY_EACH_ALARM, Equals(Ref(alarm_notifications), "Each"))
    code_keys = {function.logical_id: _add_code_key(template, function) for function in config.functions}
    return Parameters(bucket, layer_key, code_keys, alert_email)
