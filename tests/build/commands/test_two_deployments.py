"""Two people who deploy the same stack at the same time, against an emulator and by CloudFormation's own words."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from build.aws import Clients
from build.cloudformation.failures import Conflict, StackGone
from build.cloudformation.stacks import DeployedStack, deployed_template
from build.commands.deploy import deploy
from build.deploy.artifacts import artifact_bucket
from build.deploy.desired import Deployment
from tests.build.support import (
    ANYTHING,
    CHANGE_SET_ID,
    NAME,
    REGION,
    STACK_ID,
    Recorder,
    Stubs,
    a_stack,
    dummy_session,
    event,
    tiny_deployment,
)

PAIR = "TapStackpair"
ONE = {"One": {"Type": "AWS::SQS::Queue"}}
OTHER = {"Other": {"Type": "AWS::SQS::Queue"}}


@dataclass
class Meeting(Recorder):
    """Waits at a step until everybody else is there, the first time."""

    barrier: Barrier
    met: bool = field(default=False)

    def __post_init__(self) -> None:
        super().__init__()

    def step(self, text: str) -> None:
        super().step(text)
        if text.startswith("1 to ") and not self.met:
            self.met = True
            self.barrier.wait(60)


@pytest.fixture
def shared(cloud: Clients) -> Iterator[Clients]:
    """Clients of the emulator in which the two meet; nothing is left of their stack."""
    yield cloud
    cloud.cloudformation.delete_stack(StackName=PAIR)
    cloud.cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=PAIR, WaiterConfig={"Delay": 0, "MaxAttempts": 500}
    )


def deploy_both(cloud: Clients, deployments: list[Deployment]) -> list[tuple[DeployedStack, Meeting]]:
    """Deploy at once: both have a change set before either is executed."""
    barrier = Barrier(len(deployments))

    def run(deployment: Deployment) -> tuple[DeployedStack, Meeting]:
        progress = Meeting(barrier)
        return deploy(Clients(dummy_session(), REGION, cloud.endpoint_url), deployment, progress), progress

    with ThreadPoolExecutor(len(deployments)) as pool:
        return list(pool.map(run, deployments))


def test_two_that_create_the_same_stack_both_succeed(shared: Clients, tmp_path: Path) -> None:
    deployment = tiny_deployment(tmp_path, ONE, "pair")
    (first, one), (second, other) = deploy_both(shared, [deployment, deployment])
    assert (first.status, second.status) == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    assert first.stack_id == second.stack_id
    assert any("looking again" in step for step in one.steps + other.steps)
    assert f"no changes, {PAIR} is as it should be" in one.steps + other.steps


@pytest.mark.parametrize("exists", [False, True])
def test_two_that_want_different_things_deploy_one_after_the_other(
    shared: Clients, tmp_path: Path, exists: bool
) -> None:
    if exists:
        deploy(shared, tiny_deployment(tmp_path, {**ONE, **OTHER}, "pair"), Recorder())
    deployments = [tiny_deployment(tmp_path, resources, "pair") for resources in (ONE, OTHER)]
    results = deploy_both(shared, deployments)
    assert {stack.status for stack, _ in results} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    overtaken = [
        deployment
        for deployment, (_, progress) in zip(deployments, results, strict=True)
        if any("looking again" in step for step in progress.steps)
    ]
    deployed = deployed_template(shared.cloudformation, PAIR)
    assert any(('"One"' in deployed) == ('"One"' in deployment.template) for deployment in overtaken)
    assert ('"One"' in deployed) != ('"Other"' in deployed)


CHANGE_SET = {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}
MISSING = ("ChangeSetNotFound", f"ChangeSet [{CHANGE_SET_ID}] does not exist")
OBSOLETE = (
    "InvalidChangeSetStatus",
    f"ChangeSet [{CHANGE_SET_ID}] cannot be executed in its current execution status of [OBSOLETE]",
)
BUSY = ("ValidationError", f"Stack:{STACK_ID} is in UPDATE_IN_PROGRESS state and can not be updated.")
EXISTS = ("ValidationError", f"Stack [{NAME}] already exists and cannot be created again with the changeSet [build-1].")
GONE = ("ValidationError", f"Stack [{STACK_ID}] does not exist")


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return tiny_deployment(tmp_path, ONE)


def expect_comparison(stubs: Stubs, deployment: Deployment, status: str | None = "UPDATE_COMPLETE") -> None:
    """A look at the stack, and at what is uploaded."""
    bucket = artifact_bucket(stubs.clients, a_stack())
    if status:
        stubs.stack_is(status, name=NAME)
    else:
        expect_no_stack(stubs)
    if status == "UPDATE_COMPLETE":
        stubs.answer("cloudformation", "get_template", ANYTHING, {"TemplateBody": "{}"})
    else:
        stubs.clients.__dict__["_caller"] = {"Account": bucket.account}
    stubs.answer("s3", "get_bucket_policy", bucket.target, {"Policy": "{}"})
    stubs.answer("s3", "head_bucket", bucket.target, {"BucketRegion": stubs.clients.region})
    for archive in deployment.package.archives:
        stubs.answer("s3", "head_object", {"Key": archive.object_key, **bucket.target}, {})
    if status:
        stubs.no_table_is_restored()


def expect_no_stack(stubs: Stubs, name: str = NAME) -> None:
    message = f"Stack with id {name} does not exist"
    stubs.refuse("cloudformation", "describe_stacks", {"StackName": name}, "ValidationError", message)


def expect_refusal(stubs: Stubs, call: str, refusal: tuple[str, str]) -> None:
    stubs.of("cloudformation").add_client_error(call, *refusal, 400)


def expect_change_set(stubs: Stubs) -> None:
    stubs.answer("cloudformation", "create_change_set", ANYTHING, {"Id": CHANGE_SET_ID, "StackId": STACK_ID})


def expect_description(stubs: Stubs) -> None:
    stubs.answer("cloudformation", "describe_change_set", CHANGE_SET, {"Status": "CREATE_COMPLETE"})
    for _ in ("with values", "without"):
        stubs.answer("cloudformation", "describe_change_set", ANYTHING, {"Changes": []})


def refused_creation(stubs: Stubs) -> None:
    expect_refusal(stubs, "create_change_set", BUSY)


def refused_second_creation(stubs: Stubs) -> None:
    expect_refusal(stubs, "create_change_set", EXISTS)


def vanished(stubs: Stubs) -> None:
    """Somebody's execution deleted the change set; deleting it again is refused, and its stack left alone."""
    expect_change_set(stubs)
    expect_refusal(stubs, "describe_change_set", MISSING)
    expect_refusal(stubs, "delete_change_set", MISSING)
    stubs.stack_is("UPDATE_IN_PROGRESS")


