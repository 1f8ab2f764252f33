"""Pictures of the results as SVG: the same bytes for the same numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, log10
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.costs.growth import RECORDS_A_DAY, Growth
from benchmarks.measuring.spread import Spread
from benchmarks.reporting.numbers import short_count
from benchmarks.reporting.rows import Row
from benchmarks.reporting.table import ratio_text
from stack.config import ANALYTICS_PROCESSOR

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "benchmarks",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": "#222222",
    "axes.labelcolor": "#222222",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "axes.edgecolor": "#888888",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8e8e8",
}
METADATA = {"Date": None, "Creator": None}

REACHED = "#0072b2"
MISSED = "#d55e00"
LIMIT = "#555555"


@dataclass(frozen=True)
class LineStyle:
    """How a line is drawn; colours that are told apart with any kind of sight (Okabe and Ito), and dashes."""

    color: str
    dashes: str


BETWEEN_NAMES = 0.06
"""Of the height of a picture."""

LINES = (LineStyle("#0072b2", "-"), LineStyle("#d55e00", ":"), LineStyle("#009e73", "--"))


def draw_ratios(rows: Sequence[Row], file: Path) -> None:
    """Draw how far every ratio lies from its limit; those that can only be exact have no distance.

    Args:
        rows: of the table.
        file: to write.
    """
    drawn = [row for row in rows if row.ratio and row.limit.measurable]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 0.42 * len(drawn) + 1.3), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.axvline(1, color=LIMIT, linewidth=1.2)
        for height, row in enumerate(reversed(drawn)):
            if row.ratio:
                draw_ratio(axes, height, row, row.ratio)
        label_ratios(axes, drawn)
        save(figure, file)


def draw_ratio(axes: Axes, height: int, row: Row, ratio: Spread) -> None:
    """A dot for the middle of a ratio, a line for what it lies between, and its value in words."""
    ends = sorted(row.limit.margin(value) for value in (ratio.least, ratio.greatest))
    color = REACHED if row.limit.holds(ratio.middle) else MISSED
    axes.plot(ends, [height, height], color=color, linewidth=3, alpha=0.45, solid_capstyle="round")
    axes.plot(row.limit.margin(ratio.middle), height, "o", color=color, markersize=7)
    words = f"{ratio_text(ratio)}, {row.limit}"
    axes.text(1.01, height, words, transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=color)


def label_ratios(axes: Axes, rows: Sequence[Row]) -> None:
    """Name the rows, and say what the distance from the line means."""
    axes.set_yticks(range(len(rows)), [row.subject for row in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(0.5, max(8.0, axes.get_xlim()[1]))
    axes.set_xticks([0.5, 1, 2, 4, 8], ["½", "the limit", "2 times", "4 times", "8 times"])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.set_xlabel("how much better than the limit (logarithmic)")


def draw_money(growths: Sequence[Growth], file: Path) -> None:
    """Draw what a day costs, against the records of the day."""
    draw_growth([growth.dollars for growth in growths], growths, "dollars a day", file)


def draw_read_units(growths: Sequence[Growth], file: Path) -> None:
    """Draw what the daily summary reads, against the records of the day."""
    draw_growth([growth.read_units for growth in growths], growths, "read units a day", file)


def draw_summary_time(growths: Sequence[Growth], file: Path) -> None:
    """Draw how long the daily summary takes, against the records of the day, and where its function is stopped."""
    draw_growth(
        [growth.summary_seconds for growth in growths], growths, "seconds of the daily summary", file, mark_timeout
    )


def mark_timeout(axes: Axes) -> None:
    """Draw the time after which Lambda ends the analytics processor."""
    timeout = ANALYTICS_PROCESSOR.timeout
    axes.axhline(timeout, color=LIMIT, linewidth=1)
    words = f"the function's time-out, {timeout // 60} minutes"
    axes.annotate(words, (RECORDS_A_DAY[0], timeout), (0, 5), textcoords="offset points", color=LIMIT, fontsize=9)


def draw_growth(
    heights: Sequence[Sequence[float]],
    growths: Sequence[Growth],
    label: str,
    file: Path,
    mark: Callable[[Axes], None] = lambda axes: None,
) -> None:
    """Draw a line for each implementation, with its name where it ends.

    Args:
        heights: of the lines, at each of `RECORDS_A_DAY`.
        growths: that they belong to.
        label: of the upright axis.
        file: to write.
        mark: draws what else belongs there.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.set_yscale("log")
        mark(axes)
        for line, style in zip(heights, LINES, strict=True):
            axes.plot(RECORDS_A_DAY, line, style.dashes, color=style.color, linewidth=2.4)
        label_growth(axes, label)
        name_lines(axes, [line[-1] for line in heights], [growth.name for growth in growths])
        save(figure, file)


def name_lines(axes: Axes, ends: Sequence[float], names: Sequence[str]) -> None:
    """Write the name of each line where it ends, one above the other where lines end close together."""
    least, greatest = map(log10, axes.get_ylim())
    wanted = [(log10(end) - least) / (greatest - least) for end in ends]
    for height, name, style in zip(apart(wanted, BETWEEN_NAMES), names, LINES, strict=True):
        axes.text(1.01, height, name, transform=axes.transAxes, color=style.color, va="center", fontweight="bold")


def apart(heights: Sequence[float], distance: float) -> list[float]:
    """Heights as wanted, in their order, moved down from the highest as far as keeps them a distance apart."""
    moved: dict[int, float] = {}
    ceiling = inf
    for index in sorted(range(len(heights)), key=lambda each: -heights[each]):
        moved[index] = ceiling = min(heights[index], ceiling - distance)
    return [moved[index] for index in range(len(heights))]


def label_growth(axes: Axes, label: str) -> None:
    """Name the axes, and write their numbers out."""
    axes.set_xlabel("records a day")
    axes.set_ylabel(label)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))
        axis.set_minor_formatter(NullFormatter())


def save(figure: Figure, file: Path) -> None:
    """Write a picture without a date."""
    figure.savefig(file, format="svg", metadata=METADATA)
