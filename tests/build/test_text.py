import io
import re

import pytest
from rich.console import Console

from build.text import TextTable, one_line, print_table

TABLE = TextTable("Things", ("name", "value"), [("a", "long\nvalue"), ("bcd", "x")])
LINES = ["Things", "  name  value", "  a     long value", "  bcd   x"]


def printed(table: TextTable, terminal: bool, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, highlight=False)
    print_table(console, table)
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue()).splitlines()


def test_a_text_from_elsewhere_is_one_line_that_no_terminal_obeys() -> None:
    assert one_line(" a\tb\n\x1b[31mc\x07 ") == "a b [31mc"


def test_tables_align_their_columns_and_need_no_heading() -> None:
    table = TextTable("Things", ("", ""), [("a", "long\nvalue"), ("bcd", "x")])
    assert table.lines == ["Things", "  a    long value", "  bcd  x"]


def test_a_table_has_a_frame_only_on_a_terminal_that_is_wide_enough() -> None:
    framed = printed(TABLE, terminal=True)
    assert framed[0].strip() == "Things"
    assert framed[1].startswith("┏") and "long value" in framed[4]
    assert printed(TABLE, terminal=True, width=15) == LINES
    assert printed(TABLE, terminal=False) == LINES


@pytest.mark.parametrize("row", [("a",), ("a", "b", "c")])
def test_a_row_has_a_cell_for_each_column(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        TextTable("Things", ("name", "value"), [row]).lines
