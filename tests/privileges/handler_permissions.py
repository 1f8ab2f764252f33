"""What CloudFormation's registry says that the handlers of the template's types call.

`make permissions` writes it down for generate.py, which runs without cfn-lint.
"""

import json
from collections.abc import Mapping

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from stack.config import DEFAULT_REGION
from stack.permissions.cloudformation_role import HANDLERS
from tests.privileges.deployed import SUFFIXES
from tests.stack.resolve import template

STACK_OPERATIONS = ("create", "read", "update", "delete")
"""The handlers that operations on stacks call; `list` serves the resource explorer and Cloud Control API alone
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html)."""
TAGGING = "tagging"

HandlerPermissions = Mapping[str, Mapping[str, list[str]]]


def types_of_the_template() -> list[str]:
    """The types of all resources, whatever the suffix."""
    return sorted({resource["Type"] for suffix in SUFFIXES for resource in template(suffix)["Resources"].values()})


def registry_permissions() -> HandlerPermissions:
    """The actions by type and handler, as cfn-lint's copy of the registry has them."""
    return {resource_type: _permissions(resource_type) for resource_type in types_of_the_template()}


def permissions_of(resource_type: str, handler: str) -> list[str]:
    """The actions of one handler, sorted; none where the registry names none."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(DEFAULT_REGION, resource_type).schema
    part = schema.get("tagging", {}) if handler == TAGGING else schema["handlers"].get(handler, {})
    return sorted(set(part.get("permissions", ())))


def _permissions(resource_type: str) -> Mapping[str, list[str]]:
    called = {handler: permissions_of(resource_type, handler) for handler in (*STACK_OPERATIONS, TAGGING)}
    return {handler: actions for handler, actions in called.items() if actions}


def text_of(permissions: HandlerPermissions) -> str:
    """The text of the file, a handler a line."""
    types = (f"  {json.dumps(name)}: {{\n{_lines(handlers)}\n  }}" for name, handlers in permissions.items())
    return "{\n" + ",\n".join(types) + "\n}\n"


def _lines(handlers: Mapping[str, list[str]]) -> str:
    return ",\n".join(f"    {json.dumps(name)}: {json.dumps(actions)}" for name, actions in handlers.items())


if __name__ == "__main__":
    HANDLERS.write_text(text_of(registry_permissions()), encoding="utf-8")
