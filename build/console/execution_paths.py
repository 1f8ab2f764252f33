"""Executions of the workflow, and the way that each took through the states."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from build.console.drawing import Appearance, Drawing, Sheet
from build.diagram.graph import ResourceGraph
from build.diagram.layout import lay_out
from build.diagram.workflow import workflow

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

SUCCEEDED = "SUCCEEDED"
RUNNING = "RUNNING"
_MOST_LISTED = 20
_ENTERED, _EXITED = "stateEnteredEventDetails", "stateExitedEventDetails"
_FAILED = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


@dataclass(frozen=True)
class ListedExecution:
    """An execution as the state machine lists it.

    Args:
        name: unique for the state machine.
        stopped: when it ended; None while it runs.
    """

    name: str
    status: str
    started: datetime
    stopped: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.stopped - self.started).total_seconds() if self.stopped else None


@dataclass(frozen=True)
class VisitedState:
    """A state that an execution entered.

    Args:
        left: when; None when it did not leave it.
    """

    name: str
    entered: datetime
    left: datetime | None
    failed: bool

    @property
    def time(self) -> str:
        """How long it was in the state, or what became of it."""
        if self.failed:
            return "failed"
        return f"{(self.left - self.entered).total_seconds():.2f} s" if self.left else "running"


@dataclass(frozen=True)
class ExecutionPath:
    """An execution in full.

    Args:
        input: JSON.
        output: JSON; empty without one.
        error: its name; empty when it did not fail.
        cause: of the failure.
        states: in the order in which they were entered.
    """

    execution: ListedExecution
    input: str
    output: str
    error: str
    cause: str
    states: tuple[VisitedState, ...]


def newest_executions(client: "SFNClient", state_machine: str) -> tuple[ListedExecution, ...]:
    """The executions that began last, newest first."""
    answer = client.list_executions(stateMachineArn=state_machine, maxResults=_MOST_LISTED)
    found = (_listed(execution) for execution in answer["executions"])
    return tuple(sorted(found, key=lambda execution: execution.started, reverse=True))


def execution_path(client: "SFNClient", state_machine: str, name: str) -> ExecutionPath:
    """An execution with the way that it took.

    Raises:
        ClientError: ExecutionDoesNotExist, for a name that no execution has.
    """
    arn = f"{state_machine.replace(':stateMachine:', ':execution:')}:{name}"
    found = client.describe_execution(executionArn=arn)
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    return ExecutionPath(
        _listed(found),
        found.get("input", ""),
        found.get("output", ""),
        found.get("error", ""),
        found.get("cause", ""),
        tuple(_visited(sorted(events, key=lambda event: event["id"]))),
    )


def workflow_sheet(graph: ResourceGraph) -> Sheet:
    """The state machine of a template, to draw executions on: its states without their time-outs and retries."""
    picture = workflow(graph)
    groups = (replace(group, boxes=tuple(replace(box, rows=()) for box in group.boxes)) for group in picture.groups)
    plain = replace(picture, groups=tuple(groups))
    return Sheet(plain, lay_out(plain))


def drawn_path(sheet: Sheet, path: ExecutionPath) -> Drawing:
    """The state machine with the states and arrows that an execution passed."""
    machine = sheet.picture.groups[0].boxes[0].id.removesuffix(" start")
    last: dict[str, VisitedState] = {state.name: state for state in path.states}
    boxes = {
        box.id: Appearance(box.lines[:1], _state_of(last.get(box.title), path.execution))
        for box in sheet.picture.boxes
        if box.lines
    }
    names = [state.name for state in path.states]
    steps = [(f"{machine} start", f"{machine}.{names[0]}")] if names else []
    steps += [(f"{machine}.{first}", f"{machine}.{then}") for first, then in zip(names, names[1:], strict=False)]
    if names and path.execution.status == SUCCEEDED:
        steps.append((f"{machine}.{names[-1]}", f"{machine}."))
    labels = {(arrow.source, arrow.target): arrow.labels for arrow in sheet.picture.arrows}
    return sheet.drawn(boxes, {step: Appearance(tuple(labels.get(step, ())), "taken") for step in steps})


def _state_of(visited: VisitedState | None, execution: ListedExecution) -> str:
    if visited is None:
        return "skipped"
    if visited.failed:
        return "ill"
    return "well" if visited.left or execution.status != RUNNING else "busy"


def _listed(execution: Mapping[str, Any]) -> ListedExecution:
    return ListedExecution(
        execution["name"], execution["status"], execution["startDate"], execution.get("stopDate") or None
    )


def _visited(events: "Sequence[HistoryEventTypeDef]") -> Iterator[VisitedState]:
    """The states, each with the exit that follows its entry before the next entry does."""
    entered: HistoryEventTypeDef | None = None
    for event in events:
        if _ENTERED in event:
            if entered:
                yield _of(entered, event["timestamp"], failed=False)
            entered = event
        elif entered and _EXITED in event:
            yield _of(entered, event["timestamp"], failed=False)
            entered = None
        elif entered and event["type"] in _FAILED:
            yield _of(entered, event["timestamp"], failed=True)
            entered = None
    if entered:
        yield _of(entered, None, failed=False)


def _of(entered: "HistoryEventTypeDef", left: datetime | None, failed: bool) -> VisitedState:
    return VisitedState(entered["stateEnteredEventDetails"]["name"], entered["timestamp"], left, failed)
