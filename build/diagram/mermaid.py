"""A picture as a Mermaid flowchart, which GitHub shows (https://mermaid.js.org/syntax/flowchart.html)."""

import re
from collections.abc import Iterator
from dataclasses import replace

from build.diagram.picture import (
    FRAME,
    GROUP,
    INK,
    PAPER,
    STROKES,
    Arrow,
    Box,
    Group,
    Line,
    Picture,
    Row,
    Shape,
    colour,
)

_WIDE_LABELS = '%%{init: {"flowchart": {"wrappingWidth": 500}}}%%'

_BRACKETS = {Shape.CARD: "[]", Shape.CHOICE: "{}", Shape.TERMINAL: ("([", "])")}


def mermaid(picture: Picture) -> str:
    """The Mermaid text of a picture; unlike SVG, it names its arrows' ends by box and shows tooltips as lines."""
    picture = _with_legend(picture)
    homes = picture.homes()
    lines = (
        _WIDE_LABELS,
        "flowchart LR",
        f"  accTitle: {picture.title}",
        f"  accDescr: {picture.description}",
        *(line for group in picture.groups for line in _subgraph(group)),
        *(_link(arrow, homes) for arrow in picture.arrows),
        *_link_styles(picture.arrows),
        *_fill_styles(picture),
    )
    return "\n".join(lines) + "\n"


def _with_legend(picture: Picture) -> Picture:
    """A picture with a group whose arrows show what each line means."""
    if not picture.legend:
        return picture
    arrows = tuple(Arrow(f"{line.value} from", f"{line.value} to", line, (line.value,)) for line in picture.legend)
    ends = (Box(end, " ", shape=Shape.TERMINAL) for arrow in arrows for end in (arrow.source, arrow.target))
    groups = (*picture.groups, Group("Legend", tuple(ends)))
    return replace(picture, groups=groups, arrows=(*picture.arrows, *arrows))


def _identifier(name: str) -> str:
    """A node's id: Mermaid takes letters, digits and underscores; the underscore in front keeps it off its keywords."""
    return "_" + re.sub(r"[^A-Za-z0-9]", lambda match: f"_{ord(match[0]):x}_", name)


def _quoted(*lines: str) -> str:
    codes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}
    escaped = (re.sub(r'[#"<>]', lambda match: codes[match[0]], line) for line in lines)
    return f'"{"<br/>".join(escaped)}"'


def _frame(group: Group) -> str:
    """A subgraph's id, which no box can have."""
    return f"group{_identifier(group.title)}"


def _row_lines(row: Row) -> Iterator[str]:
    yield row.title
    yield from (f"· {note}" for note in row.notes)


def _node(box: Box) -> str:
    rows = (line for row in box.rows for line in _row_lines(row))
    lines = (box.title, *box.lines, *filter(None, (box.tooltip,)), *rows)
    opening, closing = _BRACKETS[box.shape]
    return f"{_identifier(box.id)}{opening}{_quoted(*lines)}{closing}"


def _subgraph(group: Group) -> Iterator[str]:
    yield f"  subgraph {_frame(group)}[{_quoted(group.title)}]"
    yield "    direction LR"
    yield from (f"    {_node(box)}" for box in group.boxes)
    yield "  end"


def _link(arrow: Arrow, homes: dict[str, Box]) -> str:
    """An arrow between two boxes; Mermaid cannot start it from a row."""
    text = f"|{_quoted(*arrow.labels)}|" if arrow.labels else ""
    source, target = _identifier(homes[arrow.source].id), _identifier(homes[arrow.target].id)
    return f"  {source} -->{text} {target}"


def _link_styles(arrows: tuple[Arrow, ...]) -> Iterator[str]:
    """The strokes of the arrows, which Mermaid knows by their number."""
    for line in Line:
        numbers = ",".join(str(number) for number, arrow in enumerate(arrows) if arrow.line is line)
        stroke = STROKES[line]
        dashes = f",stroke-dasharray:{stroke.dashes}" if stroke.dashes else ""
        if numbers:
            yield f"  linkStyle {numbers} stroke:{stroke.colour},stroke-width:{stroke.width}px{dashes}"


def _fill_styles(picture: Picture) -> Iterator[str]:
    """The frames of groups and boxes, filled, so that their text reads on a dark page too."""
    for group in picture.groups:
        yield f"  style {_frame(group)} fill:{GROUP},stroke:{FRAME},color:{INK}"
    for box in picture.boxes:
        yield f"  style {_identifier(box.id)} fill:{PAPER},stroke:{colour(box.colour)},color:{INK}"
