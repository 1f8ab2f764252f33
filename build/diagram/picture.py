"""What is drawn, before it is Mermaid or SVG: boxes with rows, in groups, and arrows between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum


class Line(Enum):
    """What an arrow looks like; the value is what the legend calls it."""

    DATA = "data"
    FAILURE = "failure"
    PERMISSION = "permission"
    REFERENCE = "refers to"


class Shape(Enum):
    """What a box looks like."""

    TABLE = "table"
    CHOICE = "choice"
    TERMINAL = "terminal"
    POINT = "point"


@dataclass(frozen=True)
class Row:
    """A line of a box that arrows may start from, with smaller lines below it."""

    id: str
    title: str
    subtitle: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """Something drawn.

    Args:
        id: unique in the picture.
        title: its name, in full.
        subtitle: what it is, in smaller letters.
        colour: a key of the palette: a service or a type of state.
        rows: what belongs to it.
        columns: how many rows stand side by side.
        shape: a table, unless it needs another.
    """

    id: str
    title: str
    subtitle: str = ""
    colour: str = ""
    rows: tuple[Row, ...] = ()
    columns: int = 1
    shape: Shape = Shape.TABLE


@dataclass(frozen=True)
class Group:
    """Boxes in a frame with a title."""

    title: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Arrow:
    """An arrow from a box or a row to another, with the lines of text that stand beside it."""

    source: str
    target: str
    line: Line
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A whole picture; groups stand in reading order, and data flows from earlier groups to later ones."""

    title: str
    description: str
    groups: tuple[Group, ...]
    arrows: tuple[Arrow, ...]

    @property
    def boxes(self) -> Iterator[Box]:
        """All boxes, group by group."""
        return (box for group in self.groups for box in group.boxes)

    def homes(self) -> dict[str, Box]:
        """The box in which each id is drawn, its own or that of the first box with such a row."""
        rows = {row.id: box for box in reversed(list(self.boxes)) for row in box.rows}
        return rows | {box.id: box for box in self.boxes}


def merged(arrows: Iterable[Arrow]) -> tuple[Arrow, ...]:
    """Arrows with the same ends and line as one arrow that carries all their labels, each once."""
    labels: dict[tuple[str, str, Line], dict[str, None]] = {}
    for arrow in arrows:
        labels.setdefault((arrow.source, arrow.target, arrow.line), {}).update(dict.fromkeys(arrow.labels))
    return tuple(Arrow(*ends, tuple(filter(None, texts))) for ends, texts in labels.items())


def legend(lines: Iterable[Line]) -> tuple[Group, tuple[Arrow, ...]]:
    """A group that shows what each line means, and its arrows."""
    arrows = tuple(Arrow(f"{line.value} from", f"{line.value} to", line, (line.value,)) for line in lines)
    ends = (Box(end, "", shape=Shape.POINT) for arrow in arrows for end in (arrow.source, arrow.target))
    return Group("Legend", tuple(ends)), arrows
