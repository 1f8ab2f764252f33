"""What is changed to make a mutant: a choice of cosmic-ray's operators, and two of our own in its terms."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import FStringString, String
from parso.tree import NodeOrLeaf

Position: TypeAlias = tuple[tuple[int, int], tuple[int, int]]

# One replacement for each operator: whatever kills `a - b` for `a + b` kills `a * b` too.
_FROM_COSMIC_RAY = (
    "AddNot",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ReplaceAndWithOr",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_Mod_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Pow_Mul",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_USub_UAdd",
    "ZeroIterationForLoop",
)
_LISTS = {"arglist", "dictorsetmaker", "testlist_comp"}


class ChangeText(Operator):
    """Puts two letters before a text, or before a part of a formatted one."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        """One for each text."""
        if isinstance(node, (FStringString, String)):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Change the text in place."""
        opening = len(node.string_prefix) + 1 if isinstance(node, String) else 0
        node.value = f"{node.value[:opening]}XX{node.value[opening:]}"
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """None: cosmic-ray's own tests use them."""
        return ()


class RemoveElement(Operator):
    """Takes an element out of a list, tuple, set or dictionary, or a keyword argument out of a call."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        """One for each element."""
        for first, last in _elements(node):
            yield first.start_pos, last.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Take the element out of its node, with the comma after it, else that before it."""
        first, last = list(_elements(node))[index]
        start, end = node.children.index(first), node.children.index(last) + 1
        if end < len(node.children) and _is_comma(node.children[end]):
            end += 1
        elif _is_comma(node.children[start - 1]):
            start -= 1
        del node.children[start:end]
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """None: cosmic-ray's own tests use them."""
        return ()


def _is_comma(node: Any) -> bool:
    return getattr(node, "value", "") == ","


def _elements(node: Any) -> Iterator[tuple[Any, Any]]:
    """The first and the last child of each element that can be removed from a node."""
    kind, children = node.type, getattr(node, "children", [])
    if kind in _LISTS and children[-1].type != "sync_comp_for":
        for element in _divided(children):
            if kind != "arglist" or _is_keyword(element[0]):
                yield element[0], element[-1]
    if kind == "trailer" and _is_keyword(children[1]):
        yield children[1], children[1]
    if kind == "atom" and len(children) == 3 and children[0].value == "[" and children[1].type not in _LISTS:
        yield children[1], children[1]


def _divided(children: list[Any]) -> Iterator[list[Any]]:
    """The children between commas."""
    element: list[Any] = []
    for child in children:
        if not _is_comma(child):
            element.append(child)
        elif element:
            yield element
            element = []
    if element:
        yield element


def _is_keyword(node: Any) -> bool:
    return node.type == "argument" and getattr(node.children[1], "value", "") == "="


def all_operators() -> list[Any]:
    """One of each."""
    return [*(get_operator(f"core/{name}")() for name in _FROM_COSMIC_RAY), ChangeText(), RemoveElement()]
