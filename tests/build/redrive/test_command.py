"""The command against an emulated AWS: real objects, the packaged functions, the deployed workflow."""

import json
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from build.cloudformation.stacks import DeployedStack
from build.command_line import main
from build.local.cloud import LocalCloud
from build.poller.batches import RETRY_ATTEMPTS_EXHAUSTED, Batch, Discard
from build.poller.destination import FailureRecord
from build.poller.invocation import Response
from build.poller.mapping import EventSourceMapping
from build.poller.shards import StreamRecord
from build.redrive.failed_events import DeployedPipeline, DeployedSource, deployed_pipeline
from stack.config import StackConfig
from tests.build.redrive.conftest import SUFFIX
from tests.build.redrive.failure_records import SHARD, record

ACCOUNT = "000000000000"
OBJECTS_TO_INTERRUPT = 50
UNHANDLED = Response("1", 200, "$LATEST", "Unhandled", b"{}")
"""What the function answered last."""


class FailedEvents:
    """The bucket of the deployed stack, and what came of what was put into it.

    Args:
        cloud: the deployed stack.
        day: a day of its own, so that tests do not count each other's activities.
    """

    def __init__(self, cloud: LocalCloud, day: datetime) -> None:
        self.cloud = cloud
        self.s3 = cloud.clients.s3
        self.bucket = cloud.outputs["FailedEventsBucketName"]
        self.day = day

    def source(self, name: str) -> DeployedSource:
        """A source as it is deployed."""
        function = self.cloud.outputs[f"{name}ProcessorFunctionName"]
        table = self.cloud.outputs[f"{name}TableName"]
        return DeployedSource(
            name,
            f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:{function}",
            f"arn:aws:dynamodb:us-west-2:{ACCOUNT}:table/{table}",
        )

    def record(self, name: str = "UserData", **changes: object) -> dict[str, Any]:
        """A record like no other, of this day."""
        number = uuid.uuid4().int % 10**12
        return record(number, self.day, self.source(name), **changes)

    def put(self, *records: dict[str, Any], name: str = "UserData", failed_at: datetime | None = None) -> str:
        """Leave the record of a failed batch as the poller does; returns its key."""
        source = self.source(name)
        mapping = EventSourceMapping(str(uuid.uuid4()), source.function_arn, str(records[0]["eventSourceARN"]))
        batch = Batch(tuple(map(polled, records)), invocations=4, response=UNHANDLED)
        moment = (failed_at or self.day + timedelta(hours=1)).timestamp()
        failure = FailureRecord(mapping, SHARD, Discard(batch, RETRY_ATTEMPTS_EXHAUSTED), moment)
        return self.put_raw(failure.object_key, json.dumps(failure.with_payload).encode())

    def put_raw(self, key: str, body: bytes) -> str:
        """Put any object; returns its key."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    @property
    def keys(self) -> set[str]:
        """What the bucket holds."""
        return {content["Key"] for content in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])}

    def items(self, data_type: str) -> list[dict[str, Any]]:
        """The items of a type that are of this day; a summary is stored at the instant at which its day ends."""
        start = int(self.day.replace(hour=0).timestamp() * 1000)
        return self.cloud.clients.dynamodb.query(
            TableName=self.cloud.outputs["AnalyticsTableName"],
            KeyConditionExpression="dataType = :type AND processedAt BETWEEN :start AND :end",
            ExpressionAttributeValues={
                ":type": {"S": data_type},
                ":start": {"N": str(start + 1)},
                ":end": {"N": str(start + 24 * 60 * 60 * 1000)},
            },
        )["Items"]

    @property
    def total(self) -> int | None:
        """What the summary of the day counts; None when there is none."""
        summaries = self.items("DAILY_SUMMARY")
        return int(summaries[0]["totalRecords"]["N"]) if summaries else None


def polled(event: dict[str, Any]) -> StreamRecord:
    """A record as the poller holds it."""
    created = event["dynamodb"]["ApproximateCreationDateTime"]
    return StreamRecord(event["dynamodb"]["SequenceNumber"], "", created, created, json.dumps(event).encode())


def variables(cloud: LocalCloud) -> dict[str, str]:
    """The environment in which a command reaches the emulator and nothing else."""
    return {
        **cloud.emulator.variables,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }


days = (datetime(2026, 2, day, 12, tzinfo=UTC) for day in range(1, 29))


@pytest.fixture
def events(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> FailedEvents:
    """An empty bucket, and an environment that points at it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in variables(cloud).items():
        monkeypatch.setenv(name, value)
    failed_events = FailedEvents(cloud, next(days))
    for name in failed_events.keys:
        failed_events.s3.delete_object(Bucket=failed_events.bucket, Key=name)
    return failed_events


