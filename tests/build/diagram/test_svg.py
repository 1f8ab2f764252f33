import sys
import xml.etree.ElementTree as xml
from dataclasses import replace

import pytest

from build.diagram.graph import Graph
from build.diagram.palette import PAPER
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row
from build.diagram.svg import NAMESPACE, digest, is_current, svg
from build.diagram.workflow import workflow
from build.errors import CommandError

SPACES = {"s": NAMESPACE}


@pytest.fixture(scope="module")
def text(drawn: Picture) -> str:
    """The SVG of the architecture."""
    return svg(drawn)


def texts(root: xml.Element) -> set[str]:
    return {word for element in root.iter() for word in (element.text or "").split()}


def test_it_is_well_formed_and_names_every_resource(text: str, graph: Graph) -> None:
    root = xml.fromstring(text)
    assert root.tag == f"{{{NAMESPACE}}}svg"
    assert set(graph.resources) <= texts(root)


def test_it_says_what_it_shows_to_those_who_cannot_see_it(text: str, drawn: Picture) -> None:
    root = xml.fromstring(text)
    texts_by_id = {element.get("id"): element.text for element in root}
    assert [texts_by_id[name] for name in root.attrib["aria-labelledby"].split()] == [drawn.title, drawn.description]
    assert root.attrib["role"] == "img"


def test_it_brings_its_own_background(text: str) -> None:
    background = xml.fromstring(text).find("s:g/s:polygon", SPACES)
    assert background is not None and background.attrib["fill"] in ("white", PAPER)


def test_the_three_kinds_of_lines_look_different(text: str) -> None:
    paths = xml.fromstring(text).iterfind(".//s:g[@class='edge']//s:path", SPACES)
    dashes = {(path.attrib["stroke"], path.get("stroke-dasharray", "")) for path in paths}
    assert {dash for _, dash in dashes} == {"", "5,2", "1,5"}
    assert len(dashes) == len(Line)


def test_every_arrow_is_drawn(text: str, drawn: Picture) -> None:
    assert len(xml.fromstring(text).findall(".//s:g[@class='edge']", SPACES)) == len(drawn.arrows)


def test_data_flows_from_left_to_right(text: str) -> None:
    def left(name: str) -> float:
        places = xml.fromstring(text).iterfind(".//s:g[@class='node']", SPACES)
        node = next(place for place in places if place.findtext("s:title", "", SPACES) == name)
        return min(float(label.attrib["x"]) for label in node.iterfind(".//s:text", SPACES))

    way = ["UserDataTable", "UserDataEventSourceMapping", "UserDataProcessor", "AnalyticsTable"]
    assert sorted(way, key=left) == way


def test_the_same_picture_gives_the_same_bytes(text: str, drawn: Picture) -> None:
    assert svg(drawn) == text


def test_the_workflow_names_every_state(graph: Graph) -> None:
    states = {"start", "ValidateData", "IsDataValid?", "ProcessAnalytics", "ValidationFailed", "end"}
    assert states <= texts(xml.fromstring(svg(workflow(graph))))


def test_it_is_current_until_the_picture_changes(text: str, drawn: Picture) -> None:
    assert is_current(drawn, text)
    assert not is_current(replace(drawn, arrows=drawn.arrows[1:]), text)
    assert digest(drawn) != digest(replace(drawn, description="Another."))


def test_names_with_meaningful_characters_are_drawn_as_they_are() -> None:
    odd = Box('a"\\:<b>', 'a"\\:<b>', "x & y", rows=(Row("r:1<", "r & s", "t", ("u > v",)),))
    end = Box("c", "c")
    drawn = Picture("Odd", "", (Group("g & h", (odd, end)),), (Arrow("r:1<", "c", Line.DATA, ('"l" & m',)),))
    root = xml.fromstring(svg(drawn))
    assert {'a"\\:<b>', "x & y", "u > v", "g & h", '"l" & m'} <= {element.text for element in root.iter()}


def test_without_graphviz_it_says_how_to_get_it(drawn: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(CommandError, match="make venv"):
        svg(drawn)
