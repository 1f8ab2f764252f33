"""The policies in force: the deployed stack on an emulated AWS that evaluates them.

All that reaches the emulator does so over plain HTTP. It does not evaluate what services do in a role's name: stream
reads, on-failure deliveries, a state machine's invocations, log events.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from build.executions import WorkflowExecution, execute
from build.local.cloud import LocalCloud, log_messages, running_cloud
from build.local.records import Sample, SampleRecords
from build.local.report import report_problems
from build.local.scenario import run_scenario
from build.packaging import package
from build.progress import NullProgress
from stack.config import ANALYTICS_PROCESSOR, StreamSource, stream_processor
from tests.privileges.paths import record
from tests.sources import two_sources, without_batching_windows

CONFIG = without_batching_windows(two_sources("enforced"))
ENFORCING = {"AUTH": "true"}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The stack where IAM counts."""
    with running_cloud(CONFIG, package(CONFIG), tmp_path_factory.mktemp("logs"), NullProgress(), ENFORCING) as running:
        yield running


def client(cloud: LocalCloud, service: str, **options: Any) -> Any:
    """A client of the cloud's root user, or as the options say."""
    session: Any = cloud.clients.session
    return session.client(service, endpoint_url=cloud.emulator.endpoint, **options)


def lacking(document: dict[str, Any], action: str) -> dict[str, Any]:
    """A policy without an action, and without the statements that had no other."""
    statements = [
        {**statement, "Action": [other for other in statement["Action"] if other != action]}
        for statement in document["Statement"]
    ]
    assert statements != document["Statement"]
    return {**document, "Statement": [statement for statement in statements if statement["Action"]]}


@contextmanager
def without(cloud: LocalCloud, name_part: str, action: str) -> Iterator[None]:
    """Take a permission away from a function for the time of the block."""
    iam = client(cloud, "iam")
    policy = {"RoleName": CONFIG.name(f"{name_part}-role"), "PolicyName": "Function"}
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(lacking(document, action)))
    try:
        yield
    finally:
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))


def failures(cloud: LocalCloud, source: StreamSource) -> list[dict[str, str]]:
    """What a stream processor reports of a batch of one record."""
    attributes = {"ID_ATTRIBUTE": source.id_attribute, "TIME_ATTRIBUTE": source.time_attribute}
    event = json.dumps({"Records": [record(attributes, number=1)]})
    name = CONFIG.name(stream_processor(source).name_part)
    answer = json.load(cloud.clients.functions.invoke(FunctionName=name, Payload=event)["Payload"])
    found: list[dict[str, str]] = answer["batchItemFailures"]
    return found


def run_workflow(cloud: LocalCloud, **request: Any) -> WorkflowExecution:
    """An execution of the workflow that has ended."""
    return execute(cloud.clients.workflow, cloud.outputs["StepFunctionsStateMachineArn"], request)


def test_the_main_job_is_done_with_what_is_granted(cloud: LocalCloud, tmp_path: Path) -> None:
    samples = [Sample(source, 12) for source in CONFIG.sources]
    report = run_scenario(cloud, SampleRecords(samples), tmp_path, NullProgress())
    assert list(report_problems(report)) == []


@pytest.mark.parametrize(
    "request_of",
    [
        {"dataType": "USER_DATA"},
        {"dataType": "ORDER_DATA", "date": "2025-06-15"},
        {"dataType": "DAILY_ANALYTICS", "scheduledExecution": True, "scheduledTime": "2025-06-16T02:00:00Z"},
    ],
    ids=lambda request_of: request_of["dataType"],
)
def test_every_kind_of_summary_is_made_with_what_is_granted(cloud: LocalCloud, request_of: dict[str, Any]) -> None:
    assert run_workflow(cloud, **request_of).status == "SUCCEEDED"


@pytest.mark.parametrize("source", CONFIG.sources, ids=lambda source: source.name)
def test_a_stream_processor_records_nothing_without_its_permission(cloud: LocalCloud, source: StreamSource) -> None:
    name_part = stream_processor(source).name_part
    with without(cloud, name_part, "dynamodb:BatchWriteItem"):
        assert len(failures(cloud, source)) == 1
    log = "".join(log_messages(cloud.clients.logs, f"/aws/lambda/{CONFIG.name(name_part)}"))
    assert "AccessDeniedException" in log
    assert failures(cloud, source) == []


@pytest.mark.slow
@pytest.mark.parametrize("action", ["dynamodb:PutItem", "dynamodb:Query"])
def test_the_analytics_processor_fails_without_a_permission(cloud: LocalCloud, action: str) -> None:
    with without(cloud, ANALYTICS_PROCESSOR.name_part, action):
        ended = run_workflow(cloud, dataType="DAILY_ANALYTICS")
    assert ended.status == "FAILED"
    assert f"is not authorized to perform: {action}" in str(ended.cause)
    assert run_workflow(cloud, dataType="DAILY_ANALYTICS").status == "SUCCEEDED"


@pytest.fixture(scope="module")
def administrator(cloud: LocalCloud) -> dict[str, str]:
    """The credentials of a user whom the account allows everything."""
    iam = client(cloud, "iam")
    iam.create_user(UserName="administrator")
    iam.put_user_policy(UserName="administrator", PolicyName="All", PolicyDocument=json.dumps(EVERYTHING))
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


@pytest.mark.parametrize(
    ("service", "operation", "parameter", "output"),
    [
        ("s3", "list_objects_v2", "Bucket", "FailedEventsBucketName"),
        ("sqs", "receive_message", "QueueUrl", "DailyAnalyticsDeadLetterQueueUrl"),
        ("sns", "publish", "TopicArn", "AlertTopicArn"),
    ],
)
def test_even_an_administrator_is_refused_over_plain_http(
    cloud: LocalCloud, administrator: dict[str, str], service: str, operation: str, parameter: str, output: str
) -> None:
    call = getattr(client(cloud, service, **administrator), operation)
    message = {"Message": "text"} if operation == "publish" else {}
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        call(**{parameter: cloud.outputs[output]}, **message)


def test_an_unsigned_request_gets_no_failed_events(cloud: LocalCloud) -> None:
    unsigned = client(cloud, "s3", config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError, match="AccessDenied"):
        unsigned.list_objects_v2(Bucket=cloud.outputs["FailedEventsBucketName"])
