"""The dashboard: graphs of the metrics that tell how the stack is doing, and the status of every alarm."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from troposphere import Sub, Template
from troposphere.awslambda import EventSourceMapping, Function
from troposphere.cloudwatch import Alarm, CompositeAlarm, Dashboard
from troposphere.dynamodb import Table
from troposphere.stepfunctions import StateMachine

from stack.alarms import MonitoredResources
from stack.config import METRICS_NAMESPACE, StackConfig

_WIDTH, _COLUMNS = 12, 2
_HEIGHT = 6
"""The default of a dashboard body, which therefore does not say it."""

_Metric = list[str]


@dataclass(frozen=True)
class _GraphWidget:
    """A graph: its title and its metrics, as a dashboard body spells them.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """

    title: str
    metrics: list[_Metric]
    statistic: str = "Sum"

    def properties(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "region": "${AWS::Region}",
            "stat": self.statistic,
            "metrics": [_abbreviated(*pair) for pair in zip(self.metrics, [[], *self.metrics])],
            "yAxis": {"left": {"min": 0}},
        }


def _abbreviated(metric: _Metric, previous: _Metric) -> _Metric:
    """A metric with a dot for what it has in common with the one before it, which keeps the template small."""
    return ["." if before == value else value for value, before in zip_longest(metric, previous)][: len(metric)]


def _of_functions(functions: Sequence[Function], metric: str) -> list[_Metric]:
    return [["AWS/Lambda", metric, "FunctionName", f"${{{function.title}}}"] for function in functions]


def _of_mappings(mappings: Sequence[EventSourceMapping], *metrics: str) -> list[_Metric]:
    return [
        ["AWS/Lambda", metric, "EventSourceMappingUUID", f"${{{mapping.title}.Id}}"]
        for mapping in mappings
        for metric in metrics
    ]


def _of_state_machine(state_machine: StateMachine, *metrics: str) -> list[_Metric]:
    return [["AWS/States", metric, "StateMachineArn", f"${{{state_machine.title}}}"] for metric in metrics]


def _of_tables(tables: Sequence[Table], *metrics: str) -> list[_Metric]:
    return [["AWS/DynamoDB", metric, "TableName", f"${{{table.title}}}"] for table in tables for metric in metrics]


def _of_sources(config: StackConfig, *metrics: str) -> list[_Metric]:
    """Metrics that the stream processors publish themselves, one line for each source."""
    return [
        [METRICS_NAMESPACE, metric, "environment", config.suffix, "service", source.service_name]
        for source in config.sources
        for metric in metrics
    ]


def _alarm_arn(alarm: Alarm | CompositeAlarm) -> str:
    """The ARN of an alarm; that of one with a condition is spelled, so that the dashboard does without the alarm."""
    if "Condition" not in alarm.resource:
        return f"${{{alarm.title}.Arn}}"
    return f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:${{AWS::AccountId}}:alarm:{alarm.AlarmName}"


def _alarm_status(alarms: Sequence[Alarm | CompositeAlarm]) -> dict[str, Any]:
    """The widget that shows which alarms are on."""
    return {
        "type": "alarm",
        "width": _WIDTH,
        "properties": {"title": "Alarms", "alarms": list(map(_alarm_arn, alarms))},
    }


def _metric_widget(graph: _GraphWidget) -> dict[str, Any]:
    return {"type": "metric", "width": _WIDTH, "properties": graph.properties()}


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
        _GraphWidget("Stream Iterator Age", _of_functions(processors, "IteratorAge"), "Maximum"),
        _GraphWidget(
            "Stream Events Not Processed",
            _of_mappings(
                mappings,
                "FailedInvokeEventCount",
                "OnFailureDestinationDeliveredEventCount",
                "DroppedEventCount",
            ),
        ),
        _GraphWidget("Lambda Function Duration (p99)", _of_functions(resources.functions.all(), "Duration"), "p99"),
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
    template: Template, config: StackConfig, resources: MonitoredResources, alarms: Sequence[Alarm | CompositeAlarm]
) -> Dashboard:
    """Add the dashboard; CloudFormation substitutes names and ARNs in its body."""
    widgets = [*map(_metric_widget, _graphs(config, resources)), _alarm_status(alarms)]
    body = json.dumps({"widgets": _placed(widgets)}, separators=(",", ":"))
    return template.add_resource(
        Dashboard("ServerlessDashboard", DashboardName=config.name("serverless-dash"), DashboardBody=Sub(body))
    )
