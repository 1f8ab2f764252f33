"""Metrics that are embedded in log events, as CloudWatch Logs extracts them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/, "Specification: Embedded metric format"
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from build.monitoring.evaluation import Metric

_MARK = '"_aws"'
_NO_UNIT = "None"
_MOST_VALUES = 100
_MOST_DIMENSIONS = 30


@dataclass(frozen=True)
class EmbeddedValues:
    """The values of a metric in one log event.

    Args:
        metric: that they are of.
        values: in the order of the event.
        unit: as in PutMetricData.
        time: seconds since 1970.
    """

    metric: Metric
    values: list[float]
    unit: str
    time: float


def embedded_values(message: str) -> Iterator[EmbeddedValues]:
    """The values in a log event; none when it embeds no metrics, and without those that the format does not allow."""
    if _MARK not in message:
        return
    match _json(message):
        case {"_aws": {"Timestamp": int() | float() as milliseconds, "CloudWatchMetrics": [*directives]}, **members}:
            for directive in directives:
                yield from _values_of(directive, members, milliseconds / 1000)


def _json(message: str) -> object:
    try:
        return json.loads(message)
    except ValueError:
        return None


def _values_of(directive: object, members: Mapping[Any, Any], time: float) -> Iterator[EmbeddedValues]:
    """The values that one directive points at: each metric once for each set of dimensions."""
    match directive:
        case {"Namespace": str(namespace), "Dimensions": [*sets], "Metrics": [*definitions]}:
            for dimensions in (_dimensions(names, members) for names in sets):
                for definition in definitions if dimensions is not None else ():
                    yield from _values(namespace, dimensions or (), definition, members, time)


def _dimensions(names: object, members: Mapping[Any, Any]) -> tuple[tuple[str, str], ...] | None:
    """The dimensions of a set, sorted; None when it names what the event does not say."""
    if not isinstance(names, list) or len(names) > _MOST_DIMENSIONS:
        return None
    if not all(isinstance(members.get(name), str) for name in names):
        return None
    return tuple(sorted((name, members[name]) for name in names))


def _values(
    namespace: str,
    dimensions: tuple[tuple[str, str], ...],
    definition: object,
    members: Mapping[Any, Any],
    time: float,
) -> Iterator[EmbeddedValues]:
    match definition:
        case {"Name": str(name), **others}:
            values = _numbers(members.get(name))
            if values:
                yield EmbeddedValues(
                    Metric(namespace, name, dimensions), values, str(others.get("Unit", _NO_UNIT)), time
                )


def _numbers(target: object) -> list[float]:
    """The target of a metric: a number, or a list of them; nothing for anything else."""
    found: Sequence[object] = target if isinstance(target, list) else [target]
    if len(found) > _MOST_VALUES or not all(type(number) in (int, float) for number in found):
        return []
    return [float(str(number)) for number in found]
