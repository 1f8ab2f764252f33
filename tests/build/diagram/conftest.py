import json
from typing import Any

import pytest

from build.diagram.architecture import architecture
from build.diagram.graph import ResourceGraph, extract
from build.diagram.picture import Picture
from stack.template import render
from tests.sources import two_sources


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """The template of two sources, whatever others there are."""
    parsed: dict[str, Any] = json.loads(render(two_sources()))
    return parsed


@pytest.fixture(scope="session")
def graph(template: dict[str, Any]) -> ResourceGraph:
    return extract(template)


@pytest.fixture(scope="session")
def drawn(graph: ResourceGraph) -> Picture:
    """The picture of the architecture of that template."""
    return architecture(graph)
