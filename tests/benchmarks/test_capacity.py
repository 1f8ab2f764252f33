"""What reading costs."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from benchmarks.systems.capacity import ReadUnits, item_size


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"name": {"S": "Zoë"}}, 4 + 4),
        ({"n": {"N": "0"}}, 1 + 1),
        ({"n": {"N": "1700000000000"}}, 1 + 2),
        ({"n": {"N": "1234.5"}}, 1 + 4),
        ({"n": {"N": "1" * 38}}, 1 + 20),
        ({"a": {"S": "b"}, "c": {"N": "12"}}, 2 + 3),
    ],
)
def test_an_item_is_as_large_as_documented(item: dict[str, Any], size: int) -> None:
    """Names and strings in UTF-8; numbers without zeroes at their ends, a byte for two digits and one more."""
    assert item_size(item) == size


def test_a_client_is_made_to_ask_for_units_and_they_are_added_up() -> None:
    client = boto3.client("dynamodb")
    units = ReadUnits(client.meta.events)
    expected = {"TableName": "table", "Select": "COUNT", "ReturnConsumedCapacity": "TOTAL"}
    with Stubber(client) as stubber:
        for capacity in (2.5, 4.0):
            stubber.add_response("query", {"Count": 1, "ConsumedCapacity": {"CapacityUnits": capacity}}, expected)
            client.query(TableName="table", Select="COUNT")
    assert (units.total, units.requests) == (6.5, 2)
