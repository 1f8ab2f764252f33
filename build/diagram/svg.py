"""A picture as SVG: the same bytes on every machine, and every text as wide as it was measured, whatever its font."""

import xml.etree.ElementTree as xml
from collections.abc import Iterator

from build.diagram.layout import MARGIN, Layout, lay_out
from build.diagram.picture import (
    FAINT_INK,
    FONT_FAMILY,
    GROUP,
    INK,
    LINE_HEIGHT,
    LINE_SIZE,
    PADDING,
    PAPER,
    RULE,
    STROKES,
    TITLE_HEIGHT,
    TITLE_SIZE,
    Box,
    Group,
    Line,
    Picture,
    Rectangle,
    Shape,
    colour,
    row_tops,
    text_width,
)
from build.diagram.routes import FRAME_PADDING, Corner, Route

_NAMESPACE = "http://www.w3.org/2000/svg"
_CORNER = 8
_HEAD = 9
_LEGEND_HEIGHT = 28
_SAMPLE = 40
_ASCENT = 0.36
"""How far below the middle of a line its baseline is, in the size of the font."""


def svg(picture: Picture) -> str:
    """The SVG of a picture, with its title and description for those who cannot see it, and its own background."""
    layout = lay_out(picture)
    legend = list(_legend(picture, layout))
    root = _page(picture, layout.width, layout.height + (_LEGEND_HEIGHT if legend else 0))
    root.extend(part for group in picture.groups for part in _frame(group, layout.frames[group.title]))
    root.extend(part for route in layout.routes for part in _arrow(route))
    root.extend(_box(box, layout.boxes[box.id]) for box in picture.boxes)
    root.extend(label for route in layout.routes for label in _label(route))
    root.extend(legend)
    xml.indent(root)
    return xml.tostring(root, encoding="unicode") + "\n"


def _page(picture: Picture, width: float, height: float) -> xml.Element:
    root = _element("svg", xmlns=_NAMESPACE, width=width, height=height, font_family=FONT_FAMILY, role="img")
    root.attrib |= {"viewBox": f"0 0 {_number(width)} {_number(height)}", "aria-labelledby": "title description"}
    root.append(_element("title", picture.title, id="title"))
    root.append(_element("desc", picture.description, id="description"))
    root.append(_rectangle(Rectangle(0, 0, width, height), PAPER))
    return root


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _element(name: str, text: str | None = None, **attributes: str | float) -> xml.Element:
    """An element; underscores in the names of its attributes are hyphens in SVG."""
    spelled = {
        key.replace("_", "-"): value if isinstance(value, str) else _number(value) for key, value in attributes.items()
    }
    made = xml.Element(name, spelled)
    made.text = text
    return made


def _text(text: str, x: float, middle: float, ink: str, size: float = LINE_SIZE, bold: bool = False) -> xml.Element:
    """A line of text from x on, around the height of its middle."""
    width = text_width(text, size, bold)
    made = _element("text", text, x=x, y=middle + size * _ASCENT, font_size=size, fill=ink)
    if bold:
        made.set("font-weight", "bold")
    made.attrib |= {"textLength": _number(width), "lengthAdjust": "spacingAndGlyphs"}
    return made


def _centred(text: str, place: Rectangle, ink: str) -> xml.Element:
    left = place.x + (place.width - text_width(text, TITLE_SIZE, bold=True)) / 2
    return _text(text, left, place.middle, ink, TITLE_SIZE, bold=True)


def _rectangle(place: Rectangle, fill: str, stroke: str = "none", radius: float = 8) -> xml.Element:
    return _element(
        "rect",
        x=place.x,
        y=place.y,
        width=place.width,
        height=place.height,
        rx=radius,
        fill=fill,
        stroke=stroke,
    )


def _frame(group: Group, place: Rectangle) -> Iterator[xml.Element]:
    yield _rectangle(place, GROUP, RULE)
    yield _text(group.title, place.x + FRAME_PADDING, place.y + 16, FAINT_INK, TITLE_SIZE)


