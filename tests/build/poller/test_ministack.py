"""The poller against a real MiniStack: stream, function and destinations over their public APIs."""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from build.local.emulator import running_emulator
from build.poller.mapping import find_mappings
from tests.build.poller.cloud import REGION, Cloud

PATIENCE = 30
SHARD = "shardId-00000000000000000000-00000000"
RANDOM_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log") as emulator:
        yield Cloud(emulator.endpoint)


def images(events: list[dict[str, Any]]) -> list[list[str]]:
    """The ids of the items in each event."""
    return [[record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]] for event in events]


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_function_gets_lambdas_event(cloud: Cloud) -> None:
    table, stream_arn = cloud.table()
    cloud.put(table, "a", data={"B": b"\x00\x01"}, price={"N": "1.5"})
    cloud.dynamodb.delete_item(TableName=table, Key={"id": {"S": "a"}})
    mapping = cloud.mapping(stream_arn, BatchSize=10)
    poller, events = cloud.poller(mapping)
    with poller:
        assert poller.wait_until_idle(PATIENCE)
    inserted, removed = events[0]["Records"]
    assert inserted["dynamodb"]["NewImage"]["data"] == {"B": b64encode(b"\x00\x01").decode()}
    assert isinstance(inserted["dynamodb"]["ApproximateCreationDateTime"], int)
    assert {key: inserted[key] for key in ("eventName", "eventSource", "awsRegion", "eventSourceARN")} == {
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "eventSourceARN": stream_arn,
    }
    assert removed["eventName"] == "REMOVE" and "NewImage" not in removed["dynamodb"]
    assert removed["dynamodb"]["OldImage"] == inserted["dynamodb"]["NewImage"]


def test_batches_filters_and_windows_work(cloud: Cloud) -> None:
    table, stream_arn = cloud.table()
    mapping = cloud.mapping(
        stream_arn,
        BatchSize=10,
        MaximumBatchingWindowInSeconds=1,
        ParallelizationFactor=2,
        FilterCriteria={"Filters": [{"Pattern": '{"eventName": ["INSERT", "MODIFY"]}'}]},
    )
    poller, events = cloud.poller(mapping)
    with poller:
        for number in range(50):
            cloud.put(table, f"item-{number}")
        for number in range(10):
            cloud.dynamodb.delete_item(TableName=table, Key={"id": {"S": f"item-{number}"}})
        assert poller.wait_until_idle(PATIENCE)
    statistics = poller.statistics[mapping.uuid]
    assert (statistics.polled, statistics.filtered_out, statistics.processed) == (60, 10, 50)
    assert max(map(len, images(events))) == 10
    assert len(events) < 12
    assert sorted(sum(images(events), [])) == sorted(f"item-{number}" for number in range(50))


def test_a_failed_batch_is_kept_in_the_bucket_in_full(cloud: Cloud) -> None:
    table, stream_arn = cloud.table()
    for number in range(8):
        cloud.put(table, f"item-{number}", **({"crash": {"BOOL": True}} if number == 3 else {}))
    mapping = cloud.mapping(
        stream_arn,
        BatchSize=10,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::failed-events"}},
    )
    poller, events = cloud.poller(mapping)
    with poller:
        assert poller.wait_until_idle(PATIENCE)
    prefix = f"aws/lambda/{mapping.uuid}/{SHARD}/"
    (found,) = cloud.s3.list_objects_v2(Bucket="failed-events", Prefix=prefix)["Contents"]
    day = r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d"
    assert re.fullmatch(f"{prefix}{day}-{RANDOM_UUID}", found["Key"])
    document = json.loads(cloud.s3.get_object(Bucket="failed-events", Key=found["Key"])["Body"].read())
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert document["DDBStreamBatchInfo"]["batchSize"] == 1
    assert images([json.loads(document["payload"])]) == [["item-3"]]
    assert images(events).count(["item-3"]) == 3
    assert poller.statistics[mapping.uuid].processed == 7


def test_a_throttled_function_costs_no_retries(cloud: Cloud) -> None:
    table, stream_arn = cloud.table()
    cloud.put(table, "a")
    mapping = cloud.mapping(stream_arn, MaximumRetryAttempts=0)
    poller, _ = cloud.poller(mapping)
    cloud.functions.put_function_concurrency(FunctionName="recorder", ReservedConcurrentExecutions=0)
    try:
        with poller:
            eventually(lambda: "TooManyRequests" in poller.statistics[mapping.uuid].problems.get("invoking", ""))
            cloud.functions.delete_function_concurrency(FunctionName="recorder")
            assert poller.wait_until_idle(PATIENCE)
    finally:
        cloud.functions.delete_function_concurrency(FunctionName="recorder")
    assert poller.statistics[mapping.uuid].processed == 1


def test_a_deleted_table_leaves_nothing_to_wait_for(cloud: Cloud) -> None:
    table, stream_arn = cloud.table()
    cloud.put(table, "a")
    mapping = cloud.mapping(stream_arn)
    poller, _ = cloud.poller(mapping)
    with poller:
        assert poller.wait_until_idle(PATIENCE)
        cloud.dynamodb.delete_table(TableName=table)
        assert poller.wait_until_idle(PATIENCE)
    assert poller.statistics[mapping.uuid].processed == 1


def test_all_mappings_of_streams_are_found(cloud: Cloud) -> None:
    _, stream_arn = cloud.table()
    mapping = cloud.mapping(stream_arn, ParallelizationFactor=3)
    assert mapping in find_mappings(cloud.functions)


def test_an_emulator_that_goes_away_is_no_noise(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running_emulator(tmp_path / "log") as emulator:
        cloud = Cloud(emulator.endpoint)
        table, stream_arn = cloud.table()
        cloud.put(table, "a")
        mapping = cloud.mapping(stream_arn)
        poller, _ = cloud.poller(mapping)
        poller.start()
        assert poller.wait_until_idle(PATIENCE)
    eventually(lambda: "reading" in poller.statistics[mapping.uuid].problems)
    poller.stop()
    assert capfd.readouterr().err == ""
