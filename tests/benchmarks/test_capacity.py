"""What reading costs."""

import boto3
from botocore.stub import Stubber

from benchmarks.systems.capacity import ReadUnits


def test_a_client_is_made_to_ask_for_units_and_they_are_added_up() -> None:
    client = boto3.client("dynamodb")
    units = ReadUnits(client.meta.events)
    expected = {"TableName": "table", "Select": "COUNT", "ReturnConsumedCapacity": "TOTAL"}
    with Stubber(client) as stubber:
        for capacity in (2.5, 4.0):
            stubber.add_response("query", {"Count": 1, "ConsumedCapacity": {"CapacityUnits": capacity}}, expected)
            client.query(TableName="table", Select="COUNT")
    assert (units.total, units.requests) == (6.5, 2)
