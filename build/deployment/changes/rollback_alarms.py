"""The alarms that take an update back when they ring during it or shortly after."""

import json
from typing import TYPE_CHECKING

from build.deployment.clients import Clients
from build.deployment.deployed_stack import DeployedStack
from build.deployment.stack_resources import stack_resources

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import RollbackConfigurationTypeDef

ALARM_TYPE = "AWS::CloudWatch::Alarm"
MOST_TRIGGERS = 5
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html"""
MONITORING_MINUTES = 5
TELLING_METRICS = ("Errors", "ExecutionsFailed", "FailedInvokeEventCount", "ExecutionsTimedOut", "Throttles")
"""The metrics that a bad update shows in soonest, most telling first."""


def rollback_configuration(clients: Clients, stack: DeployedStack, template: str) -> "RollbackConfigurationTypeDef":
    """Up to five alarms that exist before and after an update, and are not ringing now.

    An alarm that rings already would take back the very update that is to silence it; one that does not exist fails
    the update at once.

    Args:
        clients: connections to the account and region.
        stack: that is updated.
        template: that it is updated to.
    """
    arns = quiet_alarms(clients, telling_alarms(clients, stack, template))[:MOST_TRIGGERS]
    return {
        "RollbackTriggers": [{"Arn": arn, "Type": ALARM_TYPE} for arn in arns],
        "MonitoringTimeInMinutes": MONITORING_MINUTES if arns else 0,
    }


def telling_alarms(clients: Clients, stack: DeployedStack, template: str) -> list[str]:
    """The names of the alarms that are deployed, stay, and tell of a bad update; most telling first."""
    metrics = {
        logical_id: resource["Properties"].get("MetricName")
        for logical_id, resource in json.loads(template)["Resources"].items()
        if resource["Type"] == ALARM_TYPE
    }
    telling = [
        (TELLING_METRICS.index(metrics[one.logical_id]), one.physical_id)
        for one in stack_resources(clients.cloudformation, stack.stack_id)
        if metrics.get(one.logical_id) in TELLING_METRICS
    ]
    return [name for _, name in sorted(telling)]


def quiet_alarms(clients: Clients, names: list[str]) -> list[str]:
    """The ARNs of those alarms that are not ringing, in the same order."""
    if not names:
        return []
    alarms = clients.cloudwatch.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    arns = {alarm["AlarmName"]: alarm["AlarmArn"] for alarm in alarms if alarm["StateValue"] != "ALARM"}
    return [arns[name] for name in names if name in arns]
