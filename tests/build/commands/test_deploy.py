from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.aws import Clients
from build.cloudformation.failures import Detached, OperationFailed
from build.cloudformation.stacks import TABLE_TYPE, DeployedStack, StackResource, find_stack
from build.cloudformation.termination_protection import set_termination_protection
from build.commands.deploy import deploy
from build.deploy import recovery
from build.deploy.artifacts import artifact_bucket, recorded_keys
from build.deploy.desired import Deployment
from build.deploy.recovery import cancel_update
from build.errors import CommandError
from tests.build.support import (
    ANYTHING,
    CHANGE_SET_ID,
    NAME,
    STACK_ID,
    TOKEN,
    Recorder,
    Stubs,
    a_stack,
    event,
    tiny_deployment,
    tiny_package,
    tiny_template,
)

QUEUE = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 10}}}
LARGER = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 20}}}
KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
DEFINITION = [{"AttributeName": "id", "AttributeType": "S"}]
TABLE: dict[str, Any] = {
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {"KeySchema": KEY, "AttributeDefinitions": DEFINITION, "BillingMode": "PAY_PER_REQUEST"},
    }
}
BROKEN = {"Broken": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999_999}}}


def after(logical_id: str) -> dict[str, Any]:
    """What fails once another resource exists."""
    return {"Broken": {**BROKEN["Broken"], "DependsOn": logical_id}}


class CallCounter:
    """Counts the calls of clients, by operation."""

    def __init__(self, clients: Clients) -> None:
        self.calls: list[str] = []
        for client in (clients.cloudformation, clients.s3):
            client.meta.events.register("before-call", self.count)

    def count(self, model: Any, **more: Any) -> None:
        self.calls.append(model.name)


@pytest.fixture
def deployed(cloud: Clients, tmp_path: Path) -> Iterator[DeployedStack]:
    """A stack of one queue."""
    yield deploy(cloud, asked(tmp_path, QUEUE), Recorder())


@pytest.fixture(autouse=True)
def clean(cloud: Clients) -> Iterator[None]:
    """Nothing is left of a test's stacks."""
    yield
    for name in ("TapStackflow", "TapStackprod"):
        stack = find_stack(cloud.cloudformation, name)
        if stack:
            set_termination_protection(cloud.cloudformation, stack, False, Recorder())
            cloud.cloudformation.delete_stack(StackName=stack.stack_id)
            cloud.cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack.stack_id, WaiterConfig={"Delay": 0, "MaxAttempts": 500}
            )


def asked(folder: Path, resources: Mapping[str, Any], **more: Any) -> Deployment:
    return tiny_deployment(folder, resources, "flow", **more)


def visibility(cloud: Clients, stack: DeployedStack) -> str:
    sqs = cloud.session.client("sqs", endpoint_url=cloud.endpoint_url)
    resource = cloud.cloudformation.describe_stack_resource(StackName=stack.stack_id, LogicalResourceId="Queue")
    url = resource["StackResourceDetail"]["PhysicalResourceId"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"][
        "VisibilityTimeout"
    ]


def unexecuted_change_sets(cloud: Clients, stack: DeployedStack) -> list[str]:
    summaries = cloud.cloudformation.list_change_sets(StackName=stack.name)["Summaries"]
    unexecuted = {"AVAILABLE", "UNAVAILABLE"}
    return [summary["ChangeSetName"] for summary in summaries if summary["ExecutionStatus"] in unexecuted]


def test_a_stack_is_made_with_its_outputs(cloud: Clients, tmp_path: Path, progress: Recorder) -> None:
    outputs = {"Url": {"Value": {"Ref": "Queue"}}}
    deployment = replace(asked(tmp_path, {}), template=tiny_template(QUEUE, outputs))
    stack = deploy(cloud, deployment, progress)
    assert stack.status == "CREATE_COMPLETE"
    assert stack.outputs["Url"].startswith("http")
    assert progress.steps[-1] == "1 to add"
    assert [event.status for event in progress.events if event.logical_id == "Queue"] == [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]


def test_nothing_is_written_when_nothing_changed(cloud: Clients, deployed: DeployedStack, tmp_path: Path) -> None:
    counter, progress = CallCounter(cloud), Recorder()
    stack = deploy(cloud, asked(tmp_path, QUEUE), progress)
    assert counter.calls == ["DescribeStacks", "GetTemplate"]
    assert stack == deployed
    assert progress.steps == ["no changes, TapStackflow is as it should be"]


