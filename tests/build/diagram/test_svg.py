import itertools
import xml.etree.ElementTree as xml
from collections.abc import Iterator

import pytest

from build.diagram.architecture import permissions
from build.diagram.graph import ResourceGraph
from build.diagram.layout import lay_out
from build.diagram.picture import PAPER, Arrow, Box, Group, Line, Picture, Rectangle, Row, text_width
from build.diagram.svg import svg
from build.diagram.workflow import workflow
from tests.build.diagram.test_layout import PICTURES, holds

SPACES = {"s": "http://www.w3.org/2000/svg"}


@pytest.fixture(scope="module")
def text(drawn: Picture) -> str:
    """The SVG of the architecture."""
    return svg(drawn)


@pytest.fixture(params=PICTURES)
def root(request: pytest.FixtureRequest) -> xml.Element:
    """The SVG of each picture."""
    return xml.fromstring(svg(PICTURES[request.param]))


def texts(root: xml.Element) -> set[str]:
    return {word for element in root.iter() for word in (element.text or "").split()}


def place(element: xml.Element) -> Rectangle:
    """Where an element is: a text by its letters' height above its baseline, others by their attributes."""
    number = {name: float(element.get(name, "0")) for name in ("x", "y", "width", "height", "font-size")}
    if element.tag.endswith("text"):
        size = number["font-size"]
        return Rectangle(number["x"], number["y"] - size, float(element.attrib["textLength"]), size * 1.25)
    if element.tag.endswith("polygon"):
        points = [tuple(map(float, point.split(","))) for point in element.attrib["points"].split()]
        xs, ys = zip(*points, strict=True)
        return Rectangle(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    return Rectangle(number["x"], number["y"], number["width"], number["height"])


def drawn_boxes(root: xml.Element) -> Iterator[tuple[Rectangle, list[Rectangle]]]:
    """The outline of each box, and its texts."""
    for group in root.iterfind("s:g", SPACES):
        outline = next(child for child in group if child.tag.rpartition("}")[2] in ("rect", "polygon"))
        yield place(outline), [place(child) for child in group.iterfind("s:text", SPACES)]


def test_every_text_has_the_width_that_it_was_measured_to_have(root: xml.Element) -> None:
    for element in root.iterfind(".//s:text", SPACES):
        width = text_width(element.text or "", float(element.attrib["font-size"]), "font-weight" in element.attrib)
        assert float(element.attrib["textLength"]) == pytest.approx(width, abs=0.06)
        assert element.attrib["lengthAdjust"] == "spacingAndGlyphs"


def test_every_text_fits_its_box(root: xml.Element) -> None:
    for outline, letters in drawn_boxes(root):
        assert letters and all(holds(outline, letter) for letter in letters)


def test_no_text_runs_into_another_or_out_of_the_picture(root: xml.Element) -> None:
    letters = [place(element) for element in root.iterfind(".//s:text", SPACES)]
    page = Rectangle(0, 0, float(root.attrib["width"]), float(root.attrib["height"]))
    assert all(holds(page, letter) for letter in letters)
    assert [
        (one, other) for number, one in enumerate(letters) for other in letters[:number] if one.overlaps(other)
    ] == []


def test_text_beside_arrows_stays_off_the_boxes(root: xml.Element) -> None:
    labels = [place(element) for element in root.iterfind("s:text", SPACES)]
    assert not any(outline.overlaps(label) for outline, _ in drawn_boxes(root) for label in labels)


@pytest.mark.parametrize("name", PICTURES)
def test_no_arrow_strikes_through_text(name: str) -> None:
    words = [place(element) for element in xml.fromstring(svg(PICTURES[name])).iterfind("s:text", SPACES)]
    for route in lay_out(PICTURES[name]).routes:
        for (x0, y0), (x1, y1) in itertools.pairwise(route.corners):
            piece = Rectangle(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
            assert not any(piece.overlaps(word) for word in words)


def test_it_is_well_formed_and_names_every_resource(text: str, graph: ResourceGraph, drawn: Picture) -> None:
    root = xml.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    written = texts(root) | texts(xml.fromstring(svg(permissions(graph))))
    alarms = {name for name, resource in graph.resources.items() if resource.noun.endswith("Alarm")}
    assert set(graph.resources) - alarms <= written


def test_it_says_what_it_shows_to_those_who_cannot_see_it(text: str, drawn: Picture) -> None:
    root = xml.fromstring(text)
    texts_by_id = {element.get("id"): element.text for element in root}
    assert [texts_by_id[name] for name in root.attrib["aria-labelledby"].split()] == [drawn.title, drawn.description]
    assert root.attrib["role"] == "img"


def test_it_brings_its_own_background(root: xml.Element) -> None:
    background = root.find("s:rect", SPACES)
    assert background is not None and background.attrib["fill"] == PAPER
    assert all(background.attrib[side] == root.attrib[side] for side in ("width", "height"))


def test_kinds_of_lines_look_different() -> None:
    ends = (Box("a", "a"), Box("b", "b"))
    for lines in ((Line.DATA, Line.FAILURE, Line.REFERENCE), (Line.PERMISSION, Line.FAILURE, Line.REFERENCE)):
        arrows = tuple(Arrow("a", "b", line) for line in lines)
        root = xml.fromstring(svg(Picture("P", "", (Group("one", ends),), arrows)))
        paths = root.iterfind("s:path", SPACES)
        assert len({(path.attrib["stroke"], path.get("stroke-dasharray", "")) for path in paths}) == 3


def test_every_arrow_and_the_legend_are_drawn(text: str, drawn: Picture) -> None:
    root = xml.fromstring(text)
    assert len(root.findall("s:path", SPACES)) == len(drawn.arrows) + len(drawn.legend)
    assert {"data", "failure"} <= texts(root)


def test_the_same_picture_gives_the_same_bytes(text: str, drawn: Picture) -> None:
    assert svg(drawn) == text


def test_the_workflow_names_every_state(graph: ResourceGraph) -> None:
    states = {"start", "ValidateData", "IsDataValid?", "ProcessAnalytics", "ValidationFailed", "end"}
    assert states <= texts(xml.fromstring(svg(workflow(graph))))


def test_names_with_meaningful_characters_are_drawn_as_they_are() -> None:
    odd = Box('a"\\:<b>', 'a"\\:<b>', ("x & y",), rows=(Row("r:1<", "r & s", ("u > v",)),))
    end = Box("c", "c")
    drawn = Picture("Odd", "", (Group("g & h", (odd, end)),), (Arrow("r:1<", "c", Line.DATA, ('"l" & m',)),))
    root = xml.fromstring(svg(drawn))
    assert {'a"\\:<b>', "x & y", "u > v", "g & h", '"l" & m'} <= {element.text for element in root.iter()}
