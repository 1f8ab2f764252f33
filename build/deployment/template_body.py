"""Templates as CloudFormation takes them: as text, short, with parameters that have values."""

import json
from collections.abc import Mapping
from typing import Any

MOST_BYTES_INLINE = 51_200
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


def shortest(document: Mapping[str, Any]) -> str:
    """A template in one line, the same for the same content."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def document_of(template: str) -> dict[str, Any]:
    """The content of a template; nothing for one that is not JSON, which none made here is."""
    try:
        document: dict[str, Any] = json.loads(template)
    except ValueError:
        return {}
    return document


def declared_parameters(template: str) -> dict[str, str | None]:
    """The parameters of a template with their defaults; None for one that has to be given."""
    declarations = document_of(template).get("Parameters", {})
    return {name: default_of(declaration) for name, declaration in declarations.items()}


def default_of(declaration: Mapping[str, Any]) -> str | None:
    """The default of a parameter as text, as CloudFormation reports values."""
    return str(declaration["Default"]) if "Default" in declaration else None
