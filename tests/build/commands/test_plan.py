import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.aws import Clients
from build.cloudformation.changes import ChangeKind, PropertyChange
from build.cloudformation.stacks import DeployedStack, find_stack
from build.commands.deploy import deploy
from build.commands.plan import Plan, plan, plannable_stack
from build.deploy.desired import Deployment
from build.errors import CommandError
from tests.build.commands.test_deploy import LARGER, QUEUE, TABLE, CallCounter
from tests.build.support import NAME, Recorder, Stubs, tiny_deployment

NOTHING = Plan((), (), protects=False, unchanged=True)


def asked(folder: Path, resources: Mapping[str, Any], suffix: str = "plan", **more: Any) -> Deployment:
    return tiny_deployment(folder, resources, suffix, **more)


@pytest.fixture
def deployed(cloud: Clients, tmp_path: Path) -> Iterator[DeployedStack]:
    """A stack of a queue and a table."""
    stack = deploy(cloud, asked(tmp_path, QUEUE | TABLE), Recorder())
    yield stack
    cloud.cloudformation.delete_stack(StackName=stack.stack_id)
    cloud.cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=stack.stack_id, WaiterConfig={"Delay": 0, "MaxAttempts": 500}
    )


def test_a_stack_that_is_as_asked_has_no_changes_and_is_only_read(
    cloud: Clients, deployed: DeployedStack, tmp_path: Path, progress: Recorder
) -> None:
    counter = CallCounter(cloud)
    assert plan(cloud, asked(tmp_path, QUEUE | TABLE), progress) == NOTHING
    assert counter.calls == ["DescribeStacks", "GetTemplate"]


def test_changed_properties_have_both_values(
    cloud: Clients, deployed: DeployedStack, tmp_path: Path, progress: Recorder
) -> None:
    found = plan(cloud, asked(tmp_path, LARGER | TABLE), progress)
    (change,) = found.changes
    assert change.properties == (PropertyChange("VisibilityTimeout", "10", "20", "Never"),)
    assert not found.unchanged


def test_nothing_is_left_and_nothing_changed(
    cloud: Clients, deployed: DeployedStack, tmp_path: Path, progress: Recorder
) -> None:
    plan(cloud, asked(tmp_path, LARGER | TABLE), progress)
    summaries = cloud.cloudformation.list_change_sets(StackName=deployed.name)["Summaries"]
    assert not [summary for summary in summaries if summary["ExecutionStatus"] == "AVAILABLE"]
    assert find_stack(cloud.cloudformation, deployed.name) == deployed


def test_what_would_be_lost_is_marked_and_refused_unless_allowed(
    cloud: Clients, deployed: DeployedStack, tmp_path: Path, progress: Recorder
) -> None:
    found = plan(cloud, asked(tmp_path, QUEUE), progress)
    assert [(change.logical_id, change.kind) for change in found.refused] == [("Table", ChangeKind.DELETE)]
    allowed = plan(cloud, asked(tmp_path, QUEUE, allow_replace=frozenset({"Table"})), progress)
    assert (len(allowed.changes), allowed.refused) == (1, ())


def named_table(key: str) -> dict[str, Any]:
    properties = {
        **TABLE["Table"]["Properties"],
        "TableName": "plan-named",
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
    }
    return {"Table": {**TABLE["Table"], "Properties": properties}}


def test_a_replacement_that_aws_will_refuse_is_told_and_stops_the_deployment(
    cloud: Clients, deployed: DeployedStack, tmp_path: Path, progress: Recorder
) -> None:
    deploy(cloud, asked(tmp_path, named_table("id"), allow_replace=frozenset({"Table"})), progress)
    other = asked(tmp_path, named_table("other"), allow_replace=frozenset({"Table"}))
    (change,) = plan(cloud, other, progress).changes
    assert (change.logical_id, change.refusal.partition(";")[0]) == ("Table", "it keeps its TableName")
    conflict = f"{change.kind.value} Table (AWS::DynamoDB::Table): it keeps its TableName"
    with pytest.raises(CommandError, match=re.escape(f"refused, nothing was changed: AWS cannot {conflict}")):
        deploy(cloud, other, progress)


def test_an_empty_change_set_is_no_change(
    cloud: Clients, deployed: DeployedStack, tmp_path: Path, progress: Recorder
) -> None:
    same = asked(tmp_path, QUEUE | TABLE)
    described = replace(same, template=same.template.replace("{", '{"Description": "the same", ', 1))
    assert plan(cloud, described, progress) == NOTHING


def test_a_new_stack_is_all_additions_and_leaves_no_stack(cloud: Clients, tmp_path: Path, progress: Recorder) -> None:
    found = plan(cloud, asked(tmp_path, QUEUE, "prod"), progress)
    assert [change.kind for change in found.changes] == [ChangeKind.ADD]
    assert found.protects
    assert find_stack(cloud.cloudformation, "TapStackprod") is None


@pytest.mark.parametrize(
    ("status", "first"),
    [
        ("UPDATE_IN_PROGRESS", "would follow the operation under way to its end"),
        ("ROLLBACK_COMPLETE", "would delete what a failed creation left, then create the stack"),
        ("UPDATE_ROLLBACK_FAILED", "would stop and say how a rollback that failed is continued"),
    ],
)
def test_a_state_that_needs_something_else_first_says_what(
    stubs: Stubs, tmp_path: Path, status: str, first: str
) -> None:
    stubs.stack_is(status, name=NAME)
    with pytest.raises(CommandError, match=first):
        plannable_stack(stubs.clients, asked(tmp_path, {}, "dev"))


def test_a_stack_under_review_counts_as_new(stubs: Stubs, tmp_path: Path) -> None:
    stubs.stack_is("REVIEW_IN_PROGRESS", name=NAME)
    assert plannable_stack(stubs.clients, asked(tmp_path, {}, "dev")) is None


def test_deploying_shows_what_the_plan_showed(cloud: Clients, deployed: DeployedStack, tmp_path: Path) -> None:
    wanted = asked(tmp_path, LARGER | TABLE | {"More": QUEUE["Queue"]})
    found = plan(cloud, wanted, Recorder())
    progress = Recorder()
    deploy(cloud, wanted, progress)
    assert tuple(progress.changed) == found.changes
    assert [(change.logical_id, change.kind) for change in found.changes] == [
        ("More", ChangeKind.ADD),
        ("Queue", ChangeKind.CHANGE),
    ]
