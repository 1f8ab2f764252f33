"""A deployment whose way to AWS is lost, by real connections that close: what it says has to stay true."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import botocore.endpoint
import pytest
from botocore.exceptions import ConnectionClosedError

from build import aws
from build.aws import Clients
from build.cloudformation.failures import FollowingLost
from build.cloudformation.stacks import find_stack
from build.commands.deploy import deploy
from build.deploy.desired import Deployment
from build.errors import STILL_UNDER_WAY
from build.local.emulator import Emulator
from tests.build.fault_proxy import Fault, FaultProxy, running_fault_proxy
from tests.build.support import Recorder, tiny_deployment

NAME = "TapStacklost"
QUEUE = {"Queue": {"Type": "AWS::SQS::Queue"}}
BACK = "AWS can be reached again"


@pytest.fixture
def proxy(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Between the deployment and CloudFormation."""
    with running_fault_proxy(emulator.port) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", running.endpoint)
        yield running


@pytest.fixture
def clients(cloud: Clients, proxy: FaultProxy) -> Iterator[Clients]:
    """Clients that call once, and by way of the proxy; nothing is left of their stack."""
    yield replace(cloud, endpoint_url=None).configured(retries={"total_max_attempts": 1})
    cloud.cloudformation.delete_stack(StackName=NAME)
    cloud.cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=NAME, WaiterConfig={"Delay": 0, "MaxAttempts": 500}
    )


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return tiny_deployment(tmp_path, QUEUE, "lost")


def test_a_network_that_is_lost_while_following_is_waited_for(
    clients: Clients, proxy: FaultProxy, deployment: Deployment, progress: Recorder
) -> None:
    proxy.faults["DescribeStackEvents"] = [Fault.REQUEST_LOST] * 3
    assert deploy(clients, deployment, progress).status == "CREATE_COMPLETE"
    lost, back = progress.steps[-2:]
    assert lost.startswith("AWS cannot be reached (Connection was closed")
    assert lost.endswith("trying again for up to 10 minutes")
    assert back == BACK
    assert progress.waits >= 3


def test_after_ten_minutes_without_a_network_it_says_what_aws_goes_on_doing(
    clients: Clients,
    cloud: Clients,
    proxy: FaultProxy,
    deployment: Deployment,
    progress: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy.faults["DescribeStackEvents"] = [Fault.REQUEST_LOST] * 1000
    minutes = iter(range(0, 10_000, 60))
    monkeypatch.setattr(aws, "monotonic", lambda: float(next(minutes)))
    with pytest.raises(FollowingLost, match="AWS cannot be reached") as caught:
        deploy(clients, deployment, progress)
    assert caught.value.exit_code == STILL_UNDER_WAY == 3
    command = "python -m build deploy --suffix lost --region us-west-2"
    assert str(caught.value).endswith(f"AWS goes on with the stack: `{command}` follows it again.")
    assert proxy.calls.count("DescribeStackEvents") == 12
    again = Recorder()
    assert deploy(cloud, deployment, again).status == "CREATE_COMPLETE"


def test_a_denied_look_at_the_events_is_no_failed_deployment(
    clients: Clients, cloud: Clients, proxy: FaultProxy, deployment: Deployment, progress: Recorder
) -> None:
    proxy.faults["DescribeStackEvents"] = [Fault.DENIED]
    with pytest.raises(FollowingLost, match="may not do cloudformation:DescribeStackEvents") as caught:
        deploy(clients, deployment, progress)
    assert (caught.value.exit_code, "`python -m build deploy --suffix lost" in str(caught.value)) == (3, True)
    assert deploy(cloud, deployment, Recorder()).status == "CREATE_COMPLETE"


def test_an_execution_whose_answer_is_lost_is_followed(
    clients: Clients, proxy: FaultProxy, deployment: Deployment, progress: Recorder
) -> None:
    proxy.faults["ExecuteChangeSet"] = [Fault.ANSWER_LOST]
    assert deploy(clients, deployment, progress).status == "CREATE_COMPLETE"
    assert progress.steps[-1] == "the answer of AWS was lost; looking whether it began"
    assert progress.events
    assert not {"DeleteStack", "DeleteChangeSet"} & set(proxy.calls)


def test_an_execution_that_is_repeated_because_its_answer_was_lost_is_ones_own(
    clients: Clients,
    proxy: FaultProxy,
    deployment: Deployment,
    progress: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The emulator refuses the repetition; CloudFormation, which knows the token, may."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(time=time.time, sleep=lambda seconds: None))
    proxy.faults["ExecuteChangeSet"] = [Fault.ANSWER_LOST]
    repeating = clients.configured(retries={"total_max_attempts": 2})
    assert deploy(repeating, deployment, progress).status == "CREATE_COMPLETE"
    assert proxy.calls.count("ExecuteChangeSet") == 2
    assert progress.steps[-1] == "1 to add"
    assert "DeleteStack" not in proxy.calls


def test_an_execution_that_never_arrived_is_begun_again(
    clients: Clients, proxy: FaultProxy, deployment: Deployment, progress: Recorder
) -> None:
    proxy.faults["ExecuteChangeSet"] = [Fault.REQUEST_LOST]
    assert deploy(clients, deployment, progress).status == "CREATE_COMPLETE"
    never = "AWS never began the operation on TapStacklost, which is REVIEW_IN_PROGRESS; looking again"
    assert progress.steps[-2:] == [never, "1 to add"]
    assert proxy.calls.count("ExecuteChangeSet") == 2
    assert "DeleteStack" not in proxy.calls


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST])
def test_a_change_set_whose_answer_is_lost_is_deleted_by_its_name_with_the_stack_under_review(
    clients: Clients, cloud: Clients, proxy: FaultProxy, tmp_path: Path, progress: Recorder, fault: Fault
) -> None:
    proxy.faults["CreateChangeSet"] = [fault]
    with pytest.raises(ConnectionClosedError):
        deploy(clients, tiny_deployment(tmp_path, QUEUE, "unmade"), progress)
    assert find_stack(cloud.cloudformation, "TapStackunmade") is None
    assert not cloud.cloudformation.list_change_sets(StackName="TapStackunmade")["Summaries"]
    assert ("DeleteStack" in proxy.calls) is (fault is Fault.ANSWER_LOST)
