"""The service authorization reference, in the copy that cfn-lint has: which actions there are, and on which resources.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _services() -> Mapping[str, Any]:
    services: Mapping[str, Any] = json.loads((files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text())
    return services


def exists(action: str) -> bool:
    """Whether IAM knows an action."""
    return _entry(action) is not None


def has_resource_level(action: str) -> bool:
    """Whether an action can be allowed on some resources and not on others."""
    entry = _entry(action)
    return entry is not None and bool(entry.get("Resources"))


def _entry(action: str) -> Mapping[str, Any] | None:
    service, name = action.split(":")
    found: Mapping[str, Any] | None = _services().get(service, {}).get("Actions", {}).get(name.lower())
    return found
