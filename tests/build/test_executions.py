"""Executions: all are started before any is waited for, and each is followed to its end."""

from typing import Any

import pytest

from build import aws
from build.executions import WorkflowExecution, execute, execute_all

STATE_MACHINE = "arn:aws:states:us-west-2:123456789012:stateMachine:dev"
ENDED: dict[str, dict[str, Any]] = {
    '{"day": 1}': {"status": "SUCCEEDED"},
    '{"day": 2}': {"status": "FAILED", "error": "InvalidDataError", "cause": "no such day"},
}


class Workflow:
    """A state machine whose executions run for a while."""

    def __init__(self, looks_until_ended: int) -> None:
        self.calls: list[str] = []
        self._looks = looks_until_ended

    def start_execution(self, stateMachineArn: str, input: str) -> dict[str, str]:
        assert stateMachineArn == STATE_MACHINE
        self.calls.append("start")
        return {"executionArn": input}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self.calls.append("look")
        self._looks -= 1
        return {"status": "RUNNING"} if self._looks >= 0 else ENDED[executionArn]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "sleep", lambda seconds: None)


def test_an_execution_is_followed_to_its_end() -> None:
    workflow: Any = Workflow(looks_until_ended=3)
    ended = execute(workflow, STATE_MACHINE, {"day": 2})
    assert ended == WorkflowExecution('{"day": 2}', {"day": 2}, "FAILED", "InvalidDataError", "no such day")
    assert workflow.calls == ["start", "look", "look", "look", "look"]


def test_executions_run_side_by_side_and_are_told_in_order() -> None:
    workflow: Any = Workflow(looks_until_ended=1)
    first, second = execute_all(workflow, STATE_MACHINE, [{"day": 1}, {"day": 2}])
    assert (first.status, second.status) == ("SUCCEEDED", "FAILED")
    assert workflow.calls[:2] == ["start", "start"]
