"""A template without some of its resources: what refers to them gets their names as they are, so that nothing else
changes when they leave their stack."""

import json
import re
from collections.abc import Mapping
from typing import Any

from build.cloudformation.stacks import canonical_template
from build.errors import CommandError

MAPPING_TYPE = "AWS::Lambda::EventSourceMapping"
REFERENCE = "Ref"

Values = Mapping[str, str]
"""What a resource is called: its Ref and its attributes."""

_IN_A_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}")


def mappings_of(template: str, table_id: str) -> list[str]:
    """The event source mappings that read a table's stream; all of them for a table that none reads, as their functions
    write to it."""
    mappings = {
        logical_id: definition["Properties"]["EventSourceArn"]
        for logical_id, definition in json.loads(template)["Resources"].items()
        if definition["Type"] == MAPPING_TYPE
    }
    reading = [logical_id for logical_id, stream in mappings.items() if stream == _attribute(table_id, "StreamArn")]
    return sorted(reading or mappings)


def retaining(template: str, logical_id: str, mark: str) -> str:
    """A template that retains a resource.

    CloudFormation takes no notice of a policy that changes alone, but of metadata
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html).

    Args:
        template: JSON.
        logical_id: of the resource.
        mark: new metadata.
    """
    document = json.loads(template)
    document["Resources"][logical_id].update(
        DeletionPolicy="Retain", UpdateReplacePolicy="Retain", Metadata={"Restoration": mark}
    )
    return canonical_template(document)


def without(template: str, named: Mapping[str, Values]) -> str:
    """A template without resources, their values in the place of references to them.

    Args:
        template: JSON.
        named: the values of each resource that goes, by logical id.

    Raises:
        CommandError: when something refers to an attribute that has no value.
    """
    document = json.loads(template)
    remaining = {name: each for name, each in document["Resources"].items() if name not in named}
    return canonical_template(_replaced({**document, "Resources": remaining}, named))


def _attribute(logical_id: str, name: str) -> Any:
    return {"Fn::GetAtt": [logical_id, name]}


def _replaced(value: Any, named: Mapping[str, Values]) -> Any:
    match value:
        case {"Ref": str(logical_id), **others} if logical_id in named and not others:
            return _value(named, logical_id, REFERENCE)
        case {"Fn::GetAtt": [str(logical_id), str(attribute)], **others} if logical_id in named and not others:
            return _value(named, logical_id, attribute)
        case {"Fn::Sub": str(text), **others} if not others:
            return {"Fn::Sub": _replaced_text(text, named)}
        case dict():
            return {name: _replaced(member, named) for name, member in value.items()}
        case list():
            return [_replaced(member, named) for member in value]
    return value


def _replaced_text(text: str, named: Mapping[str, Values]) -> str:
    def replacement(found: re.Match[str]) -> str:
        logical_id, attribute = found.groups()
        return _value(named, logical_id, attribute or REFERENCE) if logical_id in named else found[0]

    return _IN_A_TEXT.sub(replacement, text)


def _value(named: Mapping[str, Values], logical_id: str, attribute: str) -> str:
    try:
        return named[logical_id][attribute]
    except KeyError as error:
        raise CommandError(
            f"something refers to {attribute} of {logical_id}, of which no value is known here; "
            "go back with --abort, remove that from the template and repeat the command."
        ) from error
