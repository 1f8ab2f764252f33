"""What holds for the layout of every picture: those of the stack, and some that are harder."""

import itertools
import json

import pytest

from build.diagram.architecture import architecture, permissions
from build.diagram.graph import extract
from build.diagram.layout import Layout, lay_out
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Rectangle, Row
from build.diagram.routes import Corner
from build.diagram.workflow import workflow
from stack.config import StackConfig
from stack.template import render
from tests.build.diagram.test_workflow import LOOP_AND_MAP, machine
from tests.sources import INVOICES, ORDERS, USERS

TWO, THREE = (
    extract(json.loads(render(StackConfig(sources=sources))))
    for sources in ((USERS, ORDERS), (USERS, ORDERS, INVOICES))
)


def boxes(*names: str) -> tuple[Box, ...]:
    return tuple(Box(name, name, (f"line of {name}",)) for name in names)


def picture(groups: tuple[Group, ...], *ends: str) -> Picture:
    """A picture with an arrow for each pair of letters, or with `!` a failure."""
    arrows = (Arrow(end[0], end[1], Line.FAILURE if end.endswith("!") else Line.DATA, (end,)) for end in ends)
    return Picture("P", "", groups, tuple(arrows))


PICTURES = {
    "architecture": architecture(TWO),
    "architecture of three sources": architecture(THREE),
    "permissions": permissions(TWO),
    "permissions of three sources": permissions(THREE),
    "workflow": workflow(TWO),
    "workflow with a loop and a map": machine(**LOOP_AND_MAP),
    "a skipped column": picture((Group("one", boxes("a", "b", "c", "d")),), "ab", "bc", "ac", "ad", "cd", "ad!"),
    "arrows back": picture((Group("one", boxes("a", "b")), Group("two", boxes("c"))), "ab", "bc", "ca", "cb!", "ba"),
    "no arrows": picture((Group("one", boxes("a", "b")), Group("two", boxes("c")))),
    "arrow up": picture((Group("one", boxes("a", "b")), Group("two", boxes("c", "d"))), "cd", "cb", "cb!"),
    "nothing": Picture("P", "", (), ()),
}


@pytest.fixture(params=PICTURES, scope="module")
def drawn(request: pytest.FixtureRequest) -> Picture:
    return PICTURES[request.param]


@pytest.fixture(scope="module")
def layout(drawn: Picture) -> Layout:
    return lay_out(drawn)


def holds(outer: Rectangle, inner: Rectangle) -> bool:
    across = outer.x <= inner.x and inner.right <= outer.right
    return across and outer.y <= inner.y and inner.bottom <= outer.bottom


def test_every_box_and_every_frame_is_inside_the_picture(drawn: Picture, layout: Layout) -> None:
    page = Rectangle(0, 0, layout.width, layout.height)
    assert set(layout.boxes) == {box.id for box in drawn.boxes}
    assert all(holds(page, place) for place in (*layout.boxes.values(), *layout.frames.values()))


def test_no_boxes_overlap(layout: Layout) -> None:
    pairs = itertools.combinations(layout.boxes.values(), 2)
    assert [pair for pair in pairs if pair[0].overlaps(pair[1])] == []


def test_no_frames_overlap(layout: Layout) -> None:
    pairs = itertools.combinations(layout.frames.values(), 2)
    assert [pair for pair in pairs if pair[0].overlaps(pair[1])] == []


def test_a_frame_holds_the_boxes_of_its_group_and_no_other(drawn: Picture, layout: Layout) -> None:
    for group in drawn.groups:
        inside = {name for name, place in layout.boxes.items() if layout.frames[group.title].overlaps(place)}
        assert inside == {box.id for box in group.boxes}
        assert all(holds(layout.frames[group.title], layout.boxes[name]) for name in inside)


