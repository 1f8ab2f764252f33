"""Deployments to an emulated AWS, ready to do laps that count the calls they make."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path

from botocore.awsrequest import AWSPreparedRequest

from build.aws import Clients
from build.commands.deploy import deploy
from build.deploy.desired import Deployment
from build.local.cloud import connected
from build.local.emulator import Emulator
from build.packaging import package
from build.progress import NullProgress
from stack.config import StackConfig
from stack.parameters import STREAM_PROCESSING
from stack.template import render

UPLOADS = ("before-send.s3.PutObject", "before-send.s3.UploadPart")


@dataclass(frozen=True)
class Traffic:
    """What a deployment sent: calls of AWS APIs, and bytes of objects."""

    calls: int
    uploaded: int


class Meter:
    """Counts the traffic of a connection's clients.

    Args:
        clients: none of which has been used.
    """

    def __init__(self, clients: Clients) -> None:
        self.calls = 0
        self.uploaded = 0
        clients.session.events.register("before-send", self.add_call)
        for upload in UPLOADS:
            clients.session.events.register(upload, self.add_upload)

    def add_call(self, **_: object) -> None:
        """Count a call."""
        self.calls += 1

    def add_upload(self, request: AWSPreparedRequest, **_: object) -> None:
        """Count the bytes of an object."""
        self.uploaded += int(request.headers["Content-Length"])


def deployments(emulator: Emulator, output: Path) -> Iterator[Callable[[], Traffic]]:
    """Laps that deploy the same stack each time.

    Args:
        emulator: where to.
        output: folder for the archives.
    """
    clients, config = connected(emulator), StackConfig()
    paused = Deployment(config, render(config), package(config, output), parameters={STREAM_PROCESSING: "Disabled"})
    return repeat(partial(deploy_metered, clients, paused, Meter(clients)))


def deploy_metered(clients: Clients, deployment: Deployment, meter: Meter) -> Traffic:
    """Deploy and say what that sent."""
    calls, uploaded = meter.calls, meter.uploaded
    deploy(clients, deployment, NullProgress())
    return Traffic(meter.calls - calls, meter.uploaded - uploaded)
