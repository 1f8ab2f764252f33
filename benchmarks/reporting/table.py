"""Rows as a table in Markdown, and on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.measuring.spread import Spread
from benchmarks.reporting.numbers import megabytes
from benchmarks.reporting.rows import NONE, Row

HEADINGS = ("What", "This system", "Compared with", "Ratio (least to greatest)", "Limit", "Verdict", "Memory")


def cells(row: Row) -> tuple[str, ...]:
    """The texts of a row, below the headings."""
    return (
        row.subject,
        row.ours,
        row.baseline,
        ratio_text(row.ratio),
        "-" if row.limit == NONE else str(row.limit),
        row.verdict.value,
        memory_text(row.memory),
    )


def ratio_text(ratio: Spread | None) -> str:
    """The middle of a ratio, and what it lies between when it was measured several times."""
    if ratio is None:
        return "-"
    if ratio.least == ratio.greatest:
        return f"{ratio.middle:.3g}"
    return f"{ratio.middle:.3g} ({ratio.least:.3g} to {ratio.greatest:.3g})"


def memory_text(memory: tuple[int | None, int | None]) -> str:
    """The peak memory of both, or of the one that was measured."""
    ours, baseline = memory
    return megabytes(ours) if baseline is None else f"{megabytes(ours)}, {megabytes(baseline)}"


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int | None = None) -> str:
    """A table in Markdown.

    Args:
        headings: of its columns.
        rows: texts, as many as headings.
        numbers_from: the first column that holds numbers, which are aligned to the right.
    """
    aligned = len(headings) if numbers_from is None else numbers_from
    rule = ["---" if column < aligned else "---:" for column in range(len(headings))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [headings, rule, *rows])


def show(rows: Sequence[Row]) -> None:
    """Print the table: with a frame on a terminal, one line a row elsewhere."""
    console = Console()
    if not console.is_terminal:
        for row in rows:
            print(" | ".join(cells(row)))
        return
    table = Table(*HEADINGS)
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)
