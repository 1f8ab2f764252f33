"""What is drawn, before it is Mermaid or SVG: boxes with rows, in groups, and arrows between them; and its colours.

Text has a contrast of at least 4.5 to 1 to its background (https://www.w3.org/TR/WCAG22/#contrast-minimum), and arrows
of at least 3 to 1 to a light and to a dark page.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

INK = "#1f2328"
FAINT_INK = "#48505a"
PAPER = "#ffffff"
FRAME = "#8c959f"
GROUP = "#f6f8fa"
RULE = "#d0d7de"

PLAIN = "#444c56"
COLOURS = {
    "Choice": "#1b4f91",
    "CloudWatch": "#7d1f4e",
    "DynamoDB": "#26418f",
    "Events": "#6b2380",
    "Fail": "#8f1d14",
    "Lambda": "#8a3f00",
    "S3": "#2f5d1e",
    "SNS": "#7d1f4e",
    "SQS": "#6b2380",
    "StepFunctions": "#6b2380",
    "Succeed": "#2f5d1e",
    "Task": "#8a3f00",
}
"""By service or type of state; anything else is plain."""


class Line(Enum):
    """The kind of an arrow; the value is what the legend calls it."""

    DATA = "data"
    FAILURE = "failure"
    PERMISSION = "permission"
    REFERENCE = "refers to"


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn.

    Args:
        width: in pixels.
        dashes: SVG's stroke-dasharray; empty for a solid line.
    """

    colour: str
    width: float
    dashes: str = ""


STROKES = {
    Line.DATA: Stroke("#1a63d8", 2.2),
    Line.FAILURE: Stroke("#c7222d", 1.6, "6 4"),
    Line.PERMISSION: Stroke("#636c76", 1.3),
    Line.REFERENCE: Stroke("#8250df", 1.3, "1 4"),
}


class Shape(Enum):
    """The outline of a box."""

    CARD = "card"
    CHOICE = "choice"
    TERMINAL = "terminal"


@dataclass(frozen=True)
class Row:
    """A line of a box that arrows may start from, with smaller lines below it."""

    id: str
    title: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """Something that arrows lead to and from.

    Args:
        id: unique in the picture.
        title: its name, in full.
        lines: what it is, in smaller letters.
        colour: a key of `COLOURS`: a service or a type of state.
        rows: the entries below a rule.
        tooltip: what SVG shows when the pointer rests on it.
    """

    id: str
    title: str
    lines: tuple[str, ...] = ()
    colour: str = ""
    rows: tuple[Row, ...] = ()
    shape: Shape = Shape.CARD
    tooltip: str = ""


@dataclass(frozen=True)
class Group:
    """Boxes in a frame with a title."""

    title: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Arrow:
    """An arrow from a box or a row to a box, with the words that stand beside it."""

    source: str
    target: str
    line: Line
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A whole picture; groups and their boxes stand in reading order."""

    title: str
    description: str
    groups: tuple[Group, ...]
    arrows: tuple[Arrow, ...]

    @property
    def boxes(self) -> Iterator[Box]:
        """All boxes, group by group."""
        return (box for group in self.groups for box in group.boxes)

    @property
    def legend(self) -> tuple[Line, ...]:
        """The kinds of its arrows, when there is more than one to tell apart."""
        used = tuple(line for line in Line if any(arrow.line is line for arrow in self.arrows))
        return used if len(used) > 1 else ()

    def homes(self) -> dict[str, Box]:
        """The box of each id: its own, or the first one with such a row."""
        rows = {row.id: box for box in reversed(list(self.boxes)) for row in box.rows}
        return rows | {box.id: box for box in self.boxes}


def merged(arrows: Iterable[Arrow]) -> tuple[Arrow, ...]:
    """Arrows with the same ends and line as one arrow that carries all their labels, each once."""
    labels: dict[tuple[str, str, Line], dict[str, None]] = {}
    for arrow in arrows:
        labels.setdefault((arrow.source, arrow.target, arrow.line), {}).update(dict.fromkeys(arrow.labels))
    return tuple(Arrow(*ends, tuple(filter(None, texts))) for ends, texts in labels.items())


def colour(key: str) -> str:
    """The colour of a service or type of state."""
    return COLOURS.get(key, PLAIN)
