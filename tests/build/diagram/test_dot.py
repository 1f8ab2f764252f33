from build.diagram.dot import dot
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row, Shape, merged

FIRST = Box("First", "First", rows=(Row("Role", "Role"),))
LAST = Box("Last", "Last", shape=Shape.TERMINAL)


def edge_lines(*arrows: Arrow) -> list[str]:
    picture = Picture("P", "", (Group("One", (FIRST,)), Group("Two", (LAST,))), arrows)
    return [line for line in dot(picture).splitlines() if " -> " in line]


def test_an_arrow_starts_at_its_row() -> None:
    (line,) = edge_lines(Arrow("Role", "Last", Line.PERMISSION, ("Act",)))
    assert line.startswith('  "First":"Role":e -> "Last":w [label="Act"')
    assert 'dir="forward"' in line


def test_an_arrow_against_the_reading_order_is_laid_out_the_other_way_round() -> None:
    (line,) = edge_lines(Arrow("Last", "First", Line.DATA))
    assert line.startswith('  "First":"First":e -> "Last":w')
    assert 'dir="back"' in line


def test_data_and_permissions_touch_a_box_at_different_places() -> None:
    data, permission = edge_lines(Arrow("First", "Last", Line.DATA), Arrow("Last", "First", Line.PERMISSION))
    assert '"First":"First":e' in data
    assert '"First":"First_type":e' in permission


def test_rows_stand_side_by_side_in_columns() -> None:
    rows = tuple(Row(name, name) for name in "abc")
    text = dot(Picture("P", "", (Group("One", (Box("Box", "Box", rows=rows, columns=2),)),), ()))
    assert text.count('PORT="c"') == 1
    assert text.index('PORT="b"') < text.index("</TR><TR>", text.index('PORT="b"')) < text.index('PORT="c"')


def test_arrows_between_the_same_ends_are_merged() -> None:
    one, other = Arrow("a", "b", Line.DATA, ("x",)), Arrow("a", "b", Line.DATA, ("y", "x", ""))
    failure = Arrow("a", "b", Line.FAILURE)
    assert merged([one, failure, other]) == (Arrow("a", "b", Line.DATA, ("x", "y")), failure)