def test_a_change_is_told_and_made(cloud: Clients, deployed: DeployedStack, tmp_path: Path, progress: Recorder) -> None:
    stack = deploy(cloud, asked(tmp_path, LARGER), progress)
    assert (stack.status, visibility(cloud, stack)) == ("UPDATE_COMPLETE", "20")
    (change,) = progress.changed
    assert (change.logical_id, change.properties[0].path) == ("Queue", "VisibilityTimeout")


def test_no_change_set_is_left_behind(cloud: Clients, deployed: DeployedStack, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="has no parameter"):
        deploy(cloud, asked(tmp_path, LARGER, parameters={"Colour": "red"}), Recorder())
    deploy(cloud, asked(tmp_path, LARGER), Recorder())
    assert not unexecuted_change_sets(cloud, deployed)


def test_an_empty_change_set_is_the_backstop(cloud: Clients, deployed: DeployedStack, tmp_path: Path) -> None:
    """A description is no change to the emulator, but the comparison sees it."""
    described = tiny_template(QUEUE).replace("{", '{"Description": "the same", ', 1)
    progress = Recorder()
    stack = deploy(cloud, replace(asked(tmp_path, QUEUE), template=described), progress)
    assert stack.status == "CREATE_COMPLETE"
    assert progress.steps[-1] == "no changes, TapStackflow is as it should be"
    assert not unexecuted_change_sets(cloud, stack)


def test_new_code_is_recorded_with_what_came_before(cloud: Clients, deployed: DeployedStack, tmp_path: Path) -> None:
    newer = replace(asked(tmp_path, LARGER), package=tiny_package(tmp_path, b"newer"))
    deploy(cloud, newer, Recorder())
    keys = {archive.object_key for archive in newer.package.archives}
    recorded = recorded_keys(artifact_bucket(cloud), deployed.name)
    assert keys < recorded
    assert set(deployed.parameters.values()) - {artifact_bucket(cloud).name} < recorded


def test_the_first_resource_that_failed_is_named(cloud: Clients, deployed: DeployedStack, tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="resource: Broken .AWS::SQS::Queue.") as caught:
        deploy(cloud, asked(tmp_path, {**QUEUE, **BROKEN}), Recorder())
    assert caught.value.status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_failed_creation_is_deleted_and_created_again(cloud: Clients, tmp_path: Path, progress: Recorder) -> None:
    with pytest.raises(OperationFailed, match="ROLLBACK_COMPLETE"):
        deploy(cloud, asked(tmp_path, {**QUEUE, **after("Queue")}), Recorder())
    assert deploy(cloud, asked(tmp_path, QUEUE), progress).status == "CREATE_COMPLETE"
    assert progress.steps[0] == "TapStackflow is ROLLBACK_COMPLETE; deleting it to create it again"


PROTECTED_TABLE: dict[str, Any] = {
    "Table": {
        **TABLE["Table"],
        "DeletionPolicy": "Retain",
        "Properties": {**TABLE["Table"]["Properties"], "TableName": "guarded", "DeletionProtectionEnabled": True},
    }
}


