"""The alarms of a deployed stack, their names and what they watch being logical ids."""

import re
from collections.abc import Mapping
from typing import Any

from build.monitoring.alarms import Alarms
from build.monitoring.evaluation import MetricAlarm, metric_alarm
from tests.stack.resolve import ALARM_TYPES, template, true_conditions

ENABLED = {"StreamProcessing": "Enabled"}


def deployed_alarms(parameters: Mapping[str, str]) -> Alarms:
    """The alarms that a stack with these parameters has."""
    true = true_conditions("prod", parameters)
    existing = [
        (name, body["Type"], body["Properties"])
        for name, body in template("prod")["Resources"].items()
        if body["Type"] in ALARM_TYPES and ("Condition" not in body or body["Condition"] in true)
    ]
    single, composite = ALARM_TYPES
    return Alarms(
        {name: _metric_alarm(properties) for name, kind, properties in existing if kind == single},
        {name: _text(properties["AlarmRule"], true) for name, kind, properties in existing if kind == composite},
    )


def _metric_alarm(properties: dict[str, Any]) -> MetricAlarm:
    dimensions = [
        {"Name": dimension["Name"], "Value": _logical_id(dimension["Value"])} for dimension in properties["Dimensions"]
    ]
    return metric_alarm(properties | {"Dimensions": dimensions})


def _logical_id(value: Any) -> str:
    """The resource that a dimension names, or its text, which a metric of our own has."""
    if isinstance(value, str):
        return value
    name: str = value.get("Ref") or value["Fn::GetAtt"][0]
    return name


def _text(value: Any, true: set[str]) -> str:
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_text(part, true) for part in parts)
        case {"Fn::If": [condition, then, otherwise]}:
            return _text(then if condition in true else otherwise, true)
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(\w+)\}", r"\1", text)
    return str(value)
