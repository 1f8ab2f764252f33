"""Text as a terminal or a log shows it: one safe line, and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from rich.box import HEAVY_HEAD, Box
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding, PaddingDimensions
from rich.table import Table
from rich.text import Text

_UNLIMITED = 10_000
_SPACES_BETWEEN_COLUMNS = 2


def one_line(text: str) -> str:
    """The words of a text, without line breaks and the control characters that a terminal would obey."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


@dataclass(frozen=True)
class TextTable:
    """Rows of text under column names; without names there is no heading."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    @property
    def lines(self) -> list[str]:
        """The table without a frame: the title, and a line for each row, its columns aligned."""
        console = Console(file=StringIO(), width=_UNLIMITED, force_terminal=False)
        with console.capture() as captured:
            console.print(Padding(self._drawn(None, (0, _SPACES_BETWEEN_COLUMNS, 0, 0)), (0, 0, 0, 2), expand=False))
        return [self.title, *(line.rstrip() for line in captured.get().splitlines())]

    @property
    def framed(self) -> Table:
        """The table in a frame, its title above it."""
        table = self._drawn(HEAVY_HEAD, (0, 1))
        table.title, table.title_justify = self.title, "left"
        return table

    def _drawn(self, box: Box | None, padding: PaddingDimensions) -> Table:
        table = Table(box=box, padding=padding, pad_edge=box is not None, show_header=any(self.columns))
        for column in self.columns:
            table.add_column(column)
        for row in self.rows:
            table.add_row(*(Text(one_line(cell)) for cell, _ in zip(row, self.columns, strict=True)))
        return table


def print_table(console: Console, table: TextTable) -> None:
    """Print a table, in a frame only on a terminal that is wide enough: a frame cuts names that people want to copy."""
    unlimited = console.options.update(max_width=_UNLIMITED)
    if console.is_terminal and Measurement.get(console, unlimited, table.framed).maximum <= console.width:
        console.print(table.framed)
        return
    for line in table.lines:
        console.print(Text(line), soft_wrap=True)
