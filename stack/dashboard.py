"""The dashboard: graphs of the metrics that tell how the stack is doing, and the status of every alarm."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import Sub, Template
from troposphere.awslambda import EventSourceMapping, Function
from troposphere.cloudwatch import Alarm, Dashboard
from troposphere.dynamodb import Table
from troposphere.stepfunctions import StateMachine

from stack.alarms import MonitoredResources
from stack.config import METRICS_NAMESPACE, StackConfig

_WIDTH, _HEIGHT, _COLUMNS = 12, 6, 2

_Metric = list[Any]


@dataclass(frozen=True)
class _GraphWidget:
    """A graph: its title and its metrics, as a dashboard body spells them.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """

    title: str
    metrics: list[_Metric]

    def properties(self) -> dict[str, Any]:
        return {
            "view": "timeSeries",
            "title": self.title,
            "region": "${AWS::Region}",
            "metrics": self.metrics,
            "yAxis": {"left": {"min": 0}},
        }


def _of_functions(functions: Sequence[Function], metric: str, statistic: str = "Sum") -> list[_Metric]:
    return [
        ["AWS/Lambda", metric, "FunctionName", f"${{{function.title}}}", {"stat": statistic}] for function in functions
    ]


def _of_mappings(mappings: Sequence[EventSourceMapping], *metrics: str) -> list[_Metric]:
    return [
        ["AWS/Lambda", metric, "EventSourceMappingUUID", f"${{{mapping.title}.Id}}", {"stat": "Sum"}]
        for mapping in mappings
        for metric in metrics
    ]


def _of_state_machine(state_machine: StateMachine, *metrics: str) -> list[_Metric]:
    return [
        ["AWS/States", metric, "StateMachineArn", f"${{{state_machine.title}}}", {"stat": "Sum"}] for metric in metrics
    ]


def _of_tables(tables: Sequence[Table], *metrics: str) -> list[_Metric]:
    return [
        ["AWS/DynamoDB", metric, "TableName", f"${{{table.title}}}", {"stat": "Sum"}]
        for table in tables
        for metric in metrics
    ]


def _of_sources(config: StackConfig, *metrics: str) -> list[_Metric]:
    """Metrics that the stream processors publish themselves, one line for each source."""
    return [
        [METRICS_NAMESPACE, metric, "service", source.service_name, {"stat": "Sum"}]
        for source in config.sources
        for metric in metrics
    ]


def _alarm_status(alarms: Sequence[Alarm]) -> dict[str, Any]:
    """The widget that shows which alarms are on."""
    return {
        "type": "alarm",
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {"title": "Alarms", "alarms": [f"${{{alarm.title}.Arn}}" for alarm in alarms]},
    }


def _metric_widget(graph: _GraphWidget) -> dict[str, Any]:
    return {"type": "metric", "width": _WIDTH, "height": _HEIGHT, "properties": graph.properties()}


def _placed(widgets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The widgets in reading order, two in a row."""
    return [
        {**widget, "x": index % _COLUMNS * _WIDTH, "y": index // _COLUMNS * _HEIGHT}
        for index, widget in enumerate(widgets)
    ]


def _graphs(config: StackConfig, resources: MonitoredResources) -> list[_GraphWidget]:
    """Every graph, those that are asked for most first."""
    processors = list(resources.functions.stream_processors.values())
    mappings = list(resources.mappings.values())
    return [
        _GraphWidget("Lambda Function Invocations", _of_functions(resources.functions.all(), "Invocations")),
        _GraphWidget("Lambda Function Errors", _of_functions(resources.functions.all(), "Errors")),
        _GraphWidget(
            "Step Functions Execution Status",
            _of_state_machine(
                resources.workflow.state_machine, "ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed"
            ),
        ),
        _GraphWidget(
            "Records Processed", _of_sources(config, "RecordsProcessed", "ActivitiesWritten", "RecordsFailed")
        ),
        _GraphWidget("Stream Iterator Age", _of_functions(processors, "IteratorAge", "Maximum")),
        _GraphWidget(
            "Stream Events Not Processed",
            _of_mappings(
                mappings,
                "FailedInvokeEventCount",
                "OnFailureDestinationDeliveredEventCount",
                "DroppedEventCount",
            ),
        ),
        _GraphWidget("Lambda Function Duration (p99)", _of_functions(resources.functions.all(), "Duration", "p99")),
        _GraphWidget("Lambda Function Throttles", _of_functions(resources.functions.all(), "Throttles")),
        _GraphWidget(
            "Analytics Table Capacity and Throttles",
            _of_tables(
                [resources.storage.analytics_table],
                "ConsumedWriteCapacityUnits",
                "ConsumedReadCapacityUnits",
                "WriteThrottleEvents",
                "ReadThrottleEvents",
            ),
        ),
    ]


def add_dashboard(
    template: Template, config: StackConfig, resources: MonitoredResources, alarms: Sequence[Alarm]
) -> Dashboard:
    """Add the dashboard; CloudFormation substitutes names and ARNs in its body."""
    widgets = [*map(_metric_widget, _graphs(config, resources)), _alarm_status(alarms)]
    body = json.dumps({"widgets": _placed(widgets)}, separators=(",", ":"))
    return template.add_resource(
        Dashboard("ServerlessDashboard", DashboardName=config.name("serverless-dash"), DashboardBody=Sub(body))
    )
