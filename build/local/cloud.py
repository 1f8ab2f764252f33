"""The stack, deployed to an emulated AWS and processing its streams, and the logs that it leaves."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LONGEST_WINDOW = 1.0
"""Seconds; a mapping waits for a full batch as MaximumBatchingWindowInSeconds says, but here no longer than this."""
_LOG_FOLDERS = Path(__file__).resolve().parents[2] / ".local"
_RUNS_KEPT = 10
_EVENTS_IN_A_PAGE = 1000


@dataclass(frozen=True)
class LocalCloud:
    """A deployed stack: what it was made from, where it is, how to talk to it, and who processes its streams."""

    config: StackConfig
    emulator: Emulator
    clients: Clients
    outputs: Mapping[str, str]
    poller: Poller


def emulator_clients(endpoint_url: str, access_key: str, secret_key: str) -> Clients:
    """Clients of an emulator, which read no configuration and no credentials of the user.

    Args:
        endpoint_url: where the emulator listens.
        access_key: the emulator's own.
        secret_key: the emulator's own.
    """
    import boto3
    import botocore.session

    nothing_of_the_user: Any = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = boto3.Session(
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=DEFAULT_REGION,
        botocore_session=botocore.session.Session(session_vars=nothing_of_the_user),
    )
    return Clients(session, DEFAULT_REGION, endpoint_url)


def connected(emulator: Emulator) -> Clients:
    """Clients that reach the emulator alone, whatever proxy the user's environment names."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    variables = emulator.variables
    return emulator_clients(emulator.endpoint, variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])


@contextmanager
def running_cloud(
    config: StackConfig, package: Package, logs: Path, progress: Progress, settings: Mapping[str, str] | None = None
) -> Iterator[LocalCloud]:
    """The stack for as long as the block lasts.

    The emulator's own stream poller ignores partial failures and bisection, so the stack's mappings are deployed
    paused and processed by a poller that does what Lambda documents. Batching windows are shortened to
    `LONGEST_WINDOW`, so that nobody waits for them.

    Args:
        config: of the stack.
        package: its functions and layer.
        logs: folder for the emulator's log.
        progress: hears what is deployed.
        settings: more environment variables of the emulator.

    Raises:
        CommandError: when the emulator does not start or the stack cannot be deployed.
    """
    progress.step("starting the emulated AWS")
    with running_emulator(logs / "emulator.log", settings) as emulator:
        clients = connected(emulator)
        paused = Deployment(config, render(config), package, parameters={STREAM_PROCESSING: "Disabled"})
        stack = deploy(clients, paused, progress)
        mappings = [
            replace(mapping, batching_window=min(mapping.batching_window, LONGEST_WINDOW))
            for mapping in find_mappings(clients.functions)
        ]
        with Poller(mappings, open_poller_clients(clients)) as poller:
            yield LocalCloud(config, emulator, clients, stack.outputs, poller)


def new_log_folder(folders: Path = _LOG_FOLDERS) -> Path:
    """A folder for the logs of a run that begins now; the oldest are removed."""
    folders.mkdir(exist_ok=True)
    for oldest in sorted(folders.iterdir())[: 1 - _RUNS_KEPT]:
        shutil.rmtree(oldest, ignore_errors=True)
    folder = folders / datetime.now().strftime("%Y-%m-%dT%H-%M-%S.%f")
    folder.mkdir()
    return folder


def save_logs(client: "CloudWatchLogsClient", folder: Path) -> None:
    """Save each log group as a file that is named after the last part of its name, its events in order of time."""
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            with (folder / f"{name.rsplit('/')[-1]}.log").open("w", encoding="utf-8") as file:
                file.writelines(log_messages(client, name))


def log_messages(client: "CloudWatchLogsClient", group: str) -> Iterator[str]:
    """The lines of a log group in order of time, read a page at a time.

    The emulator gives no token for the next page: a full page is followed by the events from its last moment on.
    """
    start = known = 0
    while True:
        page = client.filter_log_events(logGroupName=group, startTime=start, limit=_EVENTS_IN_A_PAGE)["events"]
        events = sorted(page, key=itemgetter("timestamp"))[known:]
        yield from (event["message"].rstrip() + "\n" for event in events)
        if len(page) < _EVENTS_IN_A_PAGE:
            return
        start = events[-1]["timestamp"] if events else start + 1
        known = sum(event["timestamp"] == start for event in page)
