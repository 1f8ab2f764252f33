"""What is drawn, before it is Mermaid or SVG: boxes with rows in groups, arrows between them, their sizes and colours.

Text is measured in DejaVu Sans, which the pictures name first, so sizes are the same on every machine. Verdana, the
next, has nearly the same widths, and other common fonts are narrower. Text has a contrast of at least 4.5 to 1 to its
background (https://www.w3.org/TR/WCAG22/#contrast-minimum), and arrows of at least 3 to 1 to a light and to a dark
page.
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

FONT_FAMILY = "DejaVu Sans, Verdana, Geneva, sans-serif"
TITLE_SIZE = 13
LINE_SIZE = 11
TITLE_HEIGHT = 20
LINE_HEIGHT = 16
PADDING = 12
"""Pixels between the border of a box and its text."""

_TERMINAL_HEIGHT = 28
_CHOICE_HEIGHT = 60
_CHOICE_CORNERS = 84
"""Pixels that a diamond is wider than its text."""

_UNITS_PER_EM = 2048
_CHARACTERS = "".join(map(chr, range(ord(" "), ord("~") + 1))) + "·×"
_REGULAR = """
651 821 942 1716 1303 1946 1597 563 799 799 1024 1716 651 739 651 690 1303 1303 1303 1303 1303 1303 1303 1303 1303 1303
690 690 1716 1716 1716 1087 2048 1401 1405 1430 1577 1294 1178 1587 1540 604 604 1343 1141 1767 1532 1612 1235 1612 1423
1300 1251 1499 1401 2025 1403 1251 1403 799 690 799 1716 1024 1024 1255 1300 1126 1300 1260 721 1300 1298 569 569 1186
569 1995 1298 1253 1300 1300 842 1067 803 1298 1212 1675 1212 1212 1075 1303 690 1303 1716 651 1716
"""
_BOLD = """
713 934 1067 1716 1425 2052 1786 627 936 936 1071 1716 778 850 778 748 1425 1425 1425 1425 1425 1425 1425 1425 1425 1425
819 819 1716 1716 1716 1188 2048 1585 1561 1503 1700 1399 1399 1681 1714 762 762 1587 1305 2038 1714 1741 1501 1741 1577
1475 1397 1663 1585 2259 1579 1483 1485 936 748 936 1716 1024 1024 1382 1466 1214 1466 1389 891 1466 1458 702 702 1362
702 2134 1458 1407 1466 1466 1010 1219 979 1458 1335 1892 1321 1335 1192 1458 748 1458 1716 778 1716
"""
"""Advance widths in units of the font, in the order of `_CHARACTERS` (the table `hmtx` of DejaVu 2.37)."""


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


def _widths(table: str) -> dict[str, int]:
    return dict(zip(_CHARACTERS, map(int, table.split()), strict=True))


_WIDTHS = {False: _widths(_REGULAR), True: _widths(_BOLD)}


@dataclass(frozen=True)
class Rectangle:
    """A place in a picture; y grows downwards, all in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The y that is half way down."""
        return self.y + self.height / 2

    def overlaps(self, other: "Rectangle") -> bool:
        """Whether they have more than a border in common."""
        beside = self.right <= other.x or other.right <= self.x
        return not (beside or self.bottom <= other.y or other.bottom <= self.y)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of a line of text in pixels; a character that the table lacks counts as one em.

    Args:
        size: of the font, in pixels.
    """
    widths = _WIDTHS[bold]
    return round(sum(widths.get(character, _UNITS_PER_EM) for character in text) * size / _UNITS_PER_EM, 1)


def box_width(box: Box) -> float:
    """The width that a box needs for its text."""
    title = text_width(box.title, TITLE_SIZE, bold=True)
    if box.shape is Shape.CHOICE:
        return title + _CHOICE_CORNERS
    small = (*box.lines, *(text for row in box.rows for text in (row.title, *row.notes)))
    return max([title, *(text_width(text, LINE_SIZE) for text in small)]) + 2 * PADDING


def box_height(box: Box) -> float:
    """The height that a box needs for its lines."""
    if box.shape is Shape.CARD:
        return _rows_top(box) + sum(map(_row_height, box.rows)) + PADDING / 2
    return _CHOICE_HEIGHT if box.shape is Shape.CHOICE else _TERMINAL_HEIGHT


def row_tops(box: Box) -> Iterator[tuple[Row, float]]:
    """The rows of a box, and how far below the top of the box the first line of each begins."""
    top = _rows_top(box)
    for row in box.rows:
        yield row, top + PADDING / 2
        top += _row_height(row)


def _rows_top(box: Box) -> float:
    return PADDING + TITLE_HEIGHT + LINE_HEIGHT * len(box.lines)


def _row_height(row: Row) -> float:
    return PADDING / 2 + LINE_HEIGHT * (1 + len(row.notes))
