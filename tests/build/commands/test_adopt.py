"""A protected stack that was deleted and comes back with all that it stored, on an emulated AWS of its own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from build import aws
from build.aws import Clients
from build.cloudformation.stacks import existing_stack, find_stack, stack_resources
from build.local.cloud import connected
from build.local.emulator import Emulator, running_emulator
from stack.config import SOURCES, StackConfig
from tests.build.commands.conftest import Run

CONFIG = StackConfig("prod")
STACK = CONFIG.stack_name
TABLE = CONFIG.name("analytics")
LOG_GROUP = f"/aws/lambda/{CONFIG.name('datavalidator')}"
ITEM: Any = {"dataType": {"S": "USER_ACTIVITY"}, "processedAt": {"N": "1.5"}}
TABLES = {f"{source.name}Table" for source in SOURCES} | {"AnalyticsTable"}
EMULATED = [
    word
    for logical_id in ("FailedEventsBucket", *(f"{function.logical_id}LogGroup" for function in CONFIG.functions))
    for word in ("--allow-replace", logical_id)
] + ["--allow-replace", "DataProcessingLogGroup"]
"""Of every property of a bucket or log group the emulator says that changing it may replace the resource; AWS says so
of their names (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html)."""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def cloud(emulator: Emulator) -> Clients:
    return connected(emulator)


@pytest.fixture(autouse=True)
def environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, nothing_packaged: None) -> None:
    """Commands talk to the emulator, package nothing and do not wait long."""
    monkeypatch.setattr(aws, "_LONGEST_PAUSE", 0.05)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "prod")
    for name, value in emulator.variables.items():
        monkeypatch.setenv(name, value)


def names(cloud: Clients) -> dict[str, str]:
    """The physical names of the stack's resources that store data, by logical id."""
    stored = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Logs::LogGroup")
    stack = existing_stack(cloud.cloudformation, STACK)
    return {
        resource.logical_id: resource.physical_id
        for resource in stack_resources(cloud.cloudformation, stack.stack_id)
        if resource.resource_type in stored
    }


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    """The names before the stack was deleted, filled by the first test."""
    return {}


def test_nothing_to_adopt_is_one_sentence(run: Run) -> None:
    code, _, err = run("adopt", "--yes")
    assert code == 1
    assert err.startswith(f"adopt: no table, bucket or log group of {STACK} exists in us-west-2; make a new stack with")


def test_a_stack_that_is_there_is_not_adopted(run: Run, cloud: Clients, before: dict[str, str]) -> None:
    assert run("deploy", "--yes")[0] == 0
    before.update(names(cloud))
    code, _, err = run("adopt", "--yes")
    assert code == 1
    assert err.startswith(f"adopt: {STACK} is there already (CREATE_COMPLETE); update it with `deploy`")


def test_it_shows_what_there_is_and_asks(run: Run, cloud: Clients, before: dict[str, str]) -> None:
    cloud.dynamodb.put_item(TableName=TABLE, Item=ITEM)
    cloud.s3.put_object(Bucket=before["FailedEventsBucket"], Key="kept", Body=b"failed")
    assert run("destroy", "--lift-protection", STACK, "--yes")[0] == 0
    code, out, err = run("adopt")
    assert (code, err) == (2, "adopt: nobody can be asked here; add --yes when it is meant.\n")
    assert f"to import: table {TABLE}, about 1 items" in out
    assert f"to import: bucket {before['FailedEventsBucket']}, 1 object versions" in out
    assert f"to import: log group {LOG_GROUP}, about 0 bytes of log events" in out
    assert f"{STACK}: {len(before)} to import" in out
    assert "+ AnalyticsTable (AWS::DynamoDB::Table)" in out
    assert find_stack(cloud.cloudformation, STACK) is None


def test_several_buckets_are_a_choice(run: Run, cloud: Clients, before: dict[str, str]) -> None:
    other = f"{STACK}-failedeventsbucket-another".lower()
    cloud.s3.create_bucket(Bucket=other, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    code, _, err = run("adopt", "--yes")
    assert code == 2
    assert err.startswith("adopt: there are 2 buckets that may be FailedEventsBucket (")
    assert "choose one with --bucket" in err
    assert find_stack(cloud.cloudformation, STACK) is None


def test_a_rest_that_is_refused_leaves_what_was_imported(run: Run, cloud: Clients, before: dict[str, str]) -> None:
    code, _, err = run("adopt", "--yes", "--bucket", before["FailedEventsBucket"])
    assert (code, "possibly replace the log group" in err) == (1, True)
    assert existing_stack(cloud.cloudformation, STACK).status == "IMPORT_COMPLETE"
    assert cloud.dynamodb.scan(TableName=TABLE)["Items"] == [ITEM]
    assert names(cloud) == before


def test_the_same_command_goes_on_and_everything_is_there(run: Run, cloud: Clients, before: dict[str, str]) -> None:
    code, out, err = run("adopt", "--yes", "--json", *EMULATED)
    assert (code, err) == (0, "")
    assert names(cloud) == before
    assert cloud.dynamodb.scan(TableName=TABLE)["Items"] == [ITEM]
    assert cloud.s3.list_objects_v2(Bucket=before["FailedEventsBucket"])["KeyCount"] == 1
    assert json.loads(out.splitlines()[-1])["status"] == "UPDATE_COMPLETE"


def test_a_plan_has_no_changes_then(run: Run) -> None:
    assert run("plan") == (0, f"{STACK}: no changes\n", "")


def test_what_was_adopted_is_protected_as_before(cloud: Clients) -> None:
    assert existing_stack(cloud.cloudformation, STACK).termination_protection
    table = cloud.dynamodb.describe_table(TableName=TABLE)["Table"]
    assert table["DeletionProtectionEnabled"]
    tags = cloud.dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    assert {"Key": "suffix", "Value": "prod"} in tags
