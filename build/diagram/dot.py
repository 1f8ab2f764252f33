"""A picture as Graphviz DOT text; boxes are HTML-like tables (https://graphviz.org/doc/info/shapes.html#html)."""

import html
import re
from collections.abc import Iterator

from build.diagram.palette import FAINT_INK, FRAME, GROUP, INK, PAPER, STROKES, colour
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row, Shape

FONT = "Helvetica,Arial,sans-serif"
SMALL = 11
PERMISSIONS = {Line.PERMISSION, Line.REFERENCE}

HEADER = f"""\
  graph [rankdir=LR, bgcolor="{PAPER}", fontname="{FONT}", fontsize=16, fontcolor="{INK}", style="rounded,filled",
    color="{FRAME}", fillcolor="{GROUP}", labeljust=l, nodesep=0.3, ranksep=0.5, pad=0.2]
  node [shape=plain, fontname="{FONT}", fontsize=12, fontcolor="{INK}"]
  edge [fontname="{FONT}", fontsize={SMALL}, arrowsize=0.8]"""


def quoted(text: str) -> str:
    """A DOT string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def attributes(**values: object) -> str:
    """A DOT attribute list."""
    return "[" + ", ".join(f"{name}={quoted(str(value))}" for name, value in values.items()) + "]"


def port(name: str) -> str:
    """The name of a place in a box that arrows can touch; a colon would end it."""
    return re.sub(r"\W", "_", name)


def small(text: str, ink: str = FAINT_INK) -> str:
    """Text in smaller letters."""
    return f'<FONT POINT-SIZE="{SMALL}" COLOR="{ink}">{html.escape(text)}</FONT>' if text else ""


def header(box: Box) -> str:
    """The coloured lines with a box's name, where data comes and goes, and what it is, where permissions end."""
    name = f'<FONT COLOR="{PAPER}"><B>{html.escape(box.title)}</B></FONT>'
    lines = ((box.id, name), (below(box.id), small(box.subtitle, PAPER)))
    cells = "".join(f'<TR><TD PORT="{port(place)}">{text}</TD></TR>' for place, text in lines)
    inner = f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="3">{cells}</TABLE>'
    return f'<TR><TD BGCOLOR="{colour(box.colour)}" COLSPAN="{box.columns}">{inner}</TD></TR>'


def below(name: str) -> str:
    """The place below a box's name."""
    return f"{name} type"


def cell(row: Row) -> str:
    """A row's cell, which arrows may start from."""
    name = f"{html.escape(row.title)} {small(row.subtitle)}".strip()
    lines = "".join(f'{line}<BR ALIGN="LEFT"/>' for line in (name, *map(small, row.notes)))
    return f'<TD ALIGN="LEFT" VALIGN="TOP" BALIGN="LEFT" CELLPADDING="7" PORT="{port(row.id)}">{lines}</TD>'


def table(box: Box) -> str:
    """A box as an HTML-like label."""
    cells = [cell(row) for row in box.rows]
    lines = (cells[start : start + box.columns] for start in range(0, len(cells), box.columns))
    body = "".join(f"<TR>{''.join(line)}</TR>" for line in lines)
    frame = f'BORDER="1" CELLBORDER="0" CELLSPACING="0" COLOR="{colour(box.colour)}" BGCOLOR="{PAPER}"'
    return f"<<TABLE {frame}>{header(box)}{body}</TABLE>>"


def node(box: Box) -> str:
    """A box as a DOT node."""
    name, ink = quoted(box.id), colour(box.colour)
    if box.shape is Shape.TABLE:
        return f"{name} [label={table(box)}]"
    if box.shape is Shape.POINT:
        return f"{name} {attributes(shape='point', color=FRAME)}"
    shapes = {Shape.CHOICE: "diamond", Shape.TERMINAL: "oval"}
    return f"{name} {attributes(label=box.title, shape=shapes[box.shape], color=ink, style='filled', fillcolor=PAPER)}"


def cluster(index: int, group: Group) -> str:
    """A group as a DOT cluster."""
    members = "\n".join(f"    {node(box)}" for box in reversed(group.boxes))
    return f"  subgraph cluster_{index} {{\n    graph [label={quoted(group.title)}, margin=14]\n{members}\n  }}"


def edges(picture: Picture) -> Iterator[str]:
    """The arrows; one that runs against the reading order is laid out the other way round, so that data leads."""
    homes = picture.homes()
    order = {box.id: index for index, group in enumerate(picture.groups) for box in group.boxes}
    for arrow in picture.arrows:
        ends = [place(homes[end], end, arrow.line) for end in (arrow.source, arrow.target)]
        backward = order[homes[arrow.source].id] > order[homes[arrow.target].id]
        yield edge(arrow, ends[::-1] if backward else ends, backward)


def place(box: Box, end: str, line: Line) -> str:
    """Where an arrow touches a box: at the row or the header that has this id."""
    touched = below(end) if line in PERMISSIONS and end == box.id else end
    return f"{quoted(box.id)}:{quoted(port(touched))}" if box.shape is Shape.TABLE else quoted(box.id)


def edge(arrow: Arrow, places: list[str], backward: bool) -> str:
    """One arrow between two places, out of the right side of the one and into the left side of the other."""
    stroke = STROKES[arrow.line]
    left, right = places
    style = attributes(
        label="\n".join(arrow.labels),
        color=stroke.colour,
        fontcolor=stroke.colour,
        penwidth=stroke.width,
        style=stroke.style,
        dir="back" if backward else "forward",
        weight=stroke.weight,
    )
    return f"  {left}:e -> {right}:w {style}"


def dot(picture: Picture) -> str:
    """The DOT text of a picture."""
    clusters = "\n".join(cluster(index, group) for index, group in reversed(list(enumerate(picture.groups))))
    return f"digraph {quoted(picture.title)} {{\n{HEADER}\n{clusters}\n" + "\n".join(edges(picture)) + "\n}\n"