@pytest.fixture
def failed_creation(cloud: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The first creation of a protected suffix failed after its table was made, which could not be deleted.

    The emulator's CloudFormation deletes protected tables; CloudFormation leaves them as DELETE_FAILED
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html).
    """
    with pytest.raises(OperationFailed, match="ROLLBACK_COMPLETE"):
        deploy(cloud, tiny_deployment(tmp_path, {**PROTECTED_TABLE, **after("Table")}, "prod"), Recorder())
    cloud.dynamodb.create_table(**PROTECTED_TABLE["Table"]["Properties"])
    left = [StackResource("Table", "guarded", TABLE_TYPE, "DELETE_FAILED")]
    monkeypatch.setattr(recovery, "stack_resources", lambda *arguments: left)
    yield
    cloud.dynamodb.update_table(TableName="guarded", DeletionProtectionEnabled=False)
    cloud.dynamodb.delete_table(TableName="guarded")


@pytest.mark.usefixtures("failed_creation")
def test_a_failed_creation_of_a_protected_suffix_is_recovered_from(
    cloud: Clients, tmp_path: Path, progress: Recorder
) -> None:
    stack = deploy(cloud, tiny_deployment(tmp_path, PROTECTED_TABLE, "prod"), progress)
    assert (stack.status, stack.termination_protection) == ("CREATE_COMPLETE", True)
    assert "deleting guarded, which the failed creation made and which is empty" in progress.steps
    assert cloud.dynamodb.describe_table(TableName="guarded")["Table"]["DeletionProtectionEnabled"]


@pytest.mark.usefixtures("failed_creation")
def test_a_table_that_was_written_to_meanwhile_is_kept(cloud: Clients, tmp_path: Path) -> None:
    cloud.dynamodb.put_item(TableName="guarded", Item={"id": {"S": "1"}})
    with pytest.raises(CommandError, match="guarded stores items; run `python -m build destroy --suffix prod"):
        deploy(cloud, tiny_deployment(tmp_path, PROTECTED_TABLE, "prod"), Recorder())
    assert cloud.dynamodb.scan(TableName="guarded")["Count"] == 1


def test_without_rollback_a_failed_update_stays_and_is_continued(
    cloud: Clients, deployed: DeployedStack, tmp_path: Path
) -> None:
    with pytest.raises(
        OperationFailed, match="UPDATE_FAILED.*\n.*\n.*\n.*\n.*`python -m build deploy --suffix flow --no-rollback`"
    ):
        deploy(cloud, asked(tmp_path, {**LARGER, **after("Queue")}, rollback=False), Recorder())
    stack = deploy(cloud, asked(tmp_path, LARGER | {"More": QUEUE["Queue"]}, rollback=False), Recorder())
    assert (stack.status, visibility(cloud, stack)) == ("UPDATE_COMPLETE", "20")


def test_a_stack_left_as_it_failed_that_nothing_changes_is_no_success(
    stubs: Stubs, tmp_path: Path, progress: Recorder
) -> None:
    deployment = tiny_deployment(tmp_path, QUEUE, rollback=False)
    bucket = artifact_bucket(stubs.clients, a_stack())
    change_set = {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}
    stubs.stack_is("CREATE_FAILED", name=NAME)
    stubs.answer("cloudformation", "get_template", ANYTHING, {"TemplateBody": "{}"})
    stubs.answer("s3", "get_bucket_policy", bucket.target, {"Policy": "{}"})
    stubs.answer("s3", "head_bucket", bucket.target, {"BucketRegion": stubs.clients.region})
    for archive in deployment.package.archives:
        stubs.answer("s3", "head_object", {"Key": archive.object_key, **bucket.target}, {})
    stubs.no_table_is_restored()
    stubs.answer("cloudformation", "create_change_set", ANYTHING, {"Id": CHANGE_SET_ID, "StackId": STACK_ID})
    answer = {"Status": "FAILED", "StatusReason": "No updates are to be performed."}
    stubs.answer("cloudformation", "describe_change_set", change_set, answer)
    stubs.answer("cloudformation", "delete_change_set", change_set, {})
    stubs.stack_is("CREATE_FAILED")
    with pytest.raises(CommandError, match="is CREATE_FAILED, and CloudFormation sees nothing to change; leave out"):
        deploy(stubs.clients, deployment, progress)


def test_an_update_left_as_it_failed_is_rolled_back_before_the_next(
    cloud: Clients, deployed: DeployedStack, tmp_path: Path, progress: Recorder
) -> None:
    with pytest.raises(OperationFailed, match="UPDATE_FAILED"):
        deploy(cloud, asked(tmp_path, {**LARGER, **after("Queue")}, rollback=False), Recorder())
    stack = deploy(cloud, asked(tmp_path, QUEUE), progress)
    assert (stack.status, visibility(cloud, stack)) == ("UPDATE_ROLLBACK_COMPLETE", "10")
    assert progress.steps == [
        "TapStackflow is UPDATE_FAILED; rolling that back first",
        "no changes, TapStackflow is as it should be",
    ]


def test_a_table_of_a_creation_left_as_it_failed_is_not_deleted_by_accident(cloud: Clients, tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="CREATE_FAILED"):
        deploy(cloud, asked(tmp_path, {**TABLE, **after("Table")}, rollback=False), Recorder())
    with pytest.raises(CommandError, match="would delete the table Table"):
        deploy(cloud, asked(tmp_path, TABLE), Recorder())
    stack = deploy(cloud, asked(tmp_path, TABLE, allow_replace=frozenset({"Table"})), Recorder())
    assert stack.status == "CREATE_COMPLETE"


def test_a_table_is_not_lost_by_accident(cloud: Clients, tmp_path: Path) -> None:
    stack = deploy(cloud, asked(tmp_path, TABLE), Recorder())
    with pytest.raises(CommandError, match="refused, nothing was changed: this would delete the table Table"):
        deploy(cloud, asked(tmp_path, QUEUE), Recorder())
    assert find_stack(cloud.cloudformation, stack.name) == stack
    allowed = asked(tmp_path, QUEUE, allow_replace=frozenset({"Table"}))
    assert deploy(cloud, allowed, Recorder()).status == "UPDATE_COMPLETE"


def test_a_table_is_not_replaced_by_accident(cloud: Clients, tmp_path: Path) -> None:
    deploy(cloud, asked(tmp_path, TABLE), Recorder())
    properties = {
        **TABLE["Table"]["Properties"],
        "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "other", "AttributeType": "S"}],
    }
    with pytest.raises(CommandError, match="replace the table Table"):
        deploy(cloud, asked(tmp_path, {"Table": {**TABLE["Table"], "Properties": properties}}), Recorder())


class Impatient(Recorder):
    """Presses Ctrl-C when the first resource is touched."""

    def event(self, event: object) -> None:
        raise KeyboardInterrupt


def test_after_ctrl_c_the_same_command_goes_on(cloud: Clients, tmp_path: Path) -> None:
    with pytest.raises(Detached, match="repeat the command to follow it"):
        deploy(cloud, asked(tmp_path, QUEUE), Impatient())
    assert deploy(cloud, asked(tmp_path, QUEUE), Recorder()).status == "CREATE_COMPLETE"


def test_ctrl_c_before_anything_began_leaves_nothing(cloud: Clients, tmp_path: Path) -> None:
    class Earlier(Recorder):
        def step(self, text: str) -> None:
            if text.endswith("to add"):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deploy(cloud, asked(tmp_path, QUEUE), Earlier())
    assert find_stack(cloud.cloudformation, "TapStackflow") is None


def test_a_protected_stack_is_protected_against_deletion(cloud: Clients, tmp_path: Path, progress: Recorder) -> None:
    deployment = tiny_deployment(tmp_path, QUEUE, "prod")
    assert deploy(cloud, deployment, progress).termination_protection
    assert progress.steps[-1] == "turned termination protection on"
    again = Recorder()
    assert deploy(cloud, deployment, again).termination_protection
    assert again.steps == ["no changes, TapStackprod is as it should be"]


def test_protection_that_was_turned_off_is_turned_on_again_without_a_change_set(cloud: Clients, tmp_path: Path) -> None:
    deployment = tiny_deployment(tmp_path, QUEUE, "prod")
    stack = deploy(cloud, deployment, Recorder())
    set_termination_protection(cloud.cloudformation, stack, False, Recorder())
    counter = CallCounter(cloud)
    assert deploy(cloud, deployment, Recorder()).termination_protection
    assert counter.calls == ["DescribeStacks", "GetTemplate", "UpdateTerminationProtection"]


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_only_an_update_under_way_can_be_cancelled(stubs: Stubs, progress: Recorder, status: str) -> None:
    stubs.stack_is(status, name=NAME)
    with pytest.raises(CommandError, match="only an update under way can be cancelled"):
        cancel_update(stubs.clients, NAME, progress)


def test_a_cancelled_update_is_followed_back(stubs: Stubs, progress: Recorder) -> None:
    stubs.stack_is("UPDATE_IN_PROGRESS", name=NAME)
    parameters = {"StackName": STACK_ID, "ClientRequestToken": TOKEN}
    stubs.answer("cloudformation", "cancel_update_stack", parameters, {})
    entries = [
        event(3, NAME, "UPDATE_ROLLBACK_COMPLETE"),
        event(2, NAME, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"),
        event(1, NAME, "UPDATE_IN_PROGRESS", token="theirs"),
    ]
    stubs.events_are(*entries)
    stubs.stack_is("UPDATE_ROLLBACK_COMPLETE")
    assert cancel_update(stubs.clients, NAME, progress).status == "UPDATE_ROLLBACK_COMPLETE"
    assert [entry.status for entry in progress.events] == ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]


def test_a_cancelled_update_is_followed_again_by_the_same_command(stubs: Stubs, progress: Recorder) -> None:
    stubs.stack_is("UPDATE_ROLLBACK_IN_PROGRESS", name=NAME)
    entries = [event(2, NAME, "UPDATE_ROLLBACK_COMPLETE"), event(1, NAME, "UPDATE_ROLLBACK_IN_PROGRESS")]
    for _ in ("whose", "until when"):
        stubs.events_are(*entries)
    stubs.stack_is("UPDATE_ROLLBACK_COMPLETE")
    assert cancel_update(stubs.clients, NAME, progress).status == "UPDATE_ROLLBACK_COMPLETE"
    assert progress.steps == ["TapStackdev is UPDATE_ROLLBACK_IN_PROGRESS; following that"]
