"""A stack from creation to the end on the local cloud, through the code that deploys to AWS; in this order."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from build.commands.deploy import deploy
from build.commands.destroy import destroy, stack_deletion
from build.deploy.desired import Deployment
from build.executions import execute
from build.local.cloud import LocalCloud
from build.local.records import Sample, SampleRecords
from build.local.report import LocalReport, report_problems
from build.local.scenario import run_scenario
from build.packaging import Package
from build.progress import NullProgress
from stack.config import StackConfig
from stack.template import render


class Steps(NullProgress):
    """Remembers the steps and counts the events of a deployment."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.events = 0

    def step(self, text: str) -> None:
        self.steps.append(text)

    def event(self, event: object) -> None:
        self.events += 1


def deployment(config: StackConfig, packaged: Package) -> Deployment:
    """What the local cloud was deployed from, with a configuration."""
    return Deployment(config, render(config), packaged)


def samples(config: StackConfig) -> list[Sample]:
    """Records enough for several batches of each source."""
    return [Sample(source, count) for source, count in zip(config.sources, (60, 30), strict=True)]


@pytest.fixture(scope="module")
def report(cloud: LocalCloud, config: StackConfig, tmp_path_factory: pytest.TempPathFactory) -> LocalReport:
    """What the main job led to."""
    return run_scenario(cloud, SampleRecords(samples(config)), tmp_path_factory.mktemp("run"), NullProgress())


def test_everything_ends_as_expected(report: LocalReport, config: StackConfig) -> None:
    assert list(report_problems(report)) == []


def test_every_insertion_and_change_is_recorded_once(report: LocalReport) -> None:
    assert report.total_written.recorded == 60 + 20 + 30 + 10
    assert report.activities == {"USER_ACTIVITY": 80, "ORDER_ACTIVITY": 40}


def test_the_summary_counts_what_was_recorded(report: LocalReport) -> None:
    summary = report.summary
    assert (summary["totalRecords"], summary["userActivityCount"], summary["orderActivityCount"]) == (120, 80, 40)
    assert summary["windowEnd"] - summary["windowStart"] == 24 * 60 * 60 * 1000
    assert summary["processedBy"] == "analyticsProcessor"


def test_both_outcomes_of_the_workflow(report: LocalReport) -> None:
    assert [(ended.status, ended.error, ended.cause) for ended in report.executions] == [
        ("SUCCEEDED", None, None),
        ("FAILED", "InvalidDataError", "Data validation failed"),
    ]


def test_activities_have_every_attribute_of_the_reference(cloud: LocalCloud, report: LocalReport) -> None:
    (item,) = cloud.clients.dynamodb.query(
        TableName=cloud.outputs["AnalyticsTableName"],
        KeyConditionExpression="dataType = :type",
        ExpressionAttributeValues={":type": {"S": "ORDER_ACTIVITY"}},
        Limit=1,
    )["Items"]
    assert {name: set(value) for name, value in item.items()} == {
        "dataType": {"S"},
        "processedAt": {"N"},
        "sourceOrderId": {"S"},
        "sourceTimestamp": {"N"},
        "eventType": {"S"},
        "processedBy": {"S"},
    }


def test_logs_are_saved_and_structured(report: LocalReport) -> None:
    lines = (report.logs / "system-userdataproc-synth.log").read_text().splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    batches = [entry for entry in entries if entry.get("message") == "batch processed"]
    assert sum(entry["written"] for entry in batches) == 80


def test_a_bad_date_is_refused_before_anything_is_counted_and_the_history_says_why(cloud: LocalCloud) -> None:
    request = {"dataType": "DAILY_ANALYTICS", "date": "2026-02-30", "Date": "2026-02-28"}
    ended = execute(cloud.clients.workflow, cloud.outputs["StepFunctionsStateMachineArn"], request)
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "InvalidDataError", "Data validation failed")
    history = json.dumps(cloud.clients.workflow.get_execution_history(executionArn=ended.arn)["events"], default=str)
    assert "`date` cannot be read: it is no date or time in ISO 8601; write it like 2026-01-31" in history
    assert "unknown and ignored: Date; known: dataType, batchSize, date" in history


def test_deploying_the_same_again_changes_nothing(cloud: LocalCloud, config: StackConfig, packaged: Package) -> None:
    steps = Steps()
    stack = deploy(cloud.clients, deployment(config, packaged), steps)
    assert stack.outputs == cloud.outputs
    assert (steps.events, len(steps.steps)) == (0, 1)
    assert "no changes" in steps.steps[0]


def test_an_update_changes_what_is_different(cloud: LocalCloud, config: StackConfig, packaged: Package) -> None:
    user, order = config.sources
    larger = replace(config, sources=(replace(user, memory_size=512), order))
    deploy(cloud.clients, deployment(larger, packaged), NullProgress())
    function = cloud.outputs["UserDataProcessorFunctionName"]
    assert cloud.clients.functions.get_function_configuration(FunctionName=function)["MemorySize"] == 512


def test_destroying_leaves_nothing(cloud: LocalCloud, config: StackConfig, tmp_path: Path) -> None:
    bucket = cloud.outputs["FailedEventsBucketName"]
    cloud.clients.s3.put_object(Bucket=bucket, Key="aws/lambda/left-behind", Body=b"{}")
    deletion = stack_deletion(cloud.clients, config)
    assert deletion is not None
    cloud.poller.stop()
    destroy(cloud.clients, deletion, NullProgress())
    assert stack_deletion(cloud.clients, config) is None
    with pytest.raises(ClientError, match="NoSuchBucket|NotFound|404"):
        cloud.clients.s3.list_objects_v2(Bucket=bucket)
