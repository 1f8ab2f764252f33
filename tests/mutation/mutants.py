"""The mutants of a module, and those among them that no test can tell from the original."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tests.mutation.operators import all_operators

_EQUIVALENT_MUTANTS = Path(__file__).parent / "equivalent.toml"


@dataclass(frozen=True)
class Mutant:
    """A module with one change in it.

    Args:
        file: the module, by its path in the project.
        line: where the change is.
        code: the whole module with the change.
        before: what is changed, without indentation.
        after: what it is changed to.
    """

    file: str
    line: int
    code: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}\n    - {self.before}\n    + {self.after}"


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module that is no change of an annotation or docstring alone."""
    ignored = list(_without_behaviour(ast.parse(text)))
    for operator in all_operators():
        positions = (start for node in ast_nodes(get_ast(text)) for start, _ in operator.mutation_positions(node))
        for occurrence, (line, column) in enumerate(positions):
            if any(start <= (line, column) < end for start, end in ignored):
                continue
            code = mutate_code(text, operator, occurrence)
            before, after = _difference(text, code)
            yield Mutant(file, line, code, before, after)


def _difference(text: str, code: str) -> tuple[str, str]:
    """The changed lines of two texts, before and after."""
    lines = [line for line in unified_diff(text.splitlines(), code.splitlines(), n=0, lineterm="")][2:]
    sides = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    before, after = (" ".join(" ".join(side).split()) for side in sides)
    return before, after


def _without_behaviour(tree: ast.AST) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations, type aliases, docstrings and imports for type checkers begin and end."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())) | ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
                yield _span(node)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield _span(node)
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is not None:
                yield _span(annotation)


def _span(node: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


@dataclass(frozen=True)
class EquivalentMutant:
    """A mutant that behaves as the original does.

    Args:
        before: of such a mutant.
        after: of it.
        reason: why no test can tell.
        file: of the mutant; any when empty.
    """

    before: str
    after: str
    reason: str
    file: str = ""

    def is_like(self, mutant: Mutant) -> bool:
        """Whether a mutant is this one."""
        return (self.before, self.after) == (mutant.before, mutant.after) and self.file in ("", mutant.file)


def equivalent_mutants() -> list[EquivalentMutant]:
    """Those that are listed in equivalent.toml."""
    return [EquivalentMutant(**entry) for entry in tomllib.loads(_EQUIVALENT_MUTANTS.read_text())["mutants"]]
