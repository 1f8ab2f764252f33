"""An emulated AWS, and no waiting."""

import time
from collections.abc import Iterator

import pytest

from build.deployment import polling
from build.deployment.clients import Clients
from build.local.emulator import Emulator, running_emulator
from tests.build.deployment.support import REGION, Recorder, dummy_session


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

    monkeypatch.setattr(polling, "sleep", pause)
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
