"""What the emulated CloudFormation lacks: composite alarms, which the emulated CloudWatch has."""

import json
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_Properties = dict[str, Any]
_Created = tuple[str, dict[str, str]]


def provide_composite_alarms() -> None:
    """Have MiniStack's CloudFormation create, update and delete composite alarms with its own CloudWatch.

    To be called where MiniStack runs, before its first request.
    """
    alarms = _CompositeAlarms(import_module("ministack.services.cloudwatch"))
    handlers = import_module("ministack.services.cloudformation.provisioners")._RESOURCE_HANDLERS
    handlers["AWS::CloudWatch::CompositeAlarm"] = {
        "create": alarms.create,
        "update": alarms.update,
        "delete": alarms.delete,
    }


@dataclass(frozen=True)
class _CompositeAlarms:
    """The resource type, with the signatures that MiniStack calls; `cloudwatch` is its module of that service."""

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
