"""Whether AWS lets a request through: the documented evaluation of policies, as far as this stack's policies use it.

Whatever else a policy says is refused with `Unsupported`, so that no answer is a guess. The sources are pages of
https://docs.aws.amazon.com/IAM/latest/UserGuide/, named where they apply.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

Document = Mapping[str, Any]
Statement = Mapping[str, Any]

ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
EVERYONE = ("*", {"AWS": "*"})
ARN_COMPONENTS = 6


class Unsupported(ValueError):
    """A policy says something that is not evaluated here; extend this module before relying on an answer."""


class Decision(Enum):
    """How a request ends."""

    ALLOWED = auto()
    EXPLICITLY_DENIED = auto()
    IMPLICITLY_DENIED = auto()


@dataclass(frozen=True)
class Principal:
    """Who asks: a user or role of an account, a service such as `events.amazonaws.com`, whom an identity provider
    vouches for, by the provider's ARN, or with none of them, anyone."""

    account: str | None = None
    service: str | None = None
    provider: str | None = None


@dataclass(frozen=True)
class Request:
    """A request: who wants to do what to which ARN, and the context keys that AWS gathers, by name."""

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operator:
    """A condition operator.

    Args:
        matches: compares a value of the policy with the one of the request.
        negated: whether the condition holds where no value matches.
        if_exists: whether it holds where the request has no such key.
    """

    matches: Callable[[str, str], bool]
    negated: bool = False
    if_exists: bool = False


def expression(pattern: str, character: str = ".") -> str:
    """A regular expression for a text with the wildcards `*` and `?`, each standing for such characters."""
    wildcards = {"*": f"{character}*", "?": character}
    return "".join(wildcards.get(part, re.escape(part)) for part in re.split(r"([*?])", pattern))


def action_matches(pattern: str, action: str) -> bool:
    """Action names do not depend on case (reference_policies_elements_action.html)."""
    return bool(re.fullmatch(expression(pattern), action, re.IGNORECASE))


def resource_matches(pattern: str, resource: str) -> bool:
    """A wildcard stays in its segment, unless `*` ends the segment (reference_policies_elements_resource.html)."""
    segments = (
        expression(segment.removesuffix("*"), "[^:]") + (".*" if segment.endswith("*") else "")
        for segment in without_variables(pattern).split(":")
    )
    return bool(re.fullmatch(":".join(segments), resource))


def arn_matches(pattern: str, arn: str) -> bool:
    """Each of the six components is compared by itself (reference_policies_elements_condition_operators.html)."""
    patterns, components = (text.split(":", ARN_COMPONENTS - 1) for text in (pattern, arn))
    return len(patterns) == len(components) == ARN_COMPONENTS and all(
        re.fullmatch(expression(wanted), found) for wanted, found in zip(patterns, components)
    )


def boolean_matches(wanted: str, found: str) -> bool:
    """Whether both are true, or both false."""
    return wanted.lower() == found.lower()


OPERATORS = {
    "ArnEquals": Operator(arn_matches),
    "ArnLike": Operator(arn_matches),
    "Bool": Operator(boolean_matches),
    "BoolIfExists": Operator(boolean_matches, if_exists=True),
    "StringEquals": Operator(str.__eq__),
    "StringNotEquals": Operator(str.__eq__, negated=True),
}


def several(value: Any) -> list[Any]:
    """The values of an element that may be written as one value or as a list."""
    return value if isinstance(value, list) else [value]


def without_variables(text: str) -> str:
    """A text of a policy that means what it says."""
    if "${" in text:
        raise Unsupported(f"policy variables are not evaluated: {text}")
    return text


def condition_holds(operator: Operator, values: Iterable[str], found: str | None) -> bool:
    """One key of a condition: any of its values has to match, or none where the operator is negated.

    A key that the request does not have is no match (reference_policies_elements_condition_operators.html).
    """
    if found is None:
        return operator.negated or operator.if_exists
    return any(operator.matches(without_variables(value), found) for value in values) != operator.negated


def conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """All operators and all keys have to hold; names of keys do not depend on case.

    Source: reference_policies_condition-logic-multiple-context-keys-or-values.html
    """
    if unknown := conditions.keys() - OPERATORS.keys():
        raise Unsupported(f"condition operators are not evaluated: {unknown}")
    present = {name.lower(): value for name, value in context.items()}
    return all(
        condition_holds(OPERATORS[operator], several(values), present.get(key.lower()))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def principal_matches(element: Any, principal: Principal) -> bool:
    """Everyone, services by name, or identity providers by ARN (reference_policies_elements_principal.html)."""
    if element in EVERYONE:
        return True
    known = {"Service": principal.service, "Federated": principal.provider}
    if not isinstance(element, dict) or len(element) != 1 or not element.keys() <= known.keys():
        raise Unsupported(f"this principal is not evaluated: {element}")
    ((kind, names),) = element.items()
    return known[kind] in several(names)


def applies(statement: Statement, request: Request) -> bool:
    """Whether a statement speaks of a request; policies of identities name no principal, trust policies no resource."""
    if unknown := statement.keys() - ELEMENTS:
        raise Unsupported(f"elements are not evaluated: {unknown}")
    return (
        principal_matches(statement.get("Principal", "*"), request.principal)
        and any(action_matches(pattern, request.action) for pattern in several(statement["Action"]))
        and any(resource_matches(pattern, request.resource) for pattern in several(statement.get("Resource", "*")))
        and conditions_hold(statement.get("Condition", {}), request.context)
    )


def effects(documents: Iterable[Document], request: Request) -> set[str]:
    """What policies say of a request: any of Allow and Deny."""
    statements = [statement for document in documents for statement in several(document["Statement"])]
    return {statement["Effect"] for statement in statements if applies(statement, request)}


def decide(
    request: Request, owner: str, resource_policies: Iterable[Document], identity_policies: Iterable[Document] = ()
) -> Decision:
    """Decide on a request as AWS does.

    A denial wins. Within an account either kind of policy may allow; across accounts both have to
    (reference_policies_evaluation-logic.html, reference_policies_evaluation-logic-cross-account.html).

    Args:
        request: what is asked for.
        owner: account of the resource.
        resource_policies: those of the resource; the trust policy for the assumption of a role.
        identity_policies: those of the user or role that asks. Give none for the assumption of a role, which the
            trust policy has to allow whoever asks.

    Raises:
        Unsupported: when a policy says what is not evaluated here.
    """
    of_resource, of_identity = effects(resource_policies, request), effects(identity_policies, request)
    if "Deny" in of_resource | of_identity:
        return Decision.EXPLICITLY_DENIED
    across_accounts = request.principal.account not in (None, owner)
    allowing = of_resource & of_identity if across_accounts else of_resource | of_identity
    return Decision.ALLOWED if "Allow" in allowing else Decision.IMPLICITLY_DENIED
