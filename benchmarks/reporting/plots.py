"""Plots of the results as SVG: the same bytes for the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log10
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.costs.growth import (
    EXECUTION_LIMIT,
    INVOCATION_LIMIT,
    RECORDS_A_DAY,
    WRITES_LIMIT,
    Growth,
    GrowthLimit,
    first_crossing,
    height_at,
)
from benchmarks.reporting.formatting import format_ratio, format_short_count
from benchmarks.reporting.rows import ResultRow, Spread

_STYLE: dict[Any, Any] = {
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
_METADATA = {"Date": None, "Creator": None}

_REACHED = "#0072b2"
_MISSED = "#d55e00"
_LIMIT = "#555555"


@dataclass(frozen=True)
class _LineStyle:
    """How a line is drawn: colours for every kind of colour vision (Okabe and Ito), and dashes."""

    color: str
    dashes: str


_NAME_DISTANCE = 0.06
"""Least distance between two names, as a share of the height of a plot."""

_LINES = (
    _LineStyle("#0072b2", "-"),
    _LineStyle("#cc79a7", "-."),
    _LineStyle("#d55e00", ":"),
    _LineStyle("#009e73", "--"),
)
_FAINT = 0.3
"""How opaque a line is beyond the first limit that its implementation crosses."""


def draw_ratios(rows: Sequence[ResultRow], file: Path) -> None:
    """Draw how far every ratio is from its limit; ratios that have to be exact have no distance."""
    drawn = [row for row in rows if row.ratio and row.limit.one_sided]
    with rc_context(_STYLE):
        figure = Figure(figsize=(11, 0.42 * len(drawn) + 1.3), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.axvline(1, color=_LIMIT, linewidth=1.2)
        for height, row in enumerate(reversed(drawn)):
            if row.ratio:
                _draw_ratio(axes, height, row, row.ratio)
        _label_ratios(axes, drawn)
        _save(figure, file)


def _draw_ratio(axes: Axes, height: int, row: ResultRow, ratio: Spread) -> None:
    """A dot for the median of a ratio, a line from its minimum to its maximum, and its value."""
    ends = sorted(row.limit.margin(value) for value in (ratio.minimum, ratio.maximum))
    color = _REACHED if row.limit.allows(ratio.median) else _MISSED
    axes.plot(ends, [height, height], color=color, linewidth=3, alpha=0.45, solid_capstyle="round")
    axes.plot(row.limit.margin(ratio.median), height, "o", color=color, markersize=7)
    words = f"{format_ratio(ratio)}, {row.limit}"
    axes.text(1.01, height, words, transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=color)


def _label_ratios(axes: Axes, rows: Sequence[ResultRow]) -> None:
    """Name the rows, and what the distance from the line means."""
    axes.set_yticks(range(len(rows)), [row.subject for row in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(0.5, max(8.0, axes.get_xlim()[1]))
    times = [4**power for power in range(1, 5) if 4**power <= axes.get_xlim()[1]]
    axes.set_xticks([1, *times], ["the limit", *(f"{number} times" for number in times)])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.set_xlabel("how much better than the limit (logarithmic)")


def draw_money(growths: Sequence[Growth], file: Path) -> None:
    """Draw what a day costs by its records."""
    _draw_panels(growths, [_Panel("dollars a day", [growth.dollars for growth in growths])], file)


def draw_read_units(growths: Sequence[Growth], file: Path) -> None:
    """Draw what the daily summary reads by the records of the day."""
    _draw_panels(growths, [_Panel("read units a day", [growth.read_units for growth in growths])], file)


def draw_summary_time(growths: Sequence[Growth], file: Path) -> None:
    """Draw how long the daily summary and its longest invocation take by the records of the day."""
    panels = [
        _limited_panel("seconds of an execution", EXECUTION_LIMIT, growths),
        _limited_panel("seconds of its longest invocation", INVOCATION_LIMIT, growths),
    ]
    _draw_panels(growths, panels, file)


def draw_writes(growths: Sequence[Growth], file: Path) -> None:
    """Draw how much is written to one partition key by the records of the day."""
    _draw_panels(growths, [_limited_panel("writes/s to a partition key", WRITES_LIMIT, growths)], file)


@dataclass(frozen=True)
class _Panel:
    """Lines with one vertical axis.

    Args:
        label: of the axis.
        heights: of the lines, at each of `RECORDS_A_DAY`.
        limit: that is drawn.
    """

    label: str
    heights: Sequence[Sequence[float]]
    limit: GrowthLimit | None = None


def _limited_panel(label: str, limit: GrowthLimit, growths: Sequence[Growth]) -> _Panel:
    return _Panel(label, [limit.quantity(growth) for growth in growths], limit)


def _draw_panels(growths: Sequence[Growth], panels: Sequence[_Panel], file: Path) -> None:
    """Draw panels one below the other, with a line for each implementation and its name where it ends."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(9, 0.4 + 4.2 * len(panels)), layout="constrained")
        rows = figure.subplots(len(panels), sharex=True, squeeze=False)
        for (axes,), panel in zip(rows, panels, strict=True):
            _draw_panel(axes, panel, growths)
        rows[-1][0].set_xlabel("records a day")
        _save(figure, file)


