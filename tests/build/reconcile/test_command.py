"""The command against an emulated AWS, whose table and bucket are meddled with."""

import json
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from build.command_line import main
from build.local.cloud import LocalCloud, running_cloud
from build.packaging import package
from build.progress import NullProgress
from build.reconcile import command
from build.reconcile.reconciliation import reconcile
from handlers.keys import sort_key
from handlers.windows import Window
from stack.config import StackConfig
from tests.build.redrive.failure_records import key as object_key
from tests.build.redrive.test_command import variables

SUFFIX = "reconcile"
PATIENCE = 30


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A stack whose activities are spread over two partitions."""
    config = StackConfig(SUFFIX, activity_shards=((0, 2),))
    with running_cloud(config, package(config), tmp_path_factory.mktemp("logs"), NullProgress()) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(deployed: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the emulator and nothing else, as fast as it answers."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in variables(deployed).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(command, "reconcile", partial(reconcile, reads_per_second=10_000, patience=0))
    monkeypatch.setattr(command, "last_hours", lambda hours: Window(0, 4_102_444_800_000))


class Analytics:
    """The analytics table and the records that lead to it."""

    def __init__(self, deployed: LocalCloud) -> None:
        self.deployed = deployed
        self.dynamodb = deployed.clients.dynamodb
        self.table = deployed.outputs["AnalyticsTableName"]

    def items(self) -> list[dict[str, Any]]:
        """Every activity of users, oldest first."""
        found = self.dynamodb.scan(TableName=self.table, ConsistentRead=True)["Items"]
        users = (dict(item) for item in found if item["dataType"]["S"].startswith("USER_ACTIVITY"))
        return sorted(users, key=lambda item: item["sourceUserId"]["S"])

    def write(self, *users: str) -> None:
        """Write users, and wait until they are recorded."""
        table, known = self.deployed.outputs["UserDataTableName"], len(self.items())
        for user in users:
            self.dynamodb.put_item(TableName=table, Item={"userId": {"S": user}, "timestamp": {"N": "1"}})
        done = self.deployed.poller.statistics
        while sum(mapping.processed for mapping in done.values()) < known + len(users):
            assert self.deployed.poller.wait_until_idle(PATIENCE)
            done = self.deployed.poller.statistics

    def put(self, item: dict[str, Any]) -> None:
        self.dynamodb.put_item(TableName=self.table, Item=item)

    def delete(self, item: dict[str, Any]) -> None:
        key = {name: item[name] for name in ("dataType", "processedAt")}
        self.dynamodb.delete_item(TableName=self.table, Key=key)


def reconciled(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The exit code, and the balance of users as programs get it."""
    exit_code = main(["reconcile", "--suffix", SUFFIX, "--json"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    (users,) = (source for source in result["sources"] if source["source"] == "UserData")
    return exit_code, users


def numbers(balance: dict[str, Any]) -> tuple[int, ...]:
    return tuple(balance[name] for name in ("recorded", "missing", "waiting", "twice", "of_no_record"))


def failed_event(deployed: LocalCloud, shard_record: dict[str, Any]) -> dict[str, Any]:
    """The object that Lambda would leave of a record."""
    function = deployed.outputs["UserDataProcessorFunctionName"]
    return {
        "requestContext": {"functionArn": f"arn:aws:lambda:us-west-2:000000000000:function:{function}"},
        "DDBStreamBatchInfo": {"streamArn": shard_record["eventSourceARN"]},
        "payload": {"Records": [shard_record]},
    }


def newest_record(deployed: LocalCloud) -> dict[str, Any]:
    """The last record in the stream of users, as its function gets it."""
    client, table = deployed.clients.streams, deployed.outputs["UserDataTableName"]
    (stream,) = client.list_streams(TableName=table)["Streams"]
    (shard,) = client.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    iterator = client.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    record = client.get_records(ShardIterator=iterator)["Records"][-1]
    created = int(record["dynamodb"]["ApproximateCreationDateTime"].timestamp())
    change = {**record["dynamodb"], "ApproximateCreationDateTime": created}
    return {**record, "dynamodb": change, "eventSourceARN": stream["StreamArn"]}


def test_what_is_not_recorded_once_is_told_and_what_is_repaired_is_not(
    deployed: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    analytics = Analytics(deployed)
    analytics.write("ada", "ben", "cem", "dia", "eve")
    before = analytics.items()
    assert reconciled(capsys) == (0, {**reconciled(capsys)[1], "recorded": 5, "missing": 0})

    ada, ben, *_, eve = before
    other = {"USER_ACTIVITY": "USER_ACTIVITY#1", "USER_ACTIVITY#1": "USER_ACTIVITY"}[ben["dataType"]["S"]]
    analytics.delete(ada)
    analytics.put({**ben, "dataType": {"S": other}})
    analytics.put({**ben, "processedAt": {"N": sort_key(1_764_590_400_000, 7)}})
    exit_code, balance = reconciled(capsys)
    assert (exit_code, numbers(balance)) == (2, (4, 1, 0, 1, 0))
    (missing,) = balance["examples"]["missing"]
    assert missing[0] == ada["dataType"]["S"] and ada["processedAt"]["N"].startswith(missing[1])
    assert main(["reconcile", "--suffix", SUFFIX]) == 2
    shown = capsys.readouterr().out
    assert "source     recorded  missing  waiting in the failure bucket  twice  of no record" in shown
    assert "UserData   4         1        0                              1      0" in shown
    assert f"UserData  missing  {ada['dataType']['S']}" in shown

    analytics.put(ada)
    analytics.delete({**ben, "dataType": {"S": other}})
    analytics.delete(eve)
    bucket, name = deployed.outputs["FailedEventsBucketName"], object_key()
    body = json.dumps(failed_event(deployed, newest_record(deployed))).encode()
    deployed.clients.s3.put_object(Bucket=bucket, Key=name, Body=body)
    deployed.clients.s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"remember the milk")
    assert main(["reconcile", "--suffix", SUFFIX]) == 0
    shown = capsys.readouterr().out
    assert "UserData   4         0        1                              0      0" in shown
    assert "notes.txt left alone: its key is not one that Lambda writes" in shown
    assert analytics.items() != before

    analytics.put(eve)
    future = sort_key(4_000_000_000_000, 7)
    analytics.put({**ben, "processedAt": {"N": future}})
    exit_code, balance = reconciled(capsys)
    assert (exit_code, numbers(balance)) == (0, (5, 0, 0, 0, 1))
    assert balance["examples"]["of_no_record"] == [[ben["dataType"]["S"], future.rstrip("0")]]


@pytest.mark.parametrize("hours", ["0", "-1", "24.5", "many", "nan", ""])
def test_hours_that_no_stream_keeps_are_wrong_usage(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["reconcile", "--hours", hours])
    assert ended.value.code == 2
    assert "is no number of hours up to 24" in capsys.readouterr().err


def test_a_record_on_its_way_is_waited_for(
    deployed: LocalCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    analytics = Analytics(deployed)
    late = analytics.items()[0]
    analytics.delete(late)
    monkeypatch.setattr(command, "reconcile", partial(reconcile, reads_per_second=10_000))
    monkeypatch.setattr("build.reconcile.reconciliation.sleep", lambda seconds: analytics.put(late))
    assert main(["reconcile", "--suffix", SUFFIX]) == 0
    assert "some records have no activity yet; looking again" in capsys.readouterr().out