def test_every_arrow_leads_from_its_source_to_its_target(drawn: Picture, layout: Layout) -> None:
    homes = drawn.homes()
    assert [route.arrow for route in layout.routes] == list(drawn.arrows)
    for route in layout.routes:
        source, target = layout.boxes[homes[route.arrow.source].id], layout.boxes[route.arrow.target]
        (start_x, start_y), (end_x, end_y) = route.corners[0], route.corners[-1]
        assert start_x == source.right and source.y < start_y < source.bottom
        assert end_x == target.x and target.y < end_y < target.bottom


def test_arrows_run_horizontally_and_vertically_and_cross_no_box(layout: Layout) -> None:
    for route in layout.routes:
        for (x0, y0), (x1, y1) in itertools.pairwise(route.corners):
            assert x0 == x1 or y0 == y1
            piece = Rectangle(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
            assert not any(piece.overlaps(place) for place in layout.boxes.values())


def test_arrows_that_arrive_together_show_every_label_once(drawn: Picture, layout: Layout) -> None:
    wanted = {(arrow.target, arrow.line, text) for arrow in drawn.arrows for text in arrow.labels if text}
    shown = [(route.arrow, text) for route in layout.routes if route.label for text in route.label.split(", ")]
    assert sorted((arrow.target, arrow.line.value, text) for arrow, text in shown) == sorted(
        (target, line.value, text) for target, line, label in wanted for text in label.split(", ")
    )


def test_the_same_picture_has_the_same_layout(drawn: Picture, layout: Layout) -> None:
    assert lay_out(drawn) == layout


def test_data_flows_from_left_to_right() -> None:
    placed = lay_out(PICTURES["architecture"])
    homes = PICTURES["architecture"].homes()
    for arrow in PICTURES["architecture"].arrows:
        assert placed.boxes[homes[arrow.source].id].right < placed.boxes[arrow.target].x


@pytest.mark.parametrize("source", ["UserData", "OrderData"])
def test_the_way_of_a_record_is_a_straight_line_until_it_joins_the_others(source: str) -> None:
    placed = lay_out(PICTURES["architecture"])
    way = [f"{source}Table", f"{source}EventSourceMapping", f"{source}Processor"]
    assert len({placed.boxes[name].middle for name in way}) == 1


def test_an_arrow_starts_at_its_row() -> None:
    box = Box("a", "a", rows=(Row("first", "first"), Row("second", "second")))
    drawn = Picture("P", "", (Group("one", (box, *boxes("b"))),), (Arrow("second", "b", Line.PERMISSION),))
    placed = lay_out(drawn)
    (route,) = placed.routes
    assert route.corners[0][1] == placed.boxes["a"].bottom - 6 - 8


def test_arrows_that_meet_share_their_channel() -> None:
    placed = lay_out(PICTURES["architecture"])
    ends = [route.corners for route in placed.routes if route.arrow.target == "AnalyticsTable"]
    assert len(ends) == 3
    assert len({corners[-2] for corners in ends if len(corners) > 2}) == 1


def test_arrows_side_by_side_do_not_cross() -> None:
    box = Box("a", "a", rows=tuple(Row(name, name) for name in "xyz"))
    arrows = tuple(Arrow(row, target, Line.PERMISSION) for row, target in zip("xyz", "bcd", strict=True))
    placed = lay_out(Picture("P", "", (Group("one", (box,)), Group("two", boxes("b", "c", "d"))), arrows))
    for one, other in itertools.combinations(placed.routes, 2):
        for piece, crossed in itertools.product(itertools.pairwise(one.corners), itertools.pairwise(other.corners)):
            assert not crosses(piece, crossed) and not crosses(crossed, piece)


def crosses(level: tuple[Corner, Corner], upright: tuple[Corner, Corner]) -> bool:
    """Whether a horizontal piece meets a vertical one."""
    (x0, y0), (x1, _) = level
    (x, top), (other_x, bottom) = upright
    vertical = x == other_x and top != bottom
    return vertical and min(x0, x1) < x < max(x0, x1) and min(top, bottom) < y0 < max(top, bottom)
