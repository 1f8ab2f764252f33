"""Stubbed clients."""

from collections.abc import Iterator

import pytest

from build.deployment.following import operations
from tests.build.deployment.support import TOKEN, Stubs


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubs]:
    """Clients that make only foretold calls, all of which have to be made; their operations have one known token."""
    monkeypatch.setattr(operations, "new_token", lambda: TOKEN)
    foretold = Stubs()
    yield foretold
    foretold.done()
