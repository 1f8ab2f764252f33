"""The stack, deployed to an emulated AWS and processing its streams."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.session

from build.aws import Clients
from build.commands.deploy import deploy
from build.deploy.desired import Deployment
from build.local.emulator import Emulator, running_emulator
from build.packaging import Package
from build.poller.mapping import find_mappings
from build.poller.poller import Poller, open_poller_clients
from build.progress import Progress
from stack.config import DEFAULT_REGION, StackConfig
from stack.parameters import STREAM_PROCESSING
from stack.template import render


@dataclass(frozen=True)
class LocalCloud:
    """A deployed stack: where it is, how to talk to it, what it tells about itself and who carries its streams."""

    emulator: Emulator
    clients: Clients
    outputs: Mapping[str, str]
    poller: Poller


def isolated_session(variables: Mapping[str, str]) -> boto3.Session:
    """A session that reads no configuration or credentials of the user.

    Args:
        variables: the emulator's access key and secret.
    """
    nothing_of_the_user = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    return boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=DEFAULT_REGION,
        botocore_session=botocore.session.Session(session_vars=nothing_of_the_user),
    )


def connected(emulator: Emulator) -> Clients:
    """Clients that reach the emulator alone, whatever proxy the user's environment names."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    return Clients(isolated_session(emulator.variables), DEFAULT_REGION, emulator.endpoint)


@contextmanager
def running_cloud(
    config: StackConfig, package: Package, logs: Path, progress: Progress, settings: Mapping[str, str] | None = None
) -> Iterator[LocalCloud]:
    """The stack for as long as the block lasts.

    The emulator's own stream poller ignores partial failures and bisection, so the stack's mappings are deployed
    paused and processed by a poller that does what Lambda documents.

    Args:
        config: of the stack.
        package: its functions and layer.
        logs: folder for the emulator's log.
        progress: hears what is deployed.
        settings: more environment variables of the emulator.

    Raises:
        CommandError: when the emulator does not start or the stack cannot be deployed.
    """
    with running_emulator(logs / "emulator.log", settings) as emulator:
        clients = connected(emulator)
        paused = Deployment(config, render(config), package, parameters={STREAM_PROCESSING: "Disabled"})
        stack = deploy(clients, paused, progress)
        poller_clients = open_poller_clients(clients.session, emulator.endpoint)
        with Poller(find_mappings(clients.functions), poller_clients) as poller:
            yield LocalCloud(emulator, clients, stack.outputs, poller)
