"""What is seen at a glance: the dashboard, one row of graphs for each question."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import Sub, Template
from troposphere.awslambda import EventSourceMapping, Function
from troposphere.cloudwatch import Alarm, Dashboard
from troposphere.dynamodb import Table
from troposphere.stepfunctions import StateMachine

from stack.config import METRICS_NAMESPACE, StackConfig

WIDTH, HEIGHT, COLUMNS = 12, 6, 2

Metric = list[Any]


@dataclass(frozen=True)
class Graph:
    """A graph: its title and its metrics, as the dashboard's source spells them.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """

    title: str
    metrics: list[Metric]

    def properties(self) -> dict[str, Any]:
        """The body of the widget."""
        return {
            "view": "timeSeries",
            "title": self.title,
            "region": "${AWS::Region}",
            "metrics": self.metrics,
            "yAxis": {"left": {"min": 0}},
        }


def of_functions(functions: Sequence[Function], metric: str, statistic: str = "Sum") -> list[Metric]:
    """One metric of each function."""
    return [
        ["AWS/Lambda", metric, "FunctionName", f"${{{function.title}}}", {"stat": statistic}] for function in functions
    ]


def of_mappings(mappings: Sequence[EventSourceMapping], *metrics: str) -> list[Metric]:
    """Some metrics of each event source mapping."""
    return [
        ["AWS/Lambda", metric, "EventSourceMappingUUID", f"${{{mapping.title}.Id}}", {"stat": "Sum"}]
        for mapping in mappings
        for metric in metrics
    ]


def of_state_machine(state_machine: StateMachine, *metrics: str) -> list[Metric]:
    """Some metrics of the state machine."""
    return [
        ["AWS/States", metric, "StateMachineArn", f"${{{state_machine.title}}}", {"stat": "Sum"}] for metric in metrics
    ]


def of_tables(tables: Sequence[Table], *metrics: str) -> list[Metric]:
    """Some metrics of each table."""
    return [
        ["AWS/DynamoDB", metric, "TableName", f"${{{table.title}}}", {"stat": "Sum"}]
        for table in tables
        for metric in metrics
    ]


def of_sources(config: StackConfig, *metrics: str) -> list[Metric]:
    """Some metrics that the stream processors publish themselves, one line for each source."""
    return [
        [METRICS_NAMESPACE, metric, "service", source.service_name, {"stat": "Sum"}]
        for source in config.sources
        for metric in metrics
    ]


def alarm_status(alarms: Sequence[Alarm]) -> dict[str, Any]:
    """The widget that shows which alarms are ringing."""
    return {
        "type": "alarm",
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {"title": "Alarms", "alarms": [f"${{{alarm.title}.Arn}}" for alarm in alarms]},
    }


def graph_widget(graph: Graph) -> dict[str, Any]:
    """The widget of a graph."""
    return {"type": "metric", "width": WIDTH, "height": HEIGHT, "properties": graph.properties()}


def placed(widgets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The widgets in reading order, two in a row."""
    return [
        {**widget, "x": index % COLUMNS * WIDTH, "y": index // COLUMNS * HEIGHT} for index, widget in enumerate(widgets)
    ]


@dataclass(frozen=True)
class Watched:
    """The resources that the dashboard shows."""

    functions: Sequence[Function]
    stream_processors: Sequence[Function]
    mappings: Sequence[EventSourceMapping]
    state_machine: StateMachine
    analytics_table: Table
    alarms: Sequence[Alarm]


def graphs(config: StackConfig, watched: Watched) -> list[Graph]:
    """Every graph, the most asked for first."""
    return [
        Graph("Lambda Function Invocations", of_functions(watched.functions, "Invocations")),
        Graph("Lambda Function Errors", of_functions(watched.functions, "Errors")),
        Graph(
            "Step Functions Execution Status",
            of_state_machine(watched.state_machine, "ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed"),
        ),
        Graph("Records Processed", of_sources(config, "RecordsProcessed", "ActivitiesWritten", "RecordsFailed")),
        Graph("Stream Iterator Age", of_functions(watched.stream_processors, "IteratorAge", "Maximum")),
        Graph(
            "Stream Events Not Processed",
            of_mappings(
                watched.mappings,
                "FailedInvokeEventCount",
                "OnFailureDestinationDeliveredEventCount",
                "DroppedEventCount",
            ),
        ),
        Graph("Lambda Function Duration (p99)", of_functions(watched.functions, "Duration", "p99")),
        Graph("Lambda Function Throttles", of_functions(watched.functions, "Throttles")),
        Graph(
            "Analytics Table Capacity and Throttles",
            of_tables(
                [watched.analytics_table],
                "ConsumedWriteCapacityUnits",
                "ConsumedReadCapacityUnits",
                "WriteThrottleEvents",
                "ReadThrottleEvents",
            ),
        ),
    ]


def add_dashboard(template: Template, config: StackConfig, watched: Watched) -> Dashboard:
    """Add the dashboard; its body is text in which CloudFormation puts names and ARNs."""
    widgets = [*map(graph_widget, graphs(config, watched)), alarm_status(watched.alarms)]
    body = json.dumps({"widgets": placed(widgets)}, separators=(",", ":"))
    return template.add_resource(
        Dashboard("ServerlessDashboard", DashboardName=config.name("serverless-dash"), DashboardBody=Sub(body))
    )
