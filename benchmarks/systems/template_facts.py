"""What the template says about what is measured."""

import json
from functools import cache
from typing import Any

from build.poller.mapping import EventSourceMapping, mapping_from_response
from stack.activity_shards import FROM_THE_BEGINNING
from stack.config import DEFAULT_REGION, StackConfig, StreamSource, stream_processor
from stack.sizing import USUAL_PEAK, pages_in_one_invocation, sized_sources
from stack.template import render

CONFIG = StackConfig("prod")
"""The protected stack: what production runs, no payloads in logs."""


_ACCOUNT = f"{DEFAULT_REGION}:123456789012"


@cache
def sized_config(records_per_day: float) -> StackConfig:
    """The protected stack with the sizes that `python -m build size` prints for a load at its usual peak."""
    sizes = sized_sources(CONFIG.sources, records_per_day, USUAL_PEAK)
    return StackConfig(
        CONFIG.suffix,
        tuple(size.source for size in sizes),
        activity_shards=((FROM_THE_BEGINNING, max(size.activity_shards for size in sizes)),),
        pages_in_one_invocation=pages_in_one_invocation(records_per_day),
    )


@cache
def _resources(config: StackConfig = CONFIG) -> dict[str, Any]:
    by_logical_id: dict[str, Any] = json.loads(render(config))["Resources"]
    return by_logical_id


def count_resources(resource_type: str) -> int:
    """How many resources of a type, `AWS::CloudWatch::Alarm`, the template has."""
    return sum(resource["Type"] == resource_type for resource in _resources().values())


def analytics_table() -> dict[str, Any]:
    """The analytics table as CreateTable takes it."""
    properties = _resources()["AnalyticsTable"]["Properties"]
    return {name: properties[name] for name in ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode")}


def function_variables(logical_id: str, config: StackConfig = CONFIG) -> dict[str, str]:
    """The environment variables that the template gives a function; the one reference among them is to the table."""
    variables = _resources(config)[logical_id]["Properties"]["Environment"]["Variables"]
    table_name: str = analytics_table()["TableName"]
    return {name: value if isinstance(value, str) else table_name for name, value in variables.items()}


def source_mapping(source: StreamSource, config: StackConfig) -> EventSourceMapping:
    """The event source mapping that the template gives a source, without its on-failure destination."""
    properties = _resources(config)[f"{source.name}EventSourceMapping"]["Properties"]
    identity = {
        "UUID": source.name,
        "FunctionArn": f"arn:aws:lambda:{_ACCOUNT}:function:{stream_processor(source).logical_id}",
        "EventSourceArn": f"arn:aws:dynamodb:{_ACCOUNT}:table/{source.name}/stream/2026-01-01T00:00:00.000",
        "DestinationConfig": None,
    }
    return mapping_from_response({**properties, **identity})
