"""Reads a template the way CloudFormation does, far enough to assert on values instead of intrinsic functions."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from stack.config import StackConfig
from stack.template import render
from tests.sources import two_sources

Json = Any
ALARM_TYPES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
NO_VALUE = {"Ref": "AWS::NoValue"}
PLACEHOLDER = re.compile(r"\$\{([^!}]+)\}")


@cache
def template(suffix: str) -> Json:
    """The template of a stack that follows users and orders, as parsed JSON; do not change it."""
    return json.loads(render(two_sources(suffix)))


def properties(suffix: str, logical_id: str) -> Json:
    """The properties of a resource."""
    return template(suffix)["Resources"][logical_id]["Properties"]


def resources_of(suffix: str, kind: str) -> dict[str, Json]:
    """The properties of every resource of a type, by logical id."""
    resources = template(suffix)["Resources"]
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def alarms_of(config: StackConfig) -> dict[str, Json]:
    """The properties of all alarms of a configuration's template, composite ones included, by logical id."""
    resources = json.loads(render(config))["Resources"]
    return {name: body["Properties"] for name, body in resources.items() if body["Type"] in ALARM_TYPES}


def true_conditions(suffix: str, parameters: Mapping[str, str]) -> set[str]:
    """The conditions that hold for parameters and, unless `AWS::Partition` is among these, in the partition `aws`."""
    whole = template(suffix)
    values = {name: str(parameter.get("Default")) for name, parameter in whole["Parameters"].items()}
    given = {"AWS::Partition": "aws", **values, **parameters}
    return {name for name, condition in whole["Conditions"].items() if _holds(condition, given)}


def _holds(condition: Json, values: Mapping[str, str]) -> bool:
    match condition:
        case {"Fn::Equals": [{"Ref": name}, value]}:
            return bool(values[name] == value)
        case {"Fn::Not": [inner]}:
            return not _holds(inner, values)
    raise ValueError(f"an unknown condition: {condition}")


def decided(suffix: str, value: Json, parameters: Mapping[str, str]) -> Json:
    """A value in a stack with these parameters: each `Fn::If` decided, and what then has no value left out."""
    return _decided(value, true_conditions(suffix, parameters))


def _decided(value: Json, true: set[str]) -> Json:
    match value:
        case {"Fn::If": [condition, then, otherwise]}:
            return _decided(then if condition in true else otherwise, true)
        case dict():
            inner = {key: _decided(child, true) for key, child in value.items()}
            return {key: child for key, child in inner.items() if child != NO_VALUE}
        case list():
            return [child for child in (_decided(child, true) for child in value) if child != NO_VALUE]
    return value


def nodes(value: Json) -> Iterator[Json]:
    """Every value inside a value, and itself."""
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from nodes(child)


def references(value: Json) -> Iterator[str]:
    """The names that a value refers to by Ref, Fn::GetAtt, Fn::Sub or Fn::If."""
    for node in nodes(value):
        if not isinstance(node, dict):
            continue
        if isinstance(node.get("Ref"), str):
            yield node["Ref"]
        if "Fn::GetAtt" in node:
            yield node["Fn::GetAtt"][0]
        if "Fn::Sub" in node:
            yield from (name.split(".")[0] for name in PLACEHOLDER.findall(node["Fn::Sub"]))
        if "Fn::If" in node:
            yield node["Fn::If"][0]


def statements(value: Json) -> Iterator[Json]:
    """Every policy statement inside a value."""
    for node in nodes(value):
        if isinstance(node, dict) and "Effect" in node:
            yield node
