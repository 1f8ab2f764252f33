import pytest

from build.diagram.picture import (
    COLOURS,
    FAINT_INK,
    GROUP,
    INK,
    PAPER,
    PLAIN,
    STROKES,
    Arrow,
    Line,
    Picture,
    Stroke,
    colour,
    merged,
)

DARK_PAGE = "#0d1117"


def luminance(colour: str) -> float:
    """Relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_documented() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("ink", [INK, FAINT_INK, *(stroke.colour for stroke in STROKES.values())])
@pytest.mark.parametrize("ground", [PAPER, GROUP])
def test_text_is_readable(ink: str, ground: str) -> None:
    assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize("fill", [PLAIN, *COLOURS.values()])
def test_headers_are_readable(fill: str) -> None:
    assert contrast(PAPER, fill) >= 4.5


@pytest.mark.parametrize("stroke", STROKES.values())
def test_arrows_are_seen_on_a_dark_page(stroke: Stroke) -> None:
    assert contrast(stroke.colour, DARK_PAGE) >= 3


def test_what_has_no_colour_is_plain() -> None:
    assert colour("ElastiCache") == PLAIN


def test_arrows_between_the_same_ends_are_merged() -> None:
    one, other = Arrow("a", "b", Line.DATA, ("x",)), Arrow("a", "b", Line.DATA, ("y", "x", ""))
    failure = Arrow("a", "b", Line.FAILURE)
    assert merged([one, failure, other]) == (Arrow("a", "b", Line.DATA, ("x", "y")), failure)


def test_the_legend_names_every_line_that_is_used() -> None:
    arrows = tuple(Arrow("a", "b", line) for line in (Line.REFERENCE, Line.DATA, Line.DATA))
    assert Picture("P", "", (), arrows).legend == (Line.DATA, Line.REFERENCE)


def test_one_kind_of_line_needs_no_legend() -> None:
    assert Picture("P", "", (), (Arrow("a", "b", Line.DATA),)).legend == ()
