"""Deploying again with nothing changed beside deploying for the first time, to an emulated AWS."""

import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.measuring.contestants import Contestant, Lap
from benchmarks.measuring.spread import spread_of
from benchmarks.reporting.numbers import count, duration
from benchmarks.reporting.rows import Row, exactly
from benchmarks.sizes import Sizes
from benchmarks.systems.local_deployment import deployments
from build.local.emulator import running_emulator

NOTHING = exactly(0)


def measure_deployment(sizes: Sizes) -> list[Row]:
    """Deploy a new stack, then the same again and again.

    Raises:
        CommandError: when the emulator does not start or a deployment fails.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        with running_emulator(Path(folder) / "emulator.log") as emulator:
            with Contestant(partial(deployments, emulator, Path(folder) / "archives")) as contestant:
                first, *unchanged = [contestant.lap() for _ in range(sizes.rounds + 1)]
    return [
        Row(
            subject="deployment with nothing changed: bytes uploaded",
            ours=sent(unchanged),
            baseline=f"{sent([first])} (the first time)",
            ratio=spread_of(lap.answer.uploaded / first.answer.uploaded for lap in unchanged),
            limit=NOTHING,
            memory=(unchanged[-1].peak_memory, first.peak_memory),
            note="to the local cloud",
        )
    ]


def sent(laps: list[Lap]) -> str:
    """What deployments sent and how long they took."""
    traffic = laps[-1].answer
    return f"{count(traffic.uploaded)} bytes, {traffic.calls} calls, {duration(median(lap.seconds for lap in laps))}"
