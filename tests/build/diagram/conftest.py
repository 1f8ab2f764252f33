import json
from typing import Any

import pytest

from build.diagram.architecture import architecture
from build.diagram.extraction import extract
from build.diagram.graph import Graph
from build.diagram.picture import Picture
from stack.template import render
from tests.sources import two_sources


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """The template of the default stack."""
    parsed: dict[str, Any] = json.loads(render(two_sources()))
    return parsed


@pytest.fixture(scope="session")
def graph(template: dict[str, Any]) -> Graph:
    return extract(template)


@pytest.fixture(scope="session")
def drawn(graph: Graph) -> Picture:
    """The picture of the architecture of the default stack."""
    return architecture(graph)
