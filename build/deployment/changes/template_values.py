"""Values of properties read from templates, for where a change set does not tell them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from build.deployment.changes.resource_changes import PropertyChange, ResourceChange


@dataclass(frozen=True)
class TemplateValues:
    """A template and the values of its parameters.

    Args:
        template: the document.
        parameters: values by name.
    """

    template: Mapping[str, Any]
    parameters: Mapping[str, str]

    def of(self, logical_id: str, path: str) -> str | None:
        """The value of a property as text; None when it is not set.

        Args:
            logical_id: of the resource.
            path: `Environment.Variables.LOG_LEVEL`.
        """
        value = self.template.get("Resources", {}).get(logical_id, {}).get("Properties")
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return None if value is None else self._text(value)

    def _text(self, value: Any) -> str:
        filled = self._filled(value)
        return filled if isinstance(filled, str) else json.dumps(filled, separators=(",", ":"))

    def _filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"} and value["Ref"] in self.parameters:
            return self.parameters[value["Ref"]]
        return {name: self._filled(one) for name, one in value.items()}


def with_values(change: ResourceChange, before: TemplateValues, after: TemplateValues) -> ResourceChange:
    """A change whose properties have the values that the templates before and after it tell."""

    def completed(one: PropertyChange) -> PropertyChange:
        if one.before is not None or one.after is not None:
            return one
        old, new = before.of(change.logical_id, one.path), after.of(change.logical_id, one.path)
        return one if old == new else replace(one, before=old, after=new)

    return replace(change, properties=tuple(map(completed, change.properties)))
