"""Event filtering: which records of a stream a mapping sends to its function.

The syntax is that of LDG invocation-eventfiltering: a pattern mirrors the record, and its leaves are lists of values or
comparisons of which one must hold.
"""

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from build.errors import CommandError

Pattern = dict[str, Any]
Values = list[Any]

ALTERNATIVES = "$or"
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def elements(value: object) -> Values:
    """The elements of a list, else the value as the only one."""
    return value if isinstance(value, list) else [value]


def same(one: object, other: object) -> bool:
    """Exact equality, without folding case or taking 1, 1.0 and true for one another."""
    return type(one) is type(other) and one == other


def is_text(value: object) -> bool:
    """Whether a value is text."""
    return isinstance(value, str)


def is_number(value: object) -> bool:
    """Whether a value is a JSON number; DynamoDB's own numbers are text."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_range(operand: object) -> bool:
    """Whether an operand is like `["=", 100]` or `[">", 0, "<=", 5]`."""
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return False
    return all(sign in SIGNS for sign in operand[::2]) and all(map(is_number, operand[1::2]))


def is_choice(operand: object) -> bool:
    """Whether an operand is text or a number, or a list of them."""
    values = elements(operand)
    return bool(values) and all(is_text(value) or is_number(value) for value in values)


def in_range(bounds: list[Any], value: Any) -> bool:
    """Whether a value is a number and within every bound."""
    return is_number(value) and all(SIGNS[sign](value, bound) for sign, bound in zip(bounds[::2], bounds[1::2]))


@dataclass(frozen=True)
class Comparison:
    """A comparison of the filter syntax.

    Args:
        accepts: whether an operand is well formed.
        holds: whether it holds, given the operand and the leaf values found.
    """

    accepts: Callable[[object], bool]
    holds: Callable[[Any, Values], bool]


def of_any(test: Callable[[Any, Any], bool]) -> Callable[[Any, Values], bool]:
    """A test of one value, made a test that at least one of the values found passes."""
    return lambda operand, found: any(test(operand, value) for value in found)


COMPARISONS = {
    "prefix": Comparison(is_text, of_any(lambda start, value: is_text(value) and value.startswith(start))),
    "suffix": Comparison(is_text, of_any(lambda end, value: is_text(value) and value.endswith(end))),
    "equals-ignore-case": Comparison(
        is_text, of_any(lambda text, value: is_text(value) and value.casefold() == text.casefold())
    ),
    "anything-but": Comparison(
        is_choice, of_any(lambda choice, value: not any(same(excluded, value) for excluded in elements(choice)))
    ),
    "numeric": Comparison(is_range, of_any(in_range)),
    "exists": Comparison(lambda wanted: isinstance(wanted, bool), lambda wanted, found: bool(found) is wanted),
}


def is_rule(rule: object) -> bool:
    """Whether an element of a leaf is a plain value or one comparison that Lambda documents."""
    if not isinstance(rule, dict):
        return not isinstance(rule, list)
    return len(rule) == 1 and all(
        name in COMPARISONS and COMPARISONS[name].accepts(operand) for name, operand in rule.items()
    )


def is_member(name: str, content: object) -> bool:
    """Whether a member of a pattern is well formed: alternatives, a nested pattern or a leaf."""
    if isinstance(content, dict) and name != ALTERNATIVES:
        return is_pattern(content)
    valid = is_pattern if name == ALTERNATIVES else is_rule
    return isinstance(content, list) and bool(content) and all(map(valid, content))


def is_pattern(pattern: object) -> bool:
    """Whether a pattern is well formed all the way down."""
    return isinstance(pattern, dict) and all(is_member(name, content) for name, content in pattern.items())


def parse_pattern(text: str) -> Pattern:
    """Read one pattern of a mapping's FilterCriteria.

    Args:
        text: the pattern as JSON.

    Returns:
        The pattern, ready for `matches`.

    Raises:
        CommandError: it is not JSON, or uses a comparison that Lambda does not document.
    """
    try:
        pattern = json.loads(text)
    except ValueError:
        pattern = None
    if not is_pattern(pattern):
        raise CommandError(
            f"the filter pattern {text!r} is not understood: write a JSON object whose leaves are lists of values or "
            f"of comparisons ({', '.join(COMPARISONS)}), with {ALTERNATIVES} for alternatives."
        )
    return dict(pattern)


def rule_holds(rule: Any, found: Values) -> bool:
    """Whether one element of a leaf holds for the values found in the record."""
    if isinstance(rule, dict):
        return all(COMPARISONS[name].holds(operand, found) for name, operand in rule.items())
    return any(same(rule, value) for value in found)


def member_matches(name: str, content: Any, record: dict[str, Any]) -> bool:
    """Whether one member of a pattern holds; `exists` sees leaves only, never objects."""
    if name == ALTERNATIVES:
        return any(matches(alternative, record) for alternative in content)
    found = elements(record[name]) if name in record else []
    objects = [value for value in found if isinstance(value, dict)]
    if isinstance(content, dict):
        return any(matches(content, value) for value in objects or [{}])
    leaves = [value for value in found if not isinstance(value, dict)]
    return any(rule_holds(rule, leaves) for rule in content)


def matches(pattern: Pattern, record: dict[str, Any]) -> bool:
    """Whether every member of a pattern holds.

    Args:
        pattern: what `parse_pattern` returned.
        record: the record as the function would get it, or an object within it.
    """
    return all(member_matches(name, content, record) for name, content in pattern.items())


def passes(filters: tuple[Pattern, ...], record: dict[str, Any]) -> bool:
    """Whether a record satisfies at least one of a mapping's filters, or the mapping has none."""
    return not filters or any(matches(pattern, record) for pattern in filters)
