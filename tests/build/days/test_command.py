"""Both commands against an emulated AWS: real activities, failed events and metrics, the deployed workflow."""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from build.command_line import main
from build.days import command, reading
from build.errors import CommandError
from build.executions import execute, summary_request
from build.local.cloud import LocalCloud, running_cloud
from build.packaging import package
from build.poller.mapping import find_mappings
from build.progress import NullProgress
from build.reconcile.reading import deployed_activities
from build.redrive.failed_events import DeployedSource
from handlers.activities import activity_item
from handlers.keys import sort_key
from handlers.windows import requested_windows, require_kept
from stack.config import SOURCES, StackConfig
from tests.build.redrive.failure_records import body, key, record
from tests.build.redrive.test_command import variables

SUFFIX = "days"
HOUR = timedelta(hours=1)
STREAM_BEGAN = reading.stream_began


def utc_today() -> date:
    """Asked for by each test, since midnight may pass while other tests run."""
    return datetime.now(UTC).date()


def days_ago(number: int) -> date:
    return utc_today() - timedelta(days=number)


def midday(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


class Stack:
    """The deployed stack, and what is written to it behind its back."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.dynamodb = cloud.clients.dynamodb
        self.table = cloud.outputs["AnalyticsTableName"]
        account = "000000000000"
        self.users = DeployedSource(
            "UserData",
            f"arn:aws:lambda:us-west-2:{account}:function:{cloud.outputs['UserDataProcessorFunctionName']}",
            f"arn:aws:dynamodb:us-west-2:{account}:table/{cloud.outputs['UserDataTableName']}",
        )

    def key(self, day: date, number: int, data_type: str = "USER_ACTIVITY") -> dict[str, Any]:
        at = sort_key(int(midday(day).timestamp()) * 1000, number)
        return {"dataType": {"S": data_type}, "processedAt": {"N": at}}

    def record_activities(self, day: date, *numbers: int, data_type: str = "USER_ACTIVITY") -> None:
        for number in numbers:
            self.dynamodb.put_item(TableName=self.table, Item=self.key(day, number, data_type))

    def forget_activity(self, day: date, number: int) -> None:
        self.dynamodb.delete_item(TableName=self.table, Key=self.key(day, number))

    def summarise(self, day: date) -> None:
        arn = self.cloud.outputs["StepFunctionsStateMachineArn"]
        assert execute(self.cloud.clients.workflow, arn, summary_request(day)).problem is None

    def summary(self, day: date) -> Any:
        end = int(datetime.combine(day + timedelta(days=1), time(), UTC).timestamp()) * 1000
        key: Any = {"dataType": {"S": "DAILY_SUMMARY"}, "processedAt": {"N": str(end)}}
        return self.dynamodb.get_item(TableName=self.table, Key=key).get("Item")

    def measure(self, metric: str, moment: datetime, hours: int, value: float) -> None:
        """A value of a metric of each mapping, once an hour; AWS lets nobody write to this namespace."""
        for mapping in find_mappings(self.cloud.clients.functions):
            values: Any = [
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": "EventSourceMappingUUID", "Value": mapping.uuid}],
                    "Timestamp": moment + number * HOUR,
                    "Value": value,
                }
                for number in range(hours)
            ]
            self.cloud.clients.cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=values)

    def fail(self, *records: dict[str, Any]) -> None:
        """Leave records in the bucket of failed events."""
        bucket = self.cloud.outputs["FailedEventsBucketName"]
        self.cloud.clients.s3.put_object(Bucket=bucket, Key=key(), Body=body(*records, origin=self.users))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose activities are spread over two partitions."""
    config = StackConfig(SUFFIX, activity_shards=((0, 2),))
    with running_cloud(config, package(config), tmp_path_factory.mktemp("logs"), NullProgress()) as running:
        yield Stack(running)


@pytest.fixture(autouse=True)
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the emulator and nothing else, whose streams are as old as the days here."""
    monkeypatch.setattr(reading, "stream_began", lambda *_: datetime.now(UTC) - timedelta(days=30))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in variables(stack.cloud).items():
        monkeypatch.setenv(name, value)


def run(capsys: pytest.CaptureFixture[str], name: str, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the result for programs."""
    exit_code = main([name, "--suffix", SUFFIX, "--json", *words])
    return exit_code, json.loads(capsys.readouterr().out.splitlines()[-1])


def states(result: dict[str, Any]) -> dict[str, str]:
    return {day["day"]: day["state"] for day in result["days"]}


def test_a_stack_without_an_activity_has_today_alone(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, result = run(capsys, "days")
    assert (exit_code, states(result)) == (0, {str(utc_today()): "running"})
    assert run(capsys, "backfill")[1]["due"] == []


def test_every_day_is_told_apart_and_exactly_what_lacks_is_made(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    *unread, exact, stale, missing, failed, dropped = map(days_ago, range(6, 0, -1))
    for day in map(days_ago, range(6, 0, -1)):
        stack.record_activities(day, 1, 2)
        stack.record_activities(day, 3, data_type="USER_ACTIVITY#1")
        stack.record_activities(day, 1, 2, data_type="ORDER_ACTIVITY")
        if day != missing:
            stack.summarise(day)
    stack.record_activities(utc_today(), 1)
    stack.record_activities(stale, 7, 8)
    polled = datetime.combine(exact, time(1), UTC)
    stack.measure("PolledEventCount", polled, (datetime.now(UTC) - polled) // HOUR, 0)
    stack.measure("DroppedEventCount", datetime.now(UTC), 1, 2)
    waiting = [record(number, midday(failed), stack.users) for number in (1, 2)]
    stack.fail(*waiting, record(3, midday(failed), stack.users, eventID=None))
    stack.fail(record(4, midday(days_ago(9)), stack.users))

    exit_code, result = run(capsys, "days")
    assert exit_code == 2
    assert states(result) == {
        str(unread[0]): "at least",
        str(exact): "exact",
        str(stale): "stale",
        str(missing): "missing",
        str(failed): "partly lost",
        str(dropped): "partly lost",
        str(utc_today()): "running",
    }
    found = {day["day"]: day for day in result["days"]}
    counted = {source.name: {"UserData": 3, "OrderData": 2}.get(source.name, 0) for source in SOURCES}
    assert found[str(unread[0])]["unread"] == list(counted)
    assert found[str(exact)]["activities"] == counted
    assert (found[str(stale)]["total"], found[str(stale)]["summarised"]) == (7, counted)
    assert (found[str(missing)]["total"], found[str(missing)]["summarised"]) == (5, None)
    assert (found[str(failed)]["failed"], found[str(failed)]["dropped"]) == ({"UserData": 2}, {})
    assert (found[str(dropped)]["failed"], found[str(dropped)]["dropped"]) == ({}, dict.fromkeys(counted, 2))

    assert main(["days", "--suffix", SUFFIX, "--since", str(stale)]) == 2
    shown = capsys.readouterr().out
    assert str(exact) not in shown
    assert f"{stale}  stale        7           5           activities that the summary has not: 2 of UserData" in shown
    assert f"{failed}  partly lost  at least 5  5           failed events: 2 of UserData" in shown
    assert main(["days", "--suffix", SUFFIX, "--since", str(utc_today())]) == 0
    capsys.readouterr()

    before = stack.summary(exact)
    exit_code, result = run(capsys, "backfill", "--dry-run")
    assert (exit_code, [day["day"] for day in result["due"]], result["made"]) == (0, [str(stale), str(missing)], [])
    assert stack.summary(missing) is None
    assert main(["backfill", "--suffix", SUFFIX]) == 2
    captured = capsys.readouterr()
    assert f"{missing} is missing: its summary will count 5 activities" in captured.out
    assert "nobody can be asked here; add --yes when it is meant." in captured.err
    assert stack.summary(missing) is None

    exit_code, result = run(capsys, "backfill", "--from", str(missing), "--to", str(utc_today()), "--yes")
    assert (exit_code, result["made"], result["failed"]) == (0, [str(missing)], {})
    assert main(["backfill", "--suffix", SUFFIX, "--yes"]) == 0
    shown = capsys.readouterr().out
    assert f"summary of {stale}: made" in shown and str(missing) not in shown
    assert stack.summary(exact) == before
    assert (stack.summary(stale)["totalRecords"], stack.summary(missing)["totalRecords"]) == ({"N": "7"}, {"N": "5"})
    now = states(run(capsys, "days")[1])
    assert (now[str(stale)], now[str(missing)]) == ("exact", "exact")
    assert run(capsys, "backfill", "--yes")[1] == {"type": "result", "due": [], "made": [], "failed": {}}

    stack.forget_activity(exact, 1)
    stack.record_activities(failed, 5)
    vanished = next(day for day in run(capsys, "days")[1]["days"] if day["day"] == str(exact))
    assert (vanished["state"], vanished["at_least"]) == ("partly lost", True)
    assert vanished["reasons"] == ["activities that the summary counted and that are gone: 1 of UserData"]
    exit_code, result = run(capsys, "backfill", "--yes")
    assert result["made"] == [str(failed)]
    assert states(run(capsys, "days")[1])[str(failed)] == "partly lost"


def test_what_failed_and_is_recorded_after_all_is_not_lost(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    day = days_ago(9)
    source = deployed_activities(stack.cloud.clients, stack.users)

    def failed() -> Any:
        return run(capsys, "days", "--since", str(day))[1]["days"][0]["failed"]

    assert failed() == {"UserData": 1}
    item: Any = activity_item(record(4, midday(day), stack.users), source.activity)
    stack.dynamodb.put_item(TableName=stack.table, Item=item)
    assert failed() == {}


def test_no_day_before_a_stream_is_exact_unless_it_has_no_activity_from_then(
    stack: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "stream_began", STREAM_BEGAN)
    (orders,) = [source for source in SOURCES if source.name == "OrderData"]
    first, *_, today = run(capsys, "days", "--since", str(days_ago(6)))[1]["days"]
    assert set(first["began"]) == set(today["began"]) == {"UserData", orders.name}
    assert first["began"]["UserData"].startswith(str(utc_today())[:7])
    assert (first["at_least"], today["state"]) == (True, "running")
    assert any(reason.startswith("the stream of UserData began at ") for reason in first["reasons"])


def test_much_is_read_only_when_somebody_agrees(
    stack: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_MOST_ITEMS_READ_UNASKED", 3)
    assert main(["days", "--suffix", SUFFIX]) == 2
    captured = capsys.readouterr()
    assert "counting reads up to about" in captured.out and "on demand in us-west-2" in captured.out
    assert captured.err == "days: nobody can be asked here; add --yes when it is meant.\n"
    assert "Days" not in captured.out
    assert "days" in run(capsys, "days", "--yes")[1]
    assert main(["backfill", "--suffix", SUFFIX, "--dry-run"]) == 2
    assert "nobody can be asked here" in capsys.readouterr().err


class ReaderOfAnOldStack:
    """Knows activities of a year ago, and notes what it is asked to read."""

    @property
    def today(self) -> date:
        return utc_today()

    def first_day(self) -> date:
        return days_ago(365)

    def estimate(self, days: Sequence[date]) -> reading.Reading:
        return reading.Reading(0, 0)

    def read(self, days: Sequence[date]) -> list[Any]:
        return list(days)


def test_days_whose_activities_expired_are_not_taken_for_lost() -> None:
    chosen: Any = SimpleNamespace(config=StackConfig(SUFFIX, activity_retention_days=10))
    reader: Any = ReaderOfAnOldStack()
    read: Any = command.read_days(chosen, reader, None, None, False)
    assert read == [days_ago(number) for number in range(9, -1, -1)]
    require_kept(requested_windows({"date": str(days_ago(9))}, datetime.now(UTC)), datetime.now(UTC), 10)
    with pytest.raises(CommandError, match=f"activities are kept for 10 days, .*; name {days_ago(9)} or a later day"):
        command.read_days(chosen, reader, days_ago(10), None, False)


def test_a_day_is_no_other_text(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("yesterday", "20260131", "1969-12-31", "2026-02-30", ""):
        with pytest.raises(SystemExit) as ended:
            main(["days", "--since", text])
        assert ended.value.code == 2
        assert "is no day since 1970 like 2026-01-31" in capsys.readouterr().err


def test_days_of_the_future_or_in_the_wrong_order_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["days", "--since", str(utc_today() + timedelta(days=2))],
        ["backfill", "--from", str(days_ago(1)), "--to", str(days_ago(3))],
        ["backfill", "--to", str(utc_today() + timedelta(days=2))],
    ):
        assert main([*words, "--suffix", SUFFIX]) == 2
        assert "name them in their order, up to today" in capsys.readouterr().err