def _box(box: Box, place: Rectangle) -> xml.Element:
    drawn = _element("g", data_id=box.id)
    if box.tooltip:
        drawn.append(_element("title", box.tooltip))
    if box.shape is Shape.CARD:
        drawn.extend(_card(box, place))
    else:
        drawn.append(_outline(box, place))
        drawn.append(_centred(box.title, place, INK))
    return drawn


def _outline(box: Box, place: Rectangle) -> xml.Element:
    if box.shape is Shape.TERMINAL:
        return _rectangle(place, PAPER, colour(box.colour), place.height / 2)
    middle = place.x + place.width / 2
    corners = ((place.x, place.middle), (middle, place.y), (place.right, place.middle), (middle, place.bottom))
    return _element("polygon", points=_points(corners), fill=PAPER, stroke=colour(box.colour))


def _card(box: Box, place: Rectangle) -> Iterator[xml.Element]:
    """A card with a stripe in the colour of its service."""
    yield _rectangle(place, PAPER, colour(box.colour), 4)
    yield _rectangle(Rectangle(place.x, place.y, 5, place.height), colour(box.colour), radius=2)
    left, middle = place.x + PADDING, place.y + PADDING + 6
    yield _text(box.title, left, middle, INK, TITLE_SIZE, bold=True)
    for number, line in enumerate(box.lines):
        yield _text(line, left, middle + TITLE_HEIGHT + LINE_HEIGHT * number - 2, FAINT_INK)
    for row, offset in row_tops(box):
        top = place.y + offset
        yield _element("path", d=f"M{_number(left)},{_number(top - 2)}H{_number(place.right)}", stroke=RULE)
        for number, line in enumerate((row.title, *row.notes)):
            yield _text(line, left, top + LINE_HEIGHT * (number + 0.5), INK)


def _points(corners: tuple[Corner, ...]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)


def _line(d: str, line: Line) -> xml.Element:
    stroke = STROKES[line]
    made = _element("path", d=d, fill="none", stroke=stroke.colour, stroke_width=stroke.width)
    if stroke.dashes:
        made.set("stroke-dasharray", stroke.dashes)
    return made


def _head(x: float, y: float, line: Line) -> xml.Element:
    corners = ((x, y), (x - _HEAD, y - _HEAD / 2), (x - _HEAD, y + _HEAD / 2))
    return _element("polygon", points=_points(corners), fill=STROKES[line].colour)


def _arrow(route: Route) -> Iterator[xml.Element]:
    *corners, (x, y) = route.corners
    # Drawn from its end, so that the dashes of arrows that arrive together lie on each other.
    yield _line(rounded_path(((x - _HEAD + 1, y), *reversed(corners))), route.arrow.line)
    yield _head(x, y, route.arrow.line)


def rounded_path(corners: tuple[Corner, ...]) -> str:
    """A path along horizontal and vertical pieces, its bends rounded."""
    path = [f"M{_points(corners[:1])}"]
    for before, bend, after in zip(corners, corners[1:], corners[2:], strict=False):
        path.append(f"L{_points((_towards(bend, before),))}Q{_points((bend, _towards(bend, after)))}")
    return "".join((*path, f"L{_points(corners[-1:])}"))


def _towards(bend: Corner, end: Corner) -> Corner:
    """The point of a piece where its bend begins: at most half way to its other end."""
    across, down = end[0] - bend[0], end[1] - bend[1]
    length = max(abs(across), abs(down)) or 1
    part = min(_CORNER, length / 2) / length
    return bend[0] + across * part, bend[1] + down * part


def _label(route: Route) -> Iterator[xml.Element]:
    if route.label:
        x, y = route.label_place
        yield _text(route.label, x, y, STROKES[route.arrow.line].colour)


def _legend(picture: Picture, layout: Layout) -> Iterator[xml.Element]:
    """A sample of each kind of line, side by side below the picture."""
    x, y = float(MARGIN), layout.height + _LEGEND_HEIGHT / 2 - MARGIN / 2
    for line in picture.legend:
        yield _line(f"M{_number(x)},{_number(y)}H{_number(x + _SAMPLE - _HEAD)}", line)
        yield _head(x + _SAMPLE, y, line)
        yield _text(line.value, x + _SAMPLE + PADDING / 2, y, FAINT_INK)
        x += _SAMPLE + text_width(line.value, LINE_SIZE) + 3 * PADDING
