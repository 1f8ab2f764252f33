"""The main job on real input: records in, activities and a summary out, the workflow run both ways."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from build.errors import CommandError
from build.executions import execute
from build.local.cloud import LocalCloud
from build.local.logs import save_logs
from build.local.report import Expected, Report
from build.local.sample_records import Sample, Written, write_sample
from build.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SECONDS_TO_PROCESS = 300
VALID_REQUEST = {"dataType": "DAILY_ANALYTICS", "batchSize": 100}
INVALID_REQUEST = {"dataType": "UNKNOWN_DATA", "batchSize": 5000}
ENDINGS: list[tuple[str, str | None]] = [("SUCCEEDED", None), ("FAILED", "InvalidDataError")]


def count(dynamodb: "DynamoDBClient", table: str, data_type: str) -> int:
    """How many items of a type a table holds."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="dataType = :type",
        ExpressionAttributeValues={":type": {"S": data_type}},
        Select="COUNT",
        ConsistentRead=True,
    )
    return sum(page["Count"] for page in pages)


def newest_summary(dynamodb: "DynamoDBClient", table: str) -> dict[str, Any]:
    """The summary that was written last, its numbers as integers; empty when there is none."""
    items = dynamodb.query(
        TableName=table,
        KeyConditionExpression="dataType = :type",
        ExpressionAttributeValues={":type": {"S": "DAILY_SUMMARY"}},
        ScanIndexForward=False,
        Limit=1,
        ConsistentRead=True,
    )["Items"]
    values = {name: TypeDeserializer().deserialize(value) for item in items for name, value in item.items()}
    return {name: int(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def failed_events(cloud: LocalCloud) -> int:
    """How many objects the bucket of failed events holds."""
    pages = cloud.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=cloud.outputs["FailedEventsBucketName"])
    return sum(page["KeyCount"] for page in pages)


def expectation(samples: list[Sample]) -> Expected:
    """What writing these samples and running the workflow both ways must lead to."""
    return Expected({sample.source.activity_type: sample.written.recorded for sample in samples}, ENDINGS)


def write_samples(cloud: LocalCloud, samples: list[Sample], progress: Progress) -> Written:
    """Write every sample to its table."""
    progress.step(f"writing {sum(sample.count for sample in samples):,} records, some changed and some removed later")
    tables = cloud.outputs
    return sum(
        (write_sample(cloud.clients.dynamodb, tables[f"{one.source.name}TableName"], one) for one in samples),
        Written(),
    )


def wait_until_processed(cloud: LocalCloud, progress: Progress) -> None:
    """Wait until the streams are carried to their end.

    Raises:
        CommandError: when that takes too long.
    """
    progress.step("waiting until the streams are processed; mappings wait for full batches up to their window")
    if not cloud.poller.wait_until_idle(SECONDS_TO_PROCESS):
        raise CommandError(
            f"the streams were not processed within {SECONDS_TO_PROCESS} seconds: read {cloud.emulator.log_file}."
        )


def do_main_job(cloud: LocalCloud, samples: list[Sample], logs: Path, progress: Progress) -> Report:
    """Write the samples, wait, run the workflow with valid and invalid input, and tell what came of it.

    Raises:
        CommandError: when the records are not processed in time.
    """
    written = write_samples(cloud, samples, progress)
    wait_until_processed(cloud, progress)
    progress.step("running the workflow with valid and with invalid input")
    state_machine = cloud.outputs["StepFunctionsStateMachineArn"]
    executions = [
        execute(cloud.clients.workflow, state_machine, request) for request in (VALID_REQUEST, INVALID_REQUEST)
    ]
    dynamodb, table = cloud.clients.dynamodb, cloud.outputs["AnalyticsTableName"]
    save_logs(cloud.clients.logs, logs)
    return Report(
        written=written,
        activities={one.source.activity_type: count(dynamodb, table, one.source.activity_type) for one in samples},
        summary=newest_summary(dynamodb, table),
        executions=executions,
        failed_events=failed_events(cloud),
        logs=logs,
    )