def redrive(*options: str) -> int:
    """Run the command; returns its exit code."""
    return main(["redrive", "--suffix", SUFFIX, *options])


def redriven(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, Any]:
    """Run the command; returns its exit code and its result as JSON."""
    exit_code = redrive("--json", *options)
    return exit_code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_failed_events_are_listed_replayed_counted_and_deleted(
    events: FailedEvents, capsys: pytest.CaptureFixture[str]
) -> None:
    events.put(events.record(), events.record())
    events.put(events.record("OrderData"), name="OrderData")
    assert redrive("--dry-run") == 0
    listing = capsys.readouterr().out
    assert f"{events.day:%Y-%m-%d} 13:00:00  UserData   2        RetryAttemptsExhausted, Unhandled  waiting" in listing
    assert f"{events.day:%Y-%m-%d} 13:00:00  OrderData  1        RetryAttemptsExhausted, Unhandled  waiting" in listing
    assert (len(events.keys), events.items("USER_ACTIVITY"), events.total) == (2, [], None)
    assert redrive() == 0
    shown = capsys.readouterr()
    assert "objects of failed events: 2 recorded" in shown.out
    assert f"{events.day:%Y-%m-%d}  recomputed" in shown.out
    assert "2/2 aws/lambda/" in shown.err
    assert events.keys == set()
    assert (len(events.items("USER_ACTIVITY")), len(events.items("ORDER_ACTIVITY")), events.total) == (2, 1, 3)


def test_running_it_twice_changes_nothing(events: FailedEvents, capsys: pytest.CaptureFixture[str]) -> None:
    events.put(events.record(), events.record())
    assert redrive() == 0
    recorded, summary = events.items("USER_ACTIVITY"), events.items("DAILY_SUMMARY")
    capsys.readouterr()
    assert redrive() == 0
    announced, told = capsys.readouterr().out.splitlines()
    assert announced.startswith(f"TapStack{SUFFIX} in account {ACCOUNT}, region us-west-2 (from AWS_REGION), as arn:")
    assert announced.endswith(": replay the failed events and delete those that succeed")
    assert told == "objects of failed events: none"
    assert (events.items("USER_ACTIVITY"), events.items("DAILY_SUMMARY")) == (recorded, summary)


def test_an_object_that_is_replayed_again_is_not_counted_twice(events: FailedEvents) -> None:
    first, second = events.record(), events.record()
    events.put(first, second)
    assert redrive() == 0
    events.put(second, first)
    assert redrive() == 0
    assert (len(events.items("USER_ACTIVITY")), events.total) == (2, 2)


def test_what_is_deleted_can_be_restored(events: FailedEvents) -> None:
    name = events.put(events.record())
    before = events.s3.get_object(Bucket=events.bucket, Key=name)["Body"].read()
    assert redrive() == 0
    answer = events.s3.list_object_versions(Bucket=events.bucket, Prefix=name)
    assert [marker["IsLatest"] for marker in answer["DeleteMarkers"]] == [True]
    (version,) = answer["Versions"]
    kept = events.s3.get_object(Bucket=events.bucket, Key=name, VersionId=version["VersionId"])
    assert kept["Body"].read() == before


def test_a_poison_record_keeps_its_object_and_the_others_are_recorded(
    events: FailedEvents, capsys: pytest.CaptureFixture[str]
) -> None:
    poison = events.record(eventName="UNKNOWN")
    kept = events.put(events.record(), poison, events.record())
    events.put(events.record())
    exit_code, result = redriven(capsys)
    assert exit_code == 1
    reasons = {stored["outcome"]: stored["reason"] for stored in result["objects"]}
    assert poison["dynamodb"]["SequenceNumber"] in reasons["failed"]
    assert events.keys == {kept}
    assert (len(events.items("USER_ACTIVITY")), events.total) == (3, 3)


