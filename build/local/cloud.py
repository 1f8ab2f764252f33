"""The stack, deployed to an emulated AWS and processing its streams, and the logs that it leaves."""

import os
import shutil
import time
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
from build.local.monitor import Monitor
from build.packaging import Package
from build.poller.batches import Backoff
from build.poller.context import PollerOptions
from build.poller.mapping import find_mappings
from build.poller.metrics import MappingMetrics
from build.poller.poller import Poller, open_poller_clients
from build.progress import Progress
from stack.config import DEFAULT_REGION, StackConfig
from stack.template import render

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LONGEST_WINDOW = 1.0
"""Seconds; a mapping waits for a full batch as MaximumBatchingWindowInSeconds says, but here no longer than this."""
_BACKOFF = Backoff(base=0.1, maximum=2.0)
"""Before a retry, in seconds: how long Lambda waits is not documented, and nobody waits here."""
_LOG_FOLDERS = Path(__file__).resolve().parents[2] / ".local"
_RUNS_KEPT = 10
_EVENTS_IN_A_PAGE = 1000


@dataclass(frozen=True)
class LocalCloud:
    """A deployed stack: what it was made from, where it is, how to talk to it, who processes its streams, and who
    watches it."""

    config: StackConfig
    package: Package
    emulator: Emulator
    clients: Clients
    outputs: Mapping[str, str]
    poller: Poller
    monitor: Monitor


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

    The emulator's own stream poller ignores partial failures and bisection, so it does not run, and the stack's
    mappings are processed by a poller that does what Lambda documents. Batching windows are shortened to
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
        stack = deploy(clients, Deployment(config, render(config), package), progress)
        with _processed_streams(clients) as (poller, monitor):
            yield LocalCloud(config, package, emulator, clients, stack.outputs, poller, monitor)


@contextmanager
def with_new_mappings(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """A cloud whose mappings were replaced, its streams processed by those that it has now, from their beginning."""
    cloud.monitor.stop()
    cloud.poller.stop()
    with _processed_streams(cloud.clients) as (poller, monitor):
        yield replace(cloud, poller=poller, monitor=monitor)


@contextmanager
def _processed_streams(clients: Clients) -> Iterator[tuple[Poller, Monitor]]:
    mappings = [
        replace(mapping, batching_window=min(mapping.batching_window, LONGEST_WINDOW))
        for mapping in find_mappings(clients.functions)
    ]
    metrics = MappingMetrics(mappings)
    options = PollerOptions(backoff=_BACKOFF, on_sent=lambda mapping, batch: metrics.sent(mapping, batch, time.time()))
    with (
        Poller(mappings, open_poller_clients(clients), options) as poller,
        Monitor(clients, poller, metrics) as monitor,
    ):
        yield poller, monitor


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
