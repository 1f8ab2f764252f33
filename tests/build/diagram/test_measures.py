from pathlib import Path

import matplotlib
import pytest
from matplotlib.ft2font import FT2Font, LoadFlags

from build.diagram.picture import Box, Rectangle, Row, Shape, box_height, box_width, row_tops, text_width

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
CHARACTERS = "".join(map(chr, range(32, 127))) + "·×"
TEXTS = [*CHARACTERS, "OrderDataEventSourceMapping", "Lambda Function · 256 MB · 300 s", "first after 2 s, then × 2"]


def advance(font: FT2Font, character: str) -> float:
    """The width of a character in units of the font."""
    return font.load_char(ord(character), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536


@pytest.mark.parametrize(("name", "bold"), [("DejaVuSans.ttf", False), ("DejaVuSans-Bold.ttf", True)])
@pytest.mark.parametrize("size", [11, 13])
def test_text_is_as_wide_as_the_font_draws_it(name: str, bold: bool, size: float) -> None:
    font = FT2Font(FONTS / name)
    font.set_size(font.units_per_EM, 72)
    for text in TEXTS:
        drawn = sum(advance(font, character) for character in text) * size / font.units_per_EM
        assert text_width(text, size, bold) == pytest.approx(drawn, abs=0.06)


def test_a_character_that_is_not_in_the_table_has_room() -> None:
    assert text_width("字", 11) == 11


def test_a_box_has_room_for_its_widest_text() -> None:
    wide = "a much longer line of text than the title"
    rows = (Row("r", wide), Row("r", "", (wide,)))
    for box in (Box("a", "a", (wide,)), *(Box("a", "a", rows=(row,)) for row in rows)):
        assert box_width(box) > text_width(wide, 11)


def test_rows_stand_below_each_other_inside_their_box() -> None:
    box = Box("a", "a", ("line",), rows=(Row("r", "one", ("two", "three")), Row("s", "four")))
    (_, first), (_, second) = row_tops(box)
    assert 48 <= first < first + 48 <= second < second + 16 < box_height(box)


@pytest.mark.parametrize("shape", [Shape.CHOICE, Shape.TERMINAL])
def test_other_shapes_are_wider_than_their_title(shape: Shape) -> None:
    box = Box("a", "IsDataValid?", shape=shape)
    assert box_width(box) > text_width("IsDataValid?", 13, bold=True) and box_height(box) > 13


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        (Rectangle(5, 5, 10, 10), True),
        (Rectangle(2, 2, 2, 2), True),
        (Rectangle(10, 0, 10, 10), False),
        (Rectangle(0, 10, 10, 10), False),
        (Rectangle(-10, 0, 10, 10), False),
        (Rectangle(0, -10, 10, 10), False),
    ],
)
def test_rectangles_overlap_when_they_share_more_than_a_border(other: Rectangle, overlaps: bool) -> None:
    assert Rectangle(0, 0, 10, 10).overlaps(other) is overlaps
