"""The local cloud's logs, one folder a run and not without end; its connections, which know nothing of the user."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from build.local import cloud
from build.local.cloud import emulator_clients, log_messages, new_log_folder, save_logs

RUNS_KEPT = 10


def test_a_new_run_removes_the_oldest(tmp_path: Path) -> None:
    folders = [new_log_folder(tmp_path) for _ in range(RUNS_KEPT + 3)]
    assert sorted(tmp_path.iterdir()) == folders[-RUNS_KEPT:]


def test_the_first_run_makes_the_folder(tmp_path: Path) -> None:
    assert new_log_folder(tmp_path / "logs").is_dir()


def event(timestamp: int, message: str) -> dict[str, Any]:
    """A log event."""
    return {"timestamp": timestamp, "message": message}


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


@pytest.mark.parametrize("page", [2, 3, 4, 100])
def test_a_long_log_is_read_page_by_page_without_gap_or_repetition(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [event(number // 2, f"message {number}") for number in range(17)]

    class Logs:
        def filter_log_events(self, logGroupName: str, startTime: int, limit: int) -> dict[str, Any]:
            return {"events": [each for each in events if each["timestamp"] >= startTime][:limit]}

    monkeypatch.setattr(cloud, "_EVENTS_IN_A_PAGE", page)
    client: Any = Logs()
    found = list(log_messages(client, "group"))
    assert found == [f"message {number}\n" for number in range(17)]


def test_clients_of_an_emulator_read_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile other]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    clients = emulator_clients("http://127.0.0.1:9", "key", "other")
    credentials = clients.session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.secret_key, credentials.token) == ("key", "other", None)
    assert clients.session.available_profiles == []
    assert (clients.region, clients.s3.meta.endpoint_url) == ("us-west-2", "http://127.0.0.1:9")
