"""The outputs: names, ARNs and URLs of what a deployed stack has."""

from troposphere import AWSHelperFn, If, Output, Sub, Template

from stack.config import StackConfig, stream_processor
from stack.functions import Functions
from stack.monitoring import Monitoring
from stack.parameters import IN_GOVCLOUD
from stack.storage import Storage
from stack.workflow import Workflow


def _table_outputs(config: StackConfig, storage: Storage) -> list[tuple[str, str, AWSHelperFn]]:
    sources = [
        (f"{source.name}TableName", f"{source.title} table name", storage.source_tables[source.name].ref())
        for source in config.sources
    ]
    return [
        *sources,
        ("AnalyticsTableName", "Analytics table name", storage.analytics_table.ref()),
        ("FailedEventsBucketName", "Bucket of failed events", storage.failed_events_bucket.ref()),
    ]


def _function_outputs(config: StackConfig, functions: Functions) -> list[tuple[str, str, AWSHelperFn]]:
    processors = [
        (
            f"{stream_processor(source).logical_id}FunctionName",
            f"{source.title} processor Lambda function name",
            functions.stream_processors[source.name].ref(),
        )
        for source in config.sources
    ]
    return [
        *processors,
        (
            "AnalyticsProcessorFunctionName",
            "Analytics processor Lambda function name",
            functions.analytics_processor.ref(),
        ),
        ("DataValidatorFunctionName", "Data validator Lambda function name", functions.data_validator.ref()),
    ]


def _dashboard_url(monitoring: Monitoring) -> If:
    """The dashboard in the console of its partition.

    Source: https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/getting-started-sign-in.html
    """
    page = f"/cloudwatch/home?region=${{AWS::Region}}#dashboards:name=${{{monitoring.dashboard.title}}}"
    return If(
        IN_GOVCLOUD,
        Sub(f"https://console.amazonaws-us-gov.com{page}"),
        Sub(f"https://${{AWS::Region}}.console.aws.amazon.com{page}"),
    )


def _monitoring_outputs(workflow: Workflow, monitoring: Monitoring) -> list[tuple[str, str, AWSHelperFn]]:
    return [
        ("StepFunctionsStateMachineArn", "Step Functions state machine ARN", workflow.state_machine.ref()),
        ("DailyAnalyticsDeadLetterQueueUrl", "Queue of daily executions not started", workflow.dead_letter_queue.ref()),
        ("DashboardUrl", "CloudWatch Dashboard URL", _dashboard_url(monitoring)),
        ("AlertTopicArn", "SNS Topic ARN for alerts", monitoring.alert_topic.ref()),
    ]


def add_outputs(
    template: Template,
    config: StackConfig,
    storage: Storage,
    functions: Functions,
    workflow: Workflow,
    monitoring: Monitoring,
) -> None:
    for name, description, value in [
        *_table_outputs(config, storage),
        *_function_outputs(config, functions),
        *_monitoring_outputs(workflow, monitoring),
    ]:
        template.add_output(Output(name, Description=description, Value=value))
