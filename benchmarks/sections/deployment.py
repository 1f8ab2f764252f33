"""Deploying again with nothing changed, compared with the first deployment, to the local cloud."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import median

from botocore.awsrequest import AWSPreparedRequest

from benchmarks.measuring.iterations import BenchmarkProcess, Iteration
from benchmarks.reporting.formatting import format_count, format_duration
from benchmarks.reporting.rows import ResultRow, exactly, spread_of
from benchmarks.sizes import Sizes
from build.aws import Clients
from build.commands.deploy import deploy
from build.deploy.desired import Deployment
from build.local.cloud import connected
from build.local.emulator import Emulator, running_emulator
from build.packaging import package
from build.progress import NullProgress
from stack.config import StackConfig
from stack.parameters import STREAM_PROCESSING
from stack.template import render

_UPLOADS = ("before-send.s3.PutObject", "before-send.s3.UploadPart")
_NO_BYTES = exactly(0)


def measure_deployment(sizes: Sizes) -> list[ResultRow]:
    """Deploy a new stack, then the same again and again.

    Raises:
        CommandError: when the emulator does not start or a deployment fails.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        with running_emulator(Path(folder) / "emulator.log") as emulator:
            with BenchmarkProcess(partial(_deployments, emulator, Path(folder) / "archives")) as process:
                first, *unchanged = [process.iteration() for _ in range(sizes.rounds + 1)]
    return [
        ResultRow(
            subject="deployment with nothing changed: bytes uploaded",
            ours=_traffic_text(unchanged),
            baseline=f"{_traffic_text([first])} (the first time)",
            ratio=spread_of(iteration.answer.uploaded / first.answer.uploaded for iteration in unchanged),
            limit=_NO_BYTES,
            memory=(unchanged[-1].peak_memory, first.peak_memory),
            note="to the local cloud",
        )
    ]


@dataclass(frozen=True)
class _Traffic:
    """What a deployment sent: calls of AWS APIs, and bytes of objects."""

    calls: int
    uploaded: int


class _TrafficMeter:
    """Counts what clients send.

    Args:
        clients: none of which has been used.
    """

    def __init__(self, clients: Clients) -> None:
        self.calls = 0
        self.uploaded = 0
        clients.session.events.register("before-send", self._count_call)
        for upload in _UPLOADS:
            clients.session.events.register(upload, self._count_upload)

    def _count_call(self, **_: object) -> None:
        self.calls += 1

    def _count_upload(self, request: AWSPreparedRequest, **_: object) -> None:
        self.uploaded += int(request.headers["Content-Length"])


def _deployments(emulator: Emulator, output: Path) -> Iterator[Callable[[], _Traffic]]:
    """Iterations that deploy the same stack each time; the archives are packaged into a folder first."""
    clients, config = connected(emulator), StackConfig()
    paused = Deployment(config, render(config), package(config, output), parameters={STREAM_PROCESSING: "Disabled"})
    return repeat(partial(_deploy_metered, clients, paused, _TrafficMeter(clients)))


def _deploy_metered(clients: Clients, deployment: Deployment, meter: _TrafficMeter) -> _Traffic:
    calls, uploaded = meter.calls, meter.uploaded
    deploy(clients, deployment, NullProgress())
    return _Traffic(meter.calls - calls, meter.uploaded - uploaded)


def _traffic_text(iterations: Sequence[Iteration]) -> str:
    """What the last deployment sent, and the median of how long they took."""
    traffic, seconds = iterations[-1].answer, median(iteration.seconds for iteration in iterations)
    return f"{format_count(traffic.uploaded)} bytes, {traffic.calls} calls, {format_duration(seconds)}"
