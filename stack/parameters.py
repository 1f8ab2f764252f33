"""The template's parameters: what is known only when it is deployed."""

from dataclasses import dataclass

from troposphere import Equals, Not, Parameter, Ref, Template

from stack.config import FunctionSpecification, StackConfig

ARTIFACT_BUCKET = "ArtifactBucket"
LAYER_KEY = "LayerKey"
ALERT_EMAIL = "AlertEmail"
STREAM_PROCESSING = "StreamProcessing"

HAS_ALERT_EMAIL = "HasAlertEmail"
STREAM_PROCESSING_ENABLED = "StreamProcessingEnabled"


def code_key(function: FunctionSpecification) -> str:
    """The name of the parameter that says where a function's zip lies in the artifact bucket."""
    return f"{function.logical_id}Key"


@dataclass(frozen=True)
class Parameters:
    """The parameters of a template, as objects to refer to; `code_keys` is by logical id of the function."""

    artifact_bucket: Parameter
    layer_key: Parameter
    code_keys: dict[str, Parameter]
    alert_email: Parameter


def add_parameters(template: Template, config: StackConfig) -> Parameters:
    """Declare the parameters and the conditions that follow from them."""
    parameters = Parameters(
        artifact_bucket=template.add_parameter(
            Parameter(ARTIFACT_BUCKET, Type="String", Description="Bucket that holds the zips of functions and layer")
        ),
        layer_key=template.add_parameter(
            Parameter(LAYER_KEY, Type="String", Description="Key of the layer's zip in the artifact bucket")
        ),
        code_keys={
            function.logical_id: template.add_parameter(
                Parameter(
                    code_key(function),
                    Type="String",
                    Description=f"Key of the zip of {function.logical_id} in the artifact bucket",
                )
            )
            for function in config.functions
        },
        alert_email=template.add_parameter(
            Parameter(
                ALERT_EMAIL,
                Type="String",
                Default="",
                Description="Address that alarms are mailed to; empty for no subscription",
            )
        ),
    )
    stream_processing = template.add_parameter(
        Parameter(
            STREAM_PROCESSING,
            Type="String",
            Default="Enabled",
            AllowedValues=["Enabled", "Disabled"],
            Description="Disabled pauses the event source mappings; streams keep their records for 24 hours",
        )
    )
    template.add_condition(HAS_ALERT_EMAIL, Not(Equals(Ref(parameters.alert_email), "")))
    template.add_condition(STREAM_PROCESSING_ENABLED, Equals(Ref(stream_processing), "Enabled"))
    return parameters
