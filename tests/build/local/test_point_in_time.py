"""The double of point-in-time recovery does what DynamoDB documents.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html (errors, and
what is not restored),
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from build.aws import Clients
from build.aws_errors import error_code
from build.local.cloud import connected
from build.local.emulator import Emulator
from build.local.point_in_time import PointInTimeRecovery, point_in_time_recovery

TABLE, TARGET = "travels", "arrived"
THEN: Any = {"id": {"S": "then"}}
NOW: Any = {"id": {"S": "now"}}


@pytest.fixture
def recovery(cloud: Clients) -> Iterator[PointInTimeRecovery]:
    with point_in_time_recovery(cloud.dynamodb) as double:
        yield double


@pytest.fixture
def clients(recovery: PointInTimeRecovery, emulator: Emulator) -> Clients:
    """Clients that the double answers."""
    return connected(emulator)


@pytest.fixture
def moment(cloud: Clients, recovery: PointInTimeRecovery) -> Iterator[datetime]:
    """When the table stored one item; it stores another one now."""
    cloud.dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        Tags=[{"Key": "team", "Value": "data"}],
    )
    switch(cloud, True)
    cloud.dynamodb.put_item(TableName=TABLE, Item=THEN)
    moment = recovery.mark(TABLE)
    cloud.dynamodb.put_item(TableName=TABLE, Item=NOW)
    yield moment
    for table in {TABLE, TARGET} & set(cloud.dynamodb.list_tables()["TableNames"]):
        cloud.dynamodb.delete_table(TableName=table)


def switch(clients: Clients, on: bool) -> None:
    specification: Any = {"PointInTimeRecoveryEnabled": on}
    clients.dynamodb.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=specification)


def restore(clients: Clients, to: datetime, source: str = TABLE, target: str = TARGET) -> None:
    clients.dynamodb.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=target, RestoreDateTime=to)


def refusal(clients: Clients, to: datetime, source: str = TABLE, target: str = TARGET) -> str:
    with pytest.raises(ClientError) as caught:
        restore(clients, to, source, target)
    return error_code(caught.value)


def test_a_table_comes_back_as_it_was_without_stream_and_tags(clients: Clients, moment: datetime) -> None:
    restore(clients, moment)
    assert clients.dynamodb.scan(TableName=TARGET)["Items"] == [THEN]
    table = clients.dynamodb.describe_table(TableName=TARGET)["Table"]
    assert table.get("LatestStreamArn") is None
    assert clients.dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == []
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_restored_table_has_no_recovery_of_its_own(clients: Clients, moment: datetime) -> None:
    restore(clients, moment)
    answer = clients.dynamodb.describe_continuous_backups(TableName=TARGET)["ContinuousBackupsDescription"]
    assert answer["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"


def test_what_cannot_be_restored_is_refused(clients: Clients, moment: datetime) -> None:
    minute = timedelta(minutes=1)
    assert refusal(clients, moment - minute) == "InvalidRestoreTimeException"
    assert refusal(clients, moment + minute) == "InvalidRestoreTimeException"
    assert refusal(clients, moment, source="unknown") == "TableNotFoundException"
    assert refusal(clients, moment, target=TABLE) == "TableAlreadyExistsException"
    switch(clients, False)
    assert refusal(clients, moment) == "PointInTimeRecoveryUnavailableException"


def test_a_window_is_told(clients: Clients, moment: datetime) -> None:
    answer = clients.dynamodb.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    told = answer["PointInTimeRecoveryDescription"]
    assert (told["EarliestRestorableDateTime"], told["LatestRestorableDateTime"]) == (moment, moment)


def test_recovery_is_switched_on(clients: Clients, recovery: PointInTimeRecovery, moment: datetime) -> None:
    switch(clients, False)
    recovery.switch_on(TABLE)
    restore(clients, moment)


def test_a_table_that_got_the_name_of_another_has_no_past(clients: Clients, moment: datetime) -> None:
    table = clients.dynamodb.describe_table(TableName=TABLE)["Table"]
    clients.dynamodb.delete_table(TableName=TABLE)
    clients.dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=table["AttributeDefinitions"],
        KeySchema=table["KeySchema"],
        BillingMode="PAY_PER_REQUEST",
    )
    switch(clients, True)
    assert refusal(clients, moment) == "InvalidRestoreTimeException"


def system_backups(clients: Clients) -> list[str]:
    found = clients.dynamodb.list_backups(TableName=TABLE, BackupType="SYSTEM")["BackupSummaries"]
    return [backup["BackupArn"] for backup in found]


def test_a_deleted_table_leaves_its_last_state(clients: Clients, moment: datetime) -> None:
    assert system_backups(clients) == []
    clients.dynamodb.delete_table(TableName=TABLE)
    (backup,) = system_backups(clients)
    clients.dynamodb.restore_table_from_backup(BackupArn=backup, TargetTableName=TABLE)
    assert sorted(clients.dynamodb.scan(TableName=TABLE)["Items"], key=str) == [NOW, THEN]


@pytest.mark.parametrize("protected", [True, False])
def test_a_table_that_stays_or_has_no_recovery_leaves_no_backup(
    clients: Clients, moment: datetime, protected: bool
) -> None:
    clients.dynamodb.update_table(TableName=TABLE, DeletionProtectionEnabled=protected)
    switch(clients, protected)
    if protected:
        with pytest.raises(ClientError):
            clients.dynamodb.delete_table(TableName=TABLE)
        clients.dynamodb.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    else:
        clients.dynamodb.delete_table(TableName=TABLE)
    assert system_backups(clients) == []
