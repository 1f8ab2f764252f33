"""Results as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from build.deployment.one_line import one_line


@dataclass(frozen=True)
class Table:
    """Rows of text under column names; without names there is no heading."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    @property
    def lines(self) -> list[str]:
        """The title, and a line for each row, its columns aligned."""
        heading = [self.columns] if any(self.columns) else []
        rows = [tuple(map(one_line, row)) for row in (*heading, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        aligned = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return [self.title, *(f"  {line}".rstrip() for line in aligned)]


def outputs_table(stack_name: str, outputs: Mapping[str, str]) -> Table:
    """The outputs of a stack, by name."""
    return Table(f"Outputs of {stack_name}", ("output", "value"), sorted(outputs.items()))
