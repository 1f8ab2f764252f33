"""What the page is made of is what npm publishes, comes from the console alone, and is small."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.build.console.requests import ask
from tests.build.console.serving import RunningConsole

STATIC = Path(__file__).parents[3] / "build" / "console" / "static"
AXE = Path(__file__).parent / "axe.min.js"
MOST_BYTES = 150_000
FILES = {
    STATIC / "htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    STATIC / "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    STATIC / "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    AXE: "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
}
"""The SHA-256 of files of htmx.org 2.0.11, uplot 1.6.32 and axe-core 4.14.1 as `npm pack` brings them."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_of_npm_is_as_it_was_published(file: Path) -> None:
    assert hashlib.sha256(file.read_bytes()).hexdigest() == FILES[file]


@pytest.mark.parametrize("name", ["htmx", "uPlot", "axe"])
def test_a_file_of_npm_has_its_licence_beside_it(name: str) -> None:
    folder = AXE.parent if name == "axe" else STATIC
    assert len((folder / f"{name}.LICENSE.txt").read_text()) > 500


def test_the_page_is_small_with_all_that_it_loads(running: RunningConsole) -> None:
    page = ask(running, "GET", "/").text
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(loaded) == 6
    size = len(page.encode()) + sum(len(ask(running, "GET", path).text.encode()) for path in loaded)
    assert size <= MOST_BYTES


def test_the_page_asks_for_nothing_from_elsewhere(running: RunningConsole) -> None:
    page = ask(running, "GET", "/").text
    assert re.findall(r'(?:src|href|action|hx-\w+)="(?!/|#)[^"{\[\']*//', page) == []
    assert "<script>" not in page and " style=" not in page and " onclick" not in page
