"""The poller against a real MiniStack: stream, function and destinations over their public APIs."""

import io
import json
import re
import time
import zipfile
from base64 import b64encode
from dataclasses import replace
from itertools import count

import boto3
import pytest

from build.local.emulator import running_emulator
from build.poller.configuration import find_mappings, get_mapping
from build.poller.options import Options
from build.poller.poller import Poller
from build.poller.retries import Backoff
from build.poller.services import connect

PATIENCE = 30
REGION = "us-west-2"
OPTIONS = Options(backoff=Backoff(0.05, 0.2))
ROLE = "arn:aws:iam::000000000000:role/unused"
SHARD = "shardId-00000000000000000000-00000000"
RANDOM_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
CODE = """
def handler(event, context):
    records = event["Records"]
    print(len(records), "records")
    images = [record["dynamodb"].get("NewImage", {}) for record in records]
    if any("crash" in image for image in images):
        raise ValueError("a record that crashes the function")
    failed = [record for record, image in zip(records, images) if "fail" in image]
    return {"batchItemFailures": [{"itemIdentifier": one["dynamodb"]["SequenceNumber"]} for one in failed]}
"""
numbers = count()


def zipped_code():
    """The function as the bytes of a zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", CODE)
    return content.getvalue()


class Cloud:
    """Clients for one emulator, and what the tests need in it."""

    def __init__(self, url):
        self.url = url
        self.dynamodb, self.functions, self.s3, self.sqs, self.sns = (
            boto3.client(service, endpoint_url=url) for service in ("dynamodb", "lambda", "s3", "sqs", "sns")
        )
        self.functions.create_function(
            FunctionName="recorder",
            Runtime="python3.13",
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": zipped_code()},
        )
        self.s3.create_bucket(Bucket="failed-events", CreateBucketConfiguration={"LocationConstraint": REGION})

    def table(self):
        """Make a table with a stream; returns its name and the stream's ARN."""
        answer = self.dynamodb.create_table(
            TableName=f"things-{next(numbers)}",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return answer["TableDescription"]["TableName"], answer["TableDescription"]["LatestStreamArn"]

    def mapping(self, stream_arn, **settings):
        """Make a disabled mapping of a stream to the function."""
        answer = self.functions.create_event_source_mapping(
            FunctionName="recorder",
            EventSourceArn=stream_arn,
            Enabled=False,
            StartingPosition="TRIM_HORIZON",
            FunctionResponseTypes=["ReportBatchItemFailures"],
            **settings,
        )
        return get_mapping(self.functions, answer["UUID"])

    def put(self, table, item, **attributes):
        """Write an item."""
        self.dynamodb.put_item(TableName=table, Item={"id": {"S": item}, **attributes})

    def poller(self, *mappings):
        """A poller, and the list of events that it sends."""
        services = connect(boto3.Session(), self.url)
        events = []

        def recorded(mapping):
            function = services.function(mapping)
            return lambda payload: (events.append(json.loads(payload)), function(payload))[1]

        return Poller(mappings, replace(services, function=recorded), OPTIONS), events


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log") as emulator:
        yield Cloud(emulator.endpoint)


def images(events):
    """The ids of the items in each event."""
    return [[record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]] for event in events]


def eventually(condition):
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_function_gets_lambdas_event(cloud):
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


def test_batches_filters_and_windows_work(cloud):
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


def test_a_failed_batch_is_kept_in_the_bucket_in_full(cloud):
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


def test_queues_and_topics_get_the_metadata_alone(cloud):
    table, stream_arn = cloud.table()
    cloud.put(table, "a", fail={"BOOL": True})
    queue_url = cloud.sqs.create_queue(QueueName="failed")["QueueUrl"]
    attributes = cloud.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
    queue_arn = attributes["QueueArn"]
    topic_arn = cloud.sns.create_topic(Name="failed")["TopicArn"]
    cloud.sns.subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"}
    )
    mappings = [
        cloud.mapping(stream_arn, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}})
        for arn in (queue_arn, topic_arn)
    ]
    poller, _ = cloud.poller(*mappings)
    with poller:
        assert poller.wait_until_idle(PATIENCE)
    messages = []
    while len(messages) < 2:
        messages += cloud.sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=5)["Messages"]
    for message in messages:
        document = json.loads(message["Body"])
        assert "payload" not in document
        assert document["DDBStreamBatchInfo"]["streamArn"] == stream_arn


def test_a_throttled_function_costs_no_retries(cloud):
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


def test_a_deleted_table_leaves_nothing_to_wait_for(cloud):
    table, stream_arn = cloud.table()
    cloud.put(table, "a")
    mapping = cloud.mapping(stream_arn)
    poller, _ = cloud.poller(mapping)
    with poller:
        assert poller.wait_until_idle(PATIENCE)
        cloud.dynamodb.delete_table(TableName=table)
        assert poller.wait_until_idle(PATIENCE)
    assert poller.statistics[mapping.uuid].processed == 1


def test_all_mappings_of_streams_are_found(cloud):
    _, stream_arn = cloud.table()
    mapping = cloud.mapping(stream_arn, ParallelizationFactor=3)
    assert mapping in find_mappings(cloud.functions)


def test_an_emulator_that_goes_away_is_no_noise(tmp_path, capfd):
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
