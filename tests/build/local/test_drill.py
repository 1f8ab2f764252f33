"""The losses of a drill; the whole of it is in tests/system."""

from collections.abc import Iterator
from typing import Any

import pytest

from build.aws import Clients
from build.local.drill import LOSSES, TableLoss

TABLE = "to-be-lost"
BY_NAME = {loss.name: loss for loss in LOSSES}


@pytest.fixture
def table(cloud: Clients) -> Iterator[str]:
    """A protected table of seven activities and a summary."""
    cloud.dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=[
            {"AttributeName": "dataType", "AttributeType": "S"},
            {"AttributeName": "processedAt", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "dataType", "KeyType": "HASH"},
            {"AttributeName": "processedAt", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    for data_type, number in [("DAILY_SUMMARY", 7), *(("USER_ACTIVITY", number) for number in range(7))]:
        item: Any = {"dataType": {"S": data_type}, "processedAt": {"N": str(number)}}
        cloud.dynamodb.put_item(TableName=TABLE, Item=item)
    yield TABLE
    if TABLE in cloud.dynamodb.list_tables()["TableNames"]:
        cloud.dynamodb.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
        cloud.dynamodb.delete_table(TableName=TABLE)


def inflict(loss: TableLoss, cloud: Clients, table: str) -> None:
    loss.inflict(cloud.dynamodb, table)
    assert (table not in cloud.dynamodb.list_tables()["TableNames"]) == loss.deletes_table


def test_a_damaged_table_lacks_its_summary_and_some_activities(cloud: Clients, table: str) -> None:
    inflict(BY_NAME["damaged"], cloud, table)
    left = cloud.dynamodb.scan(TableName=table)["Items"]
    assert [item["dataType"]["S"] for item in left] == ["USER_ACTIVITY"] * 2


def test_a_table_is_deleted_though_it_is_protected(cloud: Clients, table: str) -> None:
    inflict(BY_NAME["deleted"], cloud, table)
