"""What a real execution does when a function of it runs out of time, and when a slice of a count dies."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from build.aws import Clients, until
from build.local.emulator import running_emulator
from stack.config import StackConfig
from stack.workflow import definition
from tests.build.support import ACCOUNT, REGION, dummy_session

pytestmark = pytest.mark.slow

ROLE = f"arn:aws:iam::{ACCOUNT}:role/test"
STATES = ("ValidateData", "ProcessAnalytics")
ANSWERS = "def handler(event, context): return {'isValid': True}"
RUNS_OUT_OF_TIME = dedent("""
    from time import sleep

    def handler(event, context):
        sleep(60)
""")
COUNTS_IN_SLICES = """
from pathlib import Path

def handler(event, context):
    if event.get("step") == "PLAN":
        return {{**event["request"], "slices": [1, 2, 3], "pageSize": None, "consistent": True}}
    if event.get("step") == "COUNT":
        with Path({log!r}).open("a") as log:
            log.write(f"{{event['slice']}}\\n")
        if event["slice"] == 2 and Path({log!r}).read_text().count("2") == 1:
            raise SystemExit("killed")
        return event["slice"] * 10
    if event.get("slices") != [10, 20, 30]:
        raise ValueError(event)
    return event
"""
Outcome = tuple[str, str, dict[str, int]]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """An emulated AWS whose executions wait for nothing."""
    log = tmp_path_factory.mktemp("retries") / "log"
    with running_emulator(log, {"SFN_WAIT_SCALE": "0"}) as emulator:
        yield Clients(dummy_session(), REGION, emulator.endpoint)


def create_function(clients: Clients, name: str, source: str) -> str:
    """Create a function that may run for a second; returns its ARN."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", source)
    created = clients.functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": content.getvalue()},
        Timeout=1,
    )
    return created["FunctionArn"]


def outcome(clients: Clients, name: str, functions: dict[str, str], config: StackConfig = StackConfig()) -> Outcome:
    """Status and error of an execution of the template's workflow, and how many events of each type it had."""
    text = json.dumps(definition(config)).replace("${LambdaInvoke}", "arn:aws:states:::lambda:invoke")
    for logical_id, arn in functions.items():
        text = text.replace(f"${{{logical_id}Arn}}", arn)
    machine = clients.workflow.create_state_machine(name=name, definition=text, roleArn=ROLE)["stateMachineArn"]
    execution = clients.workflow.start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def ended() -> Outcome | None:
        description = clients.workflow.describe_execution(executionArn=execution)
        if description["status"] == "RUNNING":
            return None
        events = clients.workflow.get_execution_history(executionArn=execution)["events"]
        return description["status"], description.get("error", ""), Counter(event["type"] for event in events)

    return until(ended, lambda: None)


@pytest.mark.parametrize("state", STATES)
def test_a_function_that_runs_out_of_time_is_tried_again(clients: Clients, state: str) -> None:
    late = create_function(clients, f"late-{state}", RUNS_OUT_OF_TIME)
    functions = {"DataValidator": late, "AnalyticsProcessor": late}
    if state == "ProcessAnalytics":
        functions["DataValidator"] = create_function(clients, "quick", ANSWERS)
    status, error, events = outcome(clients, f"late-{state}", functions)
    assert (status, error) == ("FAILED", "Sandbox.Timedout")
    assert events["TaskFailed"] == 3


def test_a_slice_that_dies_is_tried_again_alone(clients: Clients, tmp_path: Path) -> None:
    log = tmp_path / "log"
    functions = {
        "DataValidator": create_function(clients, "valid", ANSWERS),
        "AnalyticsProcessor": create_function(clients, "slices", COUNTS_IN_SLICES.format(log=str(log))),
    }
    status, error, events = outcome(clients, "slices", functions, StackConfig(pages_in_one_invocation=0))
    assert (status, error) == ("SUCCEEDED", "")
    assert Counter(log.read_text().split()) == {"1": 1, "2": 2, "3": 1}
    assert events["TaskFailed"] == 1
