"""Numbers and tables as text."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.reporting.rows import NO_LIMIT, ResultRow, Spread

_HEADINGS = ("What", "This system", "Compared with", "Ratio (minimum to maximum)", "Limit", "Verdict", "Memory")


def format_count(value: float) -> str:
    """A whole number: `1,000,000`."""
    return f"{value:,.0f}"


def format_short_count(value: float) -> str:
    """A round number, in words where it is large, for the axis of a plot: `10 million`, `100,000`, `0.1`."""
    for size, name in ((10**9, "billion"), (10**6, "million")):
        if value >= size:
            return f"{value / size:,.0f} {name}"
    return format_count(value) if value >= 1 else f"{value:g}"


def format_duration(seconds: float) -> str:
    """A time in a suitable unit: `3.1 ms`, `42.0 s`."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def format_megabytes(size: int | None) -> str:
    """A size in bytes: `50 MB`; a dash for None."""
    return "-" if size is None else f"{size / 2**20:.0f} MB"


def format_dollars(amount: float) -> str:
    """An amount of money with two significant digits below a dollar: `$0.0042`, `$12.40`."""
    if amount == 0:
        return "0"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.2g}" if amount >= 0.0001 else "< $0.0001"


def format_ratio(ratio: Spread | None) -> str:
    """`9 (8 to 10)`; the median alone when there was one measurement, a dash when there was none."""
    if ratio is None:
        return "-"
    if ratio.minimum == ratio.maximum:
        return f"{ratio.median:.3g}"
    return f"{ratio.median:.3g} ({ratio.minimum:.3g} to {ratio.maximum:.3g})"


def markdown_rows(rows: Sequence[ResultRow]) -> str:
    """The table of results in Markdown."""
    return markdown_table(_HEADINGS, list(map(_cells, rows)))


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int | None = None) -> str:
    """A table in Markdown.

    Args:
        headings: of its columns.
        rows: texts, as many as headings.
        numbers_from: the first column that contains numbers, which are aligned to the right.
    """
    aligned = len(headings) if numbers_from is None else numbers_from
    rule = ["---" if column < aligned else "---:" for column in range(len(headings))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [headings, rule, *rows])


def print_rows(rows: Sequence[ResultRow]) -> None:
    """Print the table of results: framed on a terminal, one line a row elsewhere."""
    console = Console()
    if not console.is_terminal:
        for row in rows:
            print(" | ".join(_cells(row)))
        return
    table = Table(*_HEADINGS)
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)


def _cells(row: ResultRow) -> tuple[str, ...]:
    return (
        row.subject,
        row.ours,
        row.baseline,
        format_ratio(row.ratio),
        "-" if row.limit == NO_LIMIT else str(row.limit),
        row.verdict.value,
        _memory_text(row.memory),
    )


def _memory_text(memory: tuple[int | None, int | None]) -> str:
    """The peak memory of both, or of the one that was measured."""
    ours, baseline = memory
    return format_megabytes(ours) if baseline is None else f"{format_megabytes(ours)}, {format_megabytes(baseline)}"
