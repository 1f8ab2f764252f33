"""Mutants of a small module."""

import pytest

from tests.mutation.mutants import EquivalentMutant, Mutant, mutants_of

MODULE = '''"""Not changed, a = 1."""

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from module import Name

Names: TypeAlias = list["Name"]


def function(a: "Name", b: int | None = None) -> "int | None":
    return call([a, "text"], strict=True)
'''


def changes(module: str) -> set[tuple[str, str]]:
    return {(mutant.before, mutant.after) for mutant in mutants_of("file.py", module)}


def test_code_is_changed_and_nothing_else() -> None:
    line = 'return call([a, "text"], strict=True)'
    assert changes(MODULE) == {
        (line, 'return call([a, "XXtext"], strict=True)'),
        (line, 'return call([a, "text"], strict=False)'),
        (line, 'return call([ "text"], strict=True)'),
        (line, "return call([a], strict=True)"),
        (line, 'return call([a, "text"])'),
    }


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("a = f'{b} c'", "a = f'{b}XX c'"),
        ("a = {'b': 1}", "a = {}"),
        ("a = [b]", "a = []"),
        ("a = f(b=c)", "a = f()"),
        ("a = b < 3", "a = b <= 3"),
        ("a = 7", "a = 8"),
        ("a = b | c", "a = b & c"),
        ("a = not b", "a = b"),
    ],
)
def test_a_line_is_changed(line: str, after: str) -> None:
    assert (line, after) in changes(line + "\n")


def test_a_mutant_names_its_place() -> None:
    (mutant,) = [mutant for mutant in mutants_of("file.py", MODULE) if "XX" in mutant.code]
    assert str(mutant).splitlines()[0] == "file.py:12"
    assert "XXtext" in mutant.code and MODULE.splitlines()[3] in mutant.code


@pytest.mark.parametrize(("file", "expected"), [("", True), ("file.py", True), ("other.py", False)])
def test_an_equivalent_mutant_is_known_by_its_change(file: str, expected: bool) -> None:
    mutant = Mutant("file.py", 1, "a = 2\n", "a = 1", "a = 2")
    assert EquivalentMutant("a = 1", "a = 2", "a is not used", file).is_like(mutant) is expected
    assert not EquivalentMutant("a = 1", "a = 3", "a is not used", file).is_like(mutant)
