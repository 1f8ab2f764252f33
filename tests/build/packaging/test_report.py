import io
from pathlib import Path

import pytest
from rich.console import Console

from build.packaging.archive import Archive, Package
from build.packaging.report import show

PACKAGE = Package(
    (
        Archive("DataValidator", Path(), "0123456789abcdef", "", 2_345, rebuilt=False),
        Archive("Layer", Path(), "fedcba9876543210", "", 710_400, rebuilt=True),
    )
)
TOTAL = "2 archives, 712.7 kB, in /tmp/archives"


def shown(terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    show(console, PACKAGE, Path("/tmp/archives"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_script_reads_one_plain_line_per_archive() -> None:
    assert shown(terminal=False).splitlines() == [
        "DataValidator  2.3 kB  0123456789ab  unchanged",
        "Layer  710.4 kB  fedcba987654  built",
        TOTAL,
    ]


@pytest.mark.parametrize("words", [("DataValidator", "2.3 kB", "unchanged"), ("Layer", "fedcba987654", "built")])
def test_a_person_reads_a_table(words: tuple[str, ...]) -> None:
    lines = shown(terminal=True).splitlines()
    assert any(all(word in line for word in words) and "│" in line for line in lines)
    assert lines[-1] == TOTAL
