"""What the template says about what is measured."""

import json
from functools import cache
from typing import Any

from stack.config import StackConfig
from stack.template import render

CONFIG = StackConfig("prod")
"""The protected stack: what production runs, no payloads in logs."""


@cache
def _resources() -> dict[str, Any]:
    by_logical_id: dict[str, Any] = json.loads(render(CONFIG))["Resources"]
    return by_logical_id


def count_resources(resource_type: str) -> int:
    """How many resources of a type, `AWS::CloudWatch::Alarm`, the template has."""
    return sum(resource["Type"] == resource_type for resource in _resources().values())


def analytics_table() -> dict[str, Any]:
    """The analytics table as CreateTable takes it."""
    properties = _resources()["AnalyticsTable"]["Properties"]
    return {name: properties[name] for name in ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode")}


def function_variables(logical_id: str) -> dict[str, str]:
    """The environment variables that the template gives a function; the one reference among them is to the table."""
    variables = _resources()[logical_id]["Properties"]["Environment"]["Variables"]
    table_name: str = analytics_table()["TableName"]
    return {name: value if isinstance(value, str) else table_name for name, value in variables.items()}
