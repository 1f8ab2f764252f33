"""The resource types that the emulated CloudFormation lacks: composite alarms and saved queries."""

import json
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol
from uuid import uuid4

_Properties = dict[str, Any]
_Created = tuple[str, dict[str, str]]


class _ResourceType(Protocol):
    """What MiniStack calls."""

    def create(self, logical_id: str, properties: _Properties, stack_name: str) -> _Created: ...

    def update(self, physical_id: str, before: _Properties, properties: _Properties, stack_name: str) -> _Created: ...

    def delete(self, physical_id: str, properties: _Properties) -> None: ...


def provide_resource_types() -> None:
    """Have MiniStack's CloudFormation create, update and delete what it would refuse to know.

    To be called where MiniStack runs, before its first request.
    """
    handlers = import_module("ministack.services.cloudformation.provisioners")._RESOURCE_HANDLERS
    missing: dict[str, _ResourceType] = {
        "AWS::CloudWatch::CompositeAlarm": _CompositeAlarms(import_module("ministack.services.cloudwatch")),
        "AWS::Logs::QueryDefinition": _SavedQueries(),
    }
    for name, kind in missing.items():
        handlers[name] = {"create": kind.create, "update": kind.update, "delete": kind.delete}


@dataclass(frozen=True)
class _CompositeAlarms:
    """Alarms of MiniStack's own CloudWatch; `cloudwatch` is its module of that service."""

    cloudwatch: Any

    def create(self, logical_id: str, properties: _Properties, stack_name: str) -> _Created:
        return self._put(properties["AlarmName"], properties)

    def update(self, physical_id: str, before: _Properties, properties: _Properties, stack_name: str) -> _Created:
        return self._put(physical_id, properties)

    def delete(self, physical_id: str, properties: _Properties) -> None:
        self.cloudwatch._composite_alarms.pop(physical_id, None)

    def _put(self, name: str, properties: _Properties) -> _Created:
        """Call PutCompositeAlarm; a rule that names an alarm which does not exist fails the resource, as on AWS."""
        status, _, body = self.cloudwatch._put_composite_alarm({}, properties, False, is_json=True)
        if status != 200:
            raise ValueError(json.loads(body)["message"])
        return name, {"Arn": self.cloudwatch._composite_alarms[name]["AlarmArn"]}


class _SavedQueries:
    """Queries that nobody can run here, because MiniStack has no Logs Insights: they exist, and that is all."""

    def create(self, logical_id: str, properties: _Properties, stack_name: str) -> _Created:
        return str(uuid4()), {}

    def update(self, physical_id: str, before: _Properties, properties: _Properties, stack_name: str) -> _Created:
        return physical_id, {}

    def delete(self, physical_id: str, properties: _Properties) -> None:
        pass
