"""The way of an execution through the states, from the history that Step Functions records."""

from datetime import UTC, datetime, timedelta
from typing import Any

from build.aws import Clients
from build.console.execution_paths import ExecutionPath, drawn_path, execution_path, workflow_sheet
from build.console.target import Target
from tests.build.support import Stubs

BEGAN = datetime(2026, 3, 1, 2, tzinfo=UTC)
MACHINE = "arn:aws:states:us-west-2:123456789012:stateMachine:dev"
VALIDATED = (
    (1, 0, "ExecutionStarted", ""),
    (2, 0, "TaskStateEntered", "ValidateData"),
    (3, 2, "TaskStateExited", "ValidateData"),
    (4, 3, "ChoiceStateEntered", "IsDataValid?"),
    (5, 4, "ChoiceStateExited", "IsDataValid?"),
    (6, 5, "TaskStateEntered", "ProcessAnalytics"),
    (7, 6, "TaskFailed", ""),
    (8, 7, "TaskStateExited", "ProcessAnalytics"),
    (9, 8, "TaskStateEntered", "PlanSlices"),
    (10, 9, "TaskStateExited", "PlanSlices"),
    (11, 10, "MapStateEntered", "CountSlices"),
    (12, 11, "MapStateStarted", ""),
    (13, 12, "MapIterationStarted", ""),
    (14, 12, "MapIterationStarted", ""),
    (15, 13, "TaskStateEntered", "CountSlice"),
    (16, 14, "TaskStateEntered", "CountSlice"),
)
"""A day that is too large for one invocation, until two slices of it are counted at the same time."""
COUNTED = (
    *VALIDATED,
    (17, 16, "TaskStateExited", "CountSlice"),
    (18, 17, "MapIterationSucceeded", ""),
    (19, 15, "TaskStateExited", "CountSlice"),
    (20, 19, "MapIterationSucceeded", ""),
    (21, 20, "MapStateSucceeded", ""),
    (22, 21, "MapStateExited", "CountSlices"),
    (23, 22, "TaskStateEntered", "ProcessAnalytics"),
    (24, 23, "TaskStateExited", "ProcessAnalytics"),
    (25, 24, "ExecutionSucceeded", ""),
)
FAILED = (*VALIDATED, (17, 16, "TaskFailed", ""), (18, 17, "MapIterationFailed", ""), (19, 18, "ExecutionFailed", ""))


def path_of(stubs: Stubs, status: str, history: tuple[tuple[int, int, str, str], ...]) -> ExecutionPath:
    """The way of an execution whose history has an event a second."""
    clients: Clients = stubs.clients
    arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:large"
    described: dict[str, Any] = {"executionArn": arn, "stateMachineArn": MACHINE, "name": "large"}
    described |= {"status": status, "startDate": BEGAN}
    stubs.answer("workflow", "describe_execution", {"executionArn": arn}, described)
    events = [_event(*event) for event in history]
    stubs.answer("workflow", "get_execution_history", {"executionArn": arn}, {"events": events})
    return execution_path(clients.workflow, MACHINE, "large")


def _event(number: int, previous: int, kind: str, state: str) -> dict[str, Any]:
    event: dict[str, Any] = {"id": number, "previousEventId": previous, "type": kind}
    event["timestamp"] = BEGAN + timedelta(seconds=number)
    if state:
        event[f"state{kind.partition('State')[2]}EventDetails"] = {"name": state}
    return event


def test_slices_that_are_counted_side_by_side_have_their_own_times(stubs: Stubs) -> None:
    path = path_of(stubs, "SUCCEEDED", COUNTED)
    assert [(state.name, state.time) for state in path.states] == [
        ("ValidateData", "1.00 s"),
        ("IsDataValid?", "1.00 s"),
        ("ProcessAnalytics", "2.00 s"),
        ("PlanSlices", "1.00 s"),
        ("CountSlices", "11.00 s"),
        ("CountSlice", "4.00 s"),
        ("CountSlice", "1.00 s"),
        ("ProcessAnalytics", "1.00 s"),
    ]


def test_the_way_of_a_large_day_is_drawn(stubs: Stubs, target: Target) -> None:
    drawing = drawn_path(workflow_sheet(target.graph), path_of(stubs, "SUCCEEDED", COUNTED))
    states = {box.title: box.appearance.state for box in drawing.boxes if box.shape.value != "terminal"}
    assert states.pop("ValidationFailed") == "skipped"
    assert set(states.values()) == {"well"}
    taken = [arrow for arrow in drawing.arrows if arrow.state == "taken"]
    assert len(taken) == len(drawing.arrows) - 1


def test_what_was_not_left_when_the_execution_failed_failed(stubs: Stubs, target: Target) -> None:
    path = path_of(stubs, "FAILED", FAILED)
    assert [state.name for state in path.states if state.failed] == ["CountSlices", "CountSlice", "CountSlice"]
    drawing = drawn_path(workflow_sheet(target.graph), path)
    states = {box.title: box.appearance.state for box in drawing.boxes}
    assert (states["CountSlices"], states["CountSlice"], states["PlanSlices"]) == ("ill", "ill", "well")
    ends = {(arrow.source, arrow.state) for arrow in drawing.arrows}
    assert ("DataProcessingStateMachine.CountSlices.1.CountSlice", "") in ends


def test_what_runs_is_drawn_as_running_and_what_an_emulator_does_not_record_as_unknown(
    stubs: Stubs, target: Target
) -> None:
    path = path_of(stubs, "RUNNING", VALIDATED[:11])
    drawing = drawn_path(workflow_sheet(target.graph), path)
    states = {box.title: box.appearance.state for box in drawing.boxes}
    assert (states["CountSlices"], states["CountSlice"], path.states[-1].time) == ("busy", "", "running")
