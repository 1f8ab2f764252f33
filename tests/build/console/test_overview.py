"""What all pages show is read together; what cannot be read is told, and AWS is spared when it throttles."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from build.console import failed_batches
from build.console import overview as overview_module
from build.console.alarm_states import alarm_states, runbook_rows
from build.console.daily_summaries import count_day
from build.console.failed_batches import FailedBatches, RedriveJob
from build.console.log_buffer import LogBuffer, LogFilter
from build.console.overview import Overview
from build.console.target import Target
from build.local.cloud import LocalCloud
from stack import runbook
from tests.build.console.seeding import SOURCE
from tests.build.console.writing import record, write_and_process


@pytest.fixture
def overview(target: Target) -> Overview:
    return Overview(target, FailedBatches(target), LogBuffer(target))


def test_everything_is_read_at_once(overview: Overview, target: Target) -> None:
    assert overview.read() == target.seconds_between_reads
    snapshot = overview.snapshot
    assert snapshot.taken and not snapshot.problem and overview.version == 1
    assert {alarm.logical_id for alarm in snapshot.alarms} >= {"DataAtRiskAlarm", "UserDataProcessorErrorAlarm"}
    assert {metric for widget in overview.widgets for metric in widget.metrics} <= snapshot.series.keys()


def test_nothing_is_read_while_no_page_is_open(target: Target) -> None:
    overview = Overview(replace(target, seconds_between_reads=0.01), FailedBatches(target), LogBuffer(target))
    overview.start()
    _wait_for(lambda: overview.version == 1)
    time.sleep(0.5)
    assert overview.version == 1
    with overview.watched():
        _wait_for(lambda: overview.version > 3)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_missing_credentials_are_told_in_the_same_words(overview: Overview, monkeypatch: pytest.MonkeyPatch) -> None:
    overview.read()
    alarms = overview.snapshot.alarms

    def fail(_: object) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(overview_module, "alarm_states", fail)
    overview.read()
    assert overview.snapshot.problem.startswith("there are no complete AWS credentials; log in (`aws sso login`")
    assert overview.snapshot.alarms == alarms


def test_reading_pauses_longer_when_aws_throttles(
    overview: Overview, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(_: object) -> None:
        answer: Any = {
            "Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
        raise ClientError(answer, "DescribeAlarms")

    monkeypatch.setattr(overview_module, "alarm_states", throttle)
    assert overview.read() == 4 * target.seconds_between_reads
    assert "AWS throttles DescribeAlarms" in overview.snapshot.problem


def test_reading_goes_on_after_whatever_fails(
    overview: Overview, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(_: object) -> None:
        raise KeyError("Alarms")

    with monkeypatch.context() as broken:
        broken.setattr(overview_module, "alarm_states", break_down)
        overview.read()
    assert overview.snapshot.problem.startswith("reading failed (KeyError), the terminal shows where")
    assert "break_down" in capsys.readouterr().err
    overview.read()
    assert overview.snapshot.problem == ""


def test_a_redrive_that_breaks_down_does_not_look_as_though_it_ran(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(*_: object) -> None:
        raise KeyError("Contents")

    monkeypatch.setattr(failed_batches, "FailedEventsBucket", break_down)
    ended = Event()
    job = RedriveJob(target, lambda: None, ended.set)
    job.start()
    assert ended.wait(60)
    assert not job.state.running
    assert job.state.outcome.startswith("it failed (KeyError), the terminal shows where")
    assert "break_down" in capsys.readouterr().err


def test_every_alarm_has_its_row_of_the_runbook(target: Target) -> None:
    alarms = alarm_states(target)
    assert len(alarms) > 20
    assert all(alarm.runbook for alarm in alarms if not alarm.composite)
    headings = {entry.heading for entry in vars(runbook).values() if isinstance(entry, runbook.RunbookEntry)}
    assert headings <= runbook_rows().keys()
    row = runbook_rows()["Failed events wait"]
    assert row.remedy == "fix the cause, then replay them"


def test_a_day_is_counted_by_hour(cloud: LocalCloud, target: Target) -> None:
    write_and_process(cloud, [record(SOURCE, f"counted-{number}") for number in range(7)])
    today = datetime.now(UTC).date()
    count = count_day(target, today)
    assert count.totals[SOURCE.name] >= 7 and len(count.hours[SOURCE.name]) == 24
    yesterday = count_day(target, today - timedelta(days=400))
    assert set(yesterday.totals.values()) == {0}


def test_log_lines_are_read_while_somebody_looks(cloud: LocalCloud, target: Target) -> None:
    write_and_process(cloud, [record(SOURCE, "logged")])
    logs = LogBuffer(target)
    assert not logs.watched
    lines, matching = logs.newest(LogFilter())
    assert logs.watched and len(lines) <= matching and lines
    assert list(lines) == sorted(lines, key=lambda entry: entry.time, reverse=True)
    assert "UserDataProcessor" in logs.sources
    only, _ = logs.newest(LogFilter("UserDataProcessor", "INFO", "BATCH processed"))
    assert only and {entry.source for entry in only} == {"UserDataProcessor"}
    assert all("batch processed" in entry.line for entry in only)


def test_failed_events_are_read_a_few_at_a_time(target: Target) -> None:
    batches = FailedBatches(replace(target), most_read=0)
    assert {group.reason for group in batches.groups(batches.listed())} <= {"not read yet"}
