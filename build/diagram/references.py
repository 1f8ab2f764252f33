"""What a piece of a template refers to, and where in it the references stand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SUBSTITUTED = re.compile(r"\$\{(\w+)(?:\.[\w.]+)?\}")
"""A logical id in `Fn::Sub` text; `${AWS::Region}` and `${!Literal}` are none
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html)."""


@dataclass(frozen=True)
class Reference:
    """A logical id, and the names of the properties that lead to it: `("Targets", "Arn")`."""

    path: tuple[str, ...]
    target: str


def named_by(function: str, argument: Any) -> list[str]:
    """The logical ids that an intrinsic function names; none for any other key."""
    text = argument if isinstance(argument, str) else argument[0] if isinstance(argument, list) and argument else ""
    if function == "Ref":
        return [text]
    if function == "Fn::GetAtt":
        return [text.partition(".")[0]]
    return SUBSTITUTED.findall(text) if function == "Fn::Sub" else []


def references(value: Any, path: tuple[str, ...] = ()) -> Iterator[Reference]:
    """Every `Ref`, `Fn::GetAtt` and `Fn::Sub` below a value, in the order in which they stand there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (Reference(path, target) for target in named_by(key, inner))
            yield from references(inner, path if key.startswith("Fn::") else (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner, path)
