"""The README's example of a source, as it is pasted."""

from typing import Any

import pytest

from tests.sources import INVOICES
from tests.third_source import CONFIGURATION, ROOT, with_another_source


def test_the_readmes_example_becomes_the_last_of_the_sources() -> None:
    configuration, readme = (ROOT / CONFIGURATION).read_text(), (ROOT / "README.md").read_text()
    module: dict[str, Any] = {"__name__": "stack.config"}
    exec(compile(with_another_source(configuration, readme), "config.py", "exec"), module)
    *others, last = module["SOURCES"]
    assert vars(last) == vars(INVOICES)
    assert [source.name for source in others][:2] == ["UserData", "OrderData"]


@pytest.mark.parametrize(
    ("configuration", "readme"), [("SOURCES = (\n)\n", ""), ("", "```python\nStreamSource(\n)\n```")]
)
def test_a_text_without_its_place_is_an_error(configuration: str, readme: str) -> None:
    with pytest.raises(ValueError, match="README.md has no example of a StreamSource, or stack/config.py no SOURCES"):
        with_another_source(configuration, readme)
