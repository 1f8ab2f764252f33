"""The logs of a local run: a folder for each run, the newest few kept."""

import shutil
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LOGS = Path(__file__).resolve().parents[2] / ".local"
RUNS_KEPT = 10


def new_log_folder(logs: Path = LOGS) -> Path:
    """A folder for a run that begins now; the oldest are removed."""
    logs.mkdir(exist_ok=True)
    for old in sorted(logs.iterdir())[: 1 - RUNS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    folder = logs / datetime.now().strftime("%Y-%m-%dT%H-%M-%S.%f")
    folder.mkdir()
    return folder


def save_logs(client: "CloudWatchLogsClient", folder: Path) -> None:
    """Save each log group as a file that is named after the last part of its name, its events in order of time."""
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            (folder / f"{name.rsplit('/')[-1]}.log").write_text("".join(messages(client, name)), encoding="utf-8")


def messages(client: "CloudWatchLogsClient", group: str) -> list[str]:
    """The lines of a log group."""
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
    events = sorted((event for page in pages for event in page["events"]), key=itemgetter("timestamp"))
    return [event["message"].rstrip() + "\n" for event in events]