def _draw_panel(axes: Axes, panel: _Panel, growths: Sequence[Growth]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    if panel.limit:
        _draw_limit(axes, panel.limit)
    for growth, line, style in zip(growths, panel.heights, _LINES, strict=True):
        _draw_line(axes, growth, line, style)
    _label_panel(axes, panel.label)
    _name_lines(axes, [line[-1] for line in panel.heights], [growth.name for growth in growths])


def _draw_limit(axes: Axes, limit: GrowthLimit) -> None:
    axes.axhline(limit.most, color=_LIMIT, linewidth=1)
    place = (RECORDS_A_DAY[0], limit.most)
    axes.annotate(limit.name, place, (0, 5), textcoords="offset points", color=_LIMIT, fontsize=9)


def _draw_line(axes: Axes, growth: Growth, line: Sequence[float], style: _LineStyle) -> None:
    """A line, faint beyond a cross where its implementation crosses a limit."""
    crossing = first_crossing(growth)
    end = crossing.records if crossing else RECORDS_A_DAY[-1]
    points = list(zip(RECORDS_A_DAY, line, strict=True))
    cross = (end, height_at(line, end))
    works, broken = (point for point in points if point[0] < end), (point for point in points if point[0] > end)
    axes.plot(*zip(*works, cross), style.dashes, color=style.color, linewidth=2.4)
    if crossing:
        axes.plot(*zip(cross, *broken), style.dashes, color=style.color, linewidth=2.4, alpha=_FAINT)
        axes.plot(*cross, "X", color=style.color, markersize=9, markeredgecolor="white", zorder=3)


def _name_lines(axes: Axes, ends: Sequence[float], names: Sequence[str]) -> None:
    """Write the name of each line where it ends, one above the other where lines end close together."""
    minimum, maximum = map(log10, axes.get_ylim())
    wanted = [(log10(end) - minimum) / (maximum - minimum) for end in ends]
    for height, name, style in zip(apart(wanted, _NAME_DISTANCE), names, _LINES, strict=True):
        axes.text(1.01, height, name, transform=axes.transAxes, color=style.color, va="center", fontweight="bold")


def apart(heights: Sequence[float], distance: float) -> list[float]:
    """The same heights, each moved down as far as keeps it a distance below the next higher one."""
    moved: dict[int, float] = {}
    ceiling = inf
    for index in sorted(range(len(heights)), key=lambda index: -heights[index]):
        moved[index] = ceiling = min(heights[index], ceiling - distance)
    return [moved[index] for index in range(len(heights))]


def _label_panel(axes: Axes, label: str) -> None:
    """Name the vertical axis, and write out the numbers of both."""
    axes.set_ylabel(label)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_short_count(value)))
        axis.set_minor_formatter(NullFormatter())


def _save(figure: Figure, file: Path) -> None:
    """Write a plot without a date."""
    figure.savefig(file, format="svg", metadata=_METADATA)
