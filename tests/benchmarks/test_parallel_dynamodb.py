"""The DynamoDB that answers in parallel."""

import boto3
import pytest

from benchmarks.systems import parallel_dynamodb
from benchmarks.systems.parallel_dynamodb import ParallelDynamoDB


@pytest.mark.parametrize(("items", "pages"), [(250, [100, 100, 50]), (200, [100, 100]), (0, [0])])
def test_the_pages_hold_every_item_of_a_partition_once(
    items: int, pages: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_dynamodb, "LATENCY", 0)
    client = boto3.client("dynamodb")
    ParallelDynamoDB(items, page_size=100).answer_for(client)
    answers = client.get_paginator("query").paginate(TableName="table", Select="COUNT")
    assert [answer["Count"] for answer in answers] == pages
