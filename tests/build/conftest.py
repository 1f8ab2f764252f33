"""Stubbed clients, an emulated AWS, and no waiting."""

import time
from collections.abc import Iterator

import pytest

from build import aws
from build.aws import Clients
from build.cloudformation import operations
from build.local.emulator import Emulator, running_emulator
from tests.build.support import REGION, TOKEN, Recorder, Stubs, dummy_session


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubs]:
    """Clients that make only expected calls, all of which have to be made; their operations have one known token."""
    monkeypatch.setattr(operations, "unique_name", lambda: TOKEN)
    expected = Stubs()
    yield expected
    expected.done()


@pytest.fixture
def progress() -> Recorder:
    """Hears what happens."""
    return Recorder()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; short ones in truth."""
    made: list[float] = []

    def pause(seconds: float) -> None:
        made.append(seconds)
        time.sleep(0.01)

    monkeypatch.setattr(aws, "sleep", pause)
    return made


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulated AWS for the flows."""
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log") as running:
        yield running


@pytest.fixture
def cloud(emulator: Emulator) -> Clients:
    """Clients of the emulated AWS."""
    return Clients(dummy_session(), REGION, emulator.endpoint)
