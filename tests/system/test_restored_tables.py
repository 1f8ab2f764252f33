"""Restored tables under the real functions: no activity is written twice, and none of the last 24 hours is missing."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from build import aws
from build.command_line import main
from build.local.cloud import LocalCloud, running_cloud
from build.local.point_in_time import PointInTimeRecovery, point_in_time_recovery
from build.packaging import Package
from build.poller.mapping import find_mappings
from build.poller.poller import Poller, open_poller_clients
from build.progress import NullProgress
from stack.config import SOURCES, StackConfig

pytestmark = pytest.mark.slow

CONFIG = StackConfig("restored")
SOURCE = SOURCES[0]
USERS = CONFIG.name(SOURCE.name.lower())
ANALYTICS = CONFIG.name("analytics")


@pytest.fixture(scope="module")
def cloud(packaged: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A stack of its own, as its mappings are made anew."""
    with running_cloud(CONFIG, packaged, tmp_path_factory.mktemp("logs"), NullProgress()) as running:
        yield running


@pytest.fixture(scope="module")
def recovery(cloud: LocalCloud) -> Iterator[PointInTimeRecovery]:
    on: Any = {"PointInTimeRecoveryEnabled": True}
    for table in (USERS, ANALYTICS):
        cloud.clients.dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=on)
    with point_in_time_recovery(cloud.clients.dynamodb) as double:
        yield double


@pytest.fixture(autouse=True)
def environment(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands talk to the cloud, and do not wait long."""
    monkeypatch.setattr(aws, "_LONGEST_PAUSE", 0.05)
    for name, value in {**cloud.emulator.variables, "ENVIRONMENT_SUFFIX": CONFIG.suffix}.items():
        monkeypatch.setenv(name, value)


def write_users(cloud: LocalCloud, numbers: range) -> None:
    """Write a user for each number."""
    for number in numbers:
        item: Any = {SOURCE.id_attribute: {"S": f"user-{number}"}, SOURCE.time_attribute: {"N": str(number)}}
        cloud.clients.dynamodb.put_item(TableName=USERS, Item=item)


def users(cloud: LocalCloud) -> int:
    return cloud.clients.dynamodb.scan(TableName=USERS, Select="COUNT")["Count"]


def activities(cloud: LocalCloud) -> list[tuple[str, Decimal]]:
    """The keys of all activities."""
    items = cloud.clients.dynamodb.scan(TableName=ANALYTICS)["Items"]
    return sorted((item["dataType"]["S"], Decimal(item["processedAt"]["N"])) for item in items)


def process(cloud: LocalCloud) -> None:
    """Poll the mappings that there are now from their beginning, until nothing more comes."""
    with Poller(find_mappings(cloud.clients.functions), open_poller_clients(cloud.clients)) as poller:
        assert poller.wait_until_idle(60)


def restore(table_id: str, to: str) -> None:
    assert main(["restore", "--table", table_id, "--to", to, "--yes"]) == 0


def test_a_restored_source_table_writes_no_activity_again(
    cloud: LocalCloud, recovery: PointInTimeRecovery, capsys: pytest.CaptureFixture[str]
) -> None:
    write_users(cloud, range(20))
    moment = recovery.mark(USERS)
    write_users(cloud, range(20, 25))
    assert cloud.poller.wait_until_idle(60)
    before = activities(cloud)
    assert (users(cloud), len(before)) == (25, 25)
    cloud.poller.stop()
    restore("UserDataTable", moment.isoformat())
    assert users(cloud) == 20
    process(cloud)
    assert activities(cloud) == before
    write_users(cloud, range(30, 31))
    process(cloud)
    assert len(activities(cloud)) == len(before) + 1
    assert main(["days", "--json"]) == 0
    *_, today = json.loads(capsys.readouterr().out.splitlines()[-1])["days"]
    assert (today["at_least"], list(today["began"])) == (True, [SOURCE.name])


def test_activities_of_the_last_day_come_back_from_the_streams(
    cloud: LocalCloud, recovery: PointInTimeRecovery
) -> None:
    moment = recovery.mark(ANALYTICS)
    kept = activities(cloud)
    write_users(cloud, range(40, 47))
    process(cloud)
    before = activities(cloud)
    assert len(before) == len(kept) + 7
    restore("AnalyticsTable", moment.isoformat())
    assert activities(cloud) == kept
    process(cloud)
    assert activities(cloud) == before


def test_what_has_no_activity_yet_keeps_its_table(
    cloud: LocalCloud,
    recovery: PointInTimeRecovery,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("build.reconcile.reconciliation._PATIENCE", 0.0)
    on: Any = {"PointInTimeRecoveryEnabled": True}
    cloud.clients.dynamodb.update_continuous_backups(TableName=USERS, PointInTimeRecoverySpecification=on)
    moment = recovery.mark(USERS)
    write_users(cloud, range(50, 53))
    assert main(["restore", "--table", "UserDataTable", "--to", moment.isoformat(), "--yes"]) == 1
    assert f"3 changes of {USERS} have no activity yet" in capsys.readouterr().err
    process(cloud)
    assert main(["restore", "--yes"]) == 0
    assert users(cloud) == 21 + 7