def refused_execution(stubs: Stubs) -> None:
    """The stack may still be described as under review, and is left alone."""
    expect_change_set(stubs)
    expect_description(stubs)
    stubs.no_table_is_restored()
    expect_refusal(stubs, "execute_change_set", OBSOLETE)
    stubs.events_are(event(1, NAME, "UPDATE_IN_PROGRESS", token="theirs"))
    stubs.answer("cloudformation", "delete_change_set", CHANGE_SET, {})


def expect_theirs(stubs: Stubs, status: str) -> None:
    """Their operation, from the look that finds it to its end."""
    entries: list[Any] = [
        event(2, NAME, status, token="theirs"),
        event(1, NAME, "UPDATE_IN_PROGRESS", token="theirs"),
    ]
    for _ in ("whether the stack exists", "what to follow"):
        stubs.stack_is("UPDATE_IN_PROGRESS", name=NAME)
    for _ in ("whose", "until when"):
        stubs.events_are(*entries)
    stubs.stack_is(status)


@pytest.mark.parametrize("overtaken", [refused_creation, refused_second_creation, vanished, refused_execution])
@pytest.mark.parametrize("ended", ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_somebody_elses_update_is_followed_however_it_ends_and_ones_own_made_after(
    stubs: Stubs, deployment: Deployment, progress: Recorder, overtaken: Callable[[Stubs], None], ended: str
) -> None:
    expect_comparison(stubs, deployment)
    overtaken(stubs)
    expect_theirs(stubs, ended)
    expect_comparison(stubs, deployment)
    expect_change_set(stubs)
    expect_description(stubs)
    stubs.no_table_is_restored()
    stubs.answer("cloudformation", "execute_change_set", ANYTHING, {})
    stubs.events_are(event(4, NAME, "UPDATE_COMPLETE"), event(3, NAME, "UPDATE_IN_PROGRESS"))
    stubs.stack_is("UPDATE_COMPLETE")
    stubs.answer("s3", "put_object", ANYTHING, {})
    assert deploy(stubs.clients, deployment, progress).status == "UPDATE_COMPLETE"
    assert any(step.startswith("somebody else is changing TapStackdev, too (AWS says: ") for step in progress.steps)
    assert "TapStackdev is UPDATE_IN_PROGRESS; following that first" in progress.steps


def test_a_stack_that_somebody_deletes_meanwhile_is_not_made_again(
    stubs: Stubs, deployment: Deployment, progress: Recorder
) -> None:
    expect_comparison(stubs, deployment)
    expect_refusal(stubs, "create_change_set", GONE)
    for _ in ("while changing", "after"):
        expect_no_stack(stubs)
    with pytest.raises(StackGone, match="TapStackdev is gone, somebody else deleted it meanwhile; deploy again"):
        deploy(stubs.clients, deployment, progress)


def test_somebody_who_never_stops_is_not_waited_for_without_end(
    stubs: Stubs, deployment: Deployment, progress: Recorder
) -> None:
    for round_number in range(5):
        expect_comparison(stubs, deployment)
        expect_refusal(stubs, "create_change_set", BUSY)
        stubs.stack_is("UPDATE_COMPLETE", name=NAME)
        if round_number < 4:
            stubs.stack_is("UPDATE_COMPLETE", name=NAME)
    with pytest.raises(Conflict, match="is in UPDATE_IN_PROGRESS state .*; wait until that is over") as caught:
        deploy(stubs.clients, deployment, progress)
    assert caught.value.exit_code == 1
    assert len(progress.steps) == 4


def test_a_permission_that_is_missing_for_the_execution_leaves_the_stack_alone(
    stubs: Stubs, deployment: Deployment, progress: Recorder
) -> None:
    expect_comparison(stubs, deployment, None)
    expect_change_set(stubs)
    expect_description(stubs)
    expect_refusal(stubs, "execute_change_set", ("AccessDenied", "no"))
    stubs.answer("cloudformation", "delete_change_set", CHANGE_SET, {})
    with pytest.raises(Exception, match="AccessDenied"):
        deploy(stubs.clients, deployment, progress)
