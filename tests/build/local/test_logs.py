"""Saved logs: one folder a run, in order of time, not without end."""

from pathlib import Path
from typing import Any

import boto3
from botocore.stub import Stubber

from build.local.logs import RUNS_KEPT, new_log_folder, save_logs


def test_a_new_run_removes_the_oldest(tmp_path: Path) -> None:
    folders = [new_log_folder(tmp_path) for _ in range(RUNS_KEPT + 3)]
    assert sorted(tmp_path.iterdir()) == folders[-RUNS_KEPT:]


def test_the_first_run_makes_the_folder(tmp_path: Path) -> None:
    assert new_log_folder(tmp_path / "logs").is_dir()


def event(timestamp: int, message: str) -> dict[str, Any]:
    """A log event."""
    return {"timestamp": timestamp, "message": message, "eventId": message}


def test_events_are_saved_in_order_of_time_and_else_as_they_came(tmp_path: Path) -> None:
    client = boto3.client("logs")
    with Stubber(client) as stub:
        stub.add_response(
            "describe_log_groups", {"logGroups": [{"logGroupName": "/aws/lambda/dev-userdataproc-synth"}]}
        )
        events = [event(2, "z first\n"), event(2, "a second"), event(1, "earlier")]
        stub.add_response("filter_log_events", {"events": events})
        save_logs(client, tmp_path)
    assert (tmp_path / "dev-userdataproc-synth.log").read_text() == "earlier\nz first\na second\n"
