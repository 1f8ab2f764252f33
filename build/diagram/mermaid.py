"""A picture as a Mermaid flowchart, which GitHub shows (https://mermaid.js.org/syntax/flowchart.html)."""

import re
from collections.abc import Iterator

from build.diagram.palette import FRAME, GROUP, INK, PAPER, STROKES, colour
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row, Shape

WIDE_LABELS = '%%{init: {"flowchart": {"wrappingWidth": 500}}}%%'

BRACKETS = {Shape.TABLE: "[]", Shape.CHOICE: "{}", Shape.TERMINAL: ("([", "])"), Shape.POINT: ("((", "))")}


def identifier(name: str) -> str:
    """A node's id: Mermaid takes letters, digits and underscores; the underscore in front keeps it off its keywords."""
    return "_" + re.sub(r"[^A-Za-z0-9]", lambda match: f"_{ord(match[0]):x}_", name)


def quoted(*lines: str) -> str:
    """Lines of text as one label."""
    codes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}
    escaped = (re.sub(r'[#"<>]', lambda match: codes[match[0]], line) for line in lines)
    return f'"{"<br/>".join(escaped)}"'


def frame(group: Group) -> str:
    """A subgraph's id, which no box can have."""
    return f"group{identifier(group.title)}"


def row_lines(row: Row) -> Iterator[str]:
    """The lines that a row adds to its box."""
    yield f"{row.title} ({row.subtitle})" if row.subtitle else row.title
    yield from (f"· {note}" for note in row.notes)


def node(box: Box) -> str:
    """A box as a node with all its rows as lines."""
    lines = (box.title or " ", *filter(None, (box.subtitle,)), *(line for row in box.rows for line in row_lines(row)))
    opening, closing = BRACKETS[box.shape]
    return f"{identifier(box.id)}{opening}{quoted(*lines)}{closing}"


def subgraph(group: Group) -> Iterator[str]:
    """A group as a subgraph."""
    yield f"  subgraph {frame(group)}[{quoted(group.title)}]"
    yield "    direction LR"
    yield from (f"    {node(box)}" for box in group.boxes)
    yield "  end"


def link(arrow: Arrow, homes: dict[str, Box]) -> str:
    """An arrow between two boxes; Mermaid cannot start it from a row."""
    text = f"|{quoted(*arrow.labels)}|" if arrow.labels else ""
    source, target = identifier(homes[arrow.source].id), identifier(homes[arrow.target].id)
    return f"  {source} -->{text} {target}"


def link_styles(arrows: tuple[Arrow, ...]) -> Iterator[str]:
    """The strokes of the arrows, which Mermaid knows by their number."""
    for line in Line:
        numbers = ",".join(str(number) for number, arrow in enumerate(arrows) if arrow.line is line)
        stroke = STROKES[line]
        dashes = f",stroke-dasharray:{stroke.dashes}" if stroke.dashes else ""
        if numbers:
            yield f"  linkStyle {numbers} stroke:{stroke.colour},stroke-width:{stroke.width}px{dashes}"


def fill_styles(picture: Picture) -> Iterator[str]:
    """The frames of groups and boxes, filled, so that their text reads on a dark page too."""
    for group in picture.groups:
        yield f"  style {frame(group)} fill:{GROUP},stroke:{FRAME},color:{INK}"
    for box in picture.boxes:
        yield f"  style {identifier(box.id)} fill:{PAPER},stroke:{colour(box.colour)},color:{INK}"


def mermaid(picture: Picture) -> str:
    """The Mermaid text of a picture."""
    homes = picture.homes()
    lines = (
        WIDE_LABELS,
        "flowchart LR",
        f"  accTitle: {picture.title}",
        f"  accDescr: {picture.description}",
        *(line for group in picture.groups for line in subgraph(group)),
        *(link(arrow, homes) for arrow in picture.arrows),
        *link_styles(picture.arrows),
        *fill_styles(picture),
    )
    return "\n".join(lines) + "\n"


def is_current(picture: Picture, text: str) -> bool:
    """Whether the text of a Mermaid file is that of this picture."""
    return mermaid(picture) == text