def test_damaged_and_foreign_objects_are_reported_and_left_alone(
    events: FailedEvents, capsys: pytest.CaptureFixture[str]
) -> None:
    key = events.put(events.record())
    good = events.s3.get_object(Bucket=events.bucket, Key=key)["Body"].read()
    foreign = {
        events.put_raw("notes.txt", b"remember the milk"),
        events.put_raw(key + "0", b"{"),
        events.put_raw(key + "1", good.replace(SUFFIX.encode(), b"prod")),
        events.put_raw(key + "2", json.dumps({**json.loads(good), "payload": '{"Records": {}}'}).encode()),
    }
    assert redrive() == 1
    shown = capsys.readouterr()
    assert events.keys == foreign
    for name in foreign:
        assert f"{name} left alone: " in shown.err
    assert "objects of failed events: 4 left alone, 1 recorded" in shown.out
    assert (len(events.items("USER_ACTIVITY")), events.total) == (1, 1)


def test_it_can_be_narrowed(events: FailedEvents) -> None:
    late = events.day + timedelta(hours=3)
    early_users, late_users = events.put(events.record()), events.put(events.record(), failed_at=late)
    orders = events.put(events.record("OrderData"), name="OrderData", failed_at=late)
    assert redrive("--since", f"{late:%Y-%m-%dT%H:%M:%S}", "--source", "UserData") == 0
    assert events.keys == {early_users, orders}
    assert redrive("--since", f"{late + timedelta(days=1):%Y-%m-%d}") == 0
    assert events.keys == {early_users, orders}
    assert redrive("--since", f"{events.day:%Y-%m-%d}", "--source", "OrderData") == 0
    assert events.keys == {early_users}
    assert late_users not in events.keys


def test_programs_get_one_document(events: FailedEvents, capsys: pytest.CaptureFixture[str]) -> None:
    name = events.put(events.record())
    exit_code, result = redriven(capsys)
    assert exit_code == 0
    assert [(stored["key"], stored["source"], stored["outcome"]) for stored in result["objects"]] == [
        (name, "UserData", "recorded")
    ]
    assert result["summaries"] == [{"day": f"{events.day:%Y-%m-%d}", "problem": None}]


@pytest.mark.slow
def test_ctrl_c_loses_nothing_and_the_next_run_goes_on(events: FailedEvents, cloud: LocalCloud) -> None:
    for _ in range(OBJECTS_TO_INTERRUPT):
        events.put(events.record())
    command = [sys.executable, "-m", "build", "redrive", "--suffix", SUFFIX]
    environment = {"PATH": os.environ["PATH"], **variables(cloud)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        first_line = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert first_line.startswith(f"1/{OBJECTS_TO_INTERRUPT} aws/lambda/")
    assert process.returncode == 130
    assert "redrive: stopped, and nothing is lost: repeat the command to go on" in errors
    assert "Traceback" not in errors
    assert len(events.keys) == OBJECTS_TO_INTERRUPT
    assert redrive() == 0
    assert events.keys == set()
    assert (len(events.items("USER_ACTIVITY")), events.total) == (OBJECTS_TO_INTERRUPT, OBJECTS_TO_INTERRUPT)


def test_a_bucket_that_is_gone_is_one_sentence(
    events: FailedEvents, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pipeline_of_a_deleted_bucket(stack: DeployedStack, config: StackConfig) -> DeployedPipeline:
        return replace(deployed_pipeline(stack, config), bucket="no-such-bucket")

    monkeypatch.setattr("build.redrive.command.deployed_pipeline", pipeline_of_a_deleted_bucket)
    assert redrive() == 1
    assert "redrive: the bucket of failed events, no-such-bucket, is gone" in capsys.readouterr().err


def test_a_stack_that_is_not_there_is_one_sentence(events: FailedEvents, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--suffix", "nowhere"]) == 1
    assert "redrive: there is no stack TapStacknowhere in us-west-2" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--since", "yesterday"], ["--since", "2026-02-30"], ["--source", "Invoices"]])
def test_wrong_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        redrive(*options)
    assert ending.value.code == 2
    assert options[1] in capsys.readouterr().err
