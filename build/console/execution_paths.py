"""Executions of the workflow, and the way that each took through the states."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from build.console.drawing import Appearance, Drawing, Sheet
from build.diagram.graph import ResourceGraph
from build.diagram.layout import lay_out
from build.diagram.picture import Box, Line
from build.diagram.workflow import workflow

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

SUCCEEDED = "SUCCEEDED"
RUNNING = "RUNNING"
_MOST_LISTED = 20
_ENTERED: Literal["stateEnteredEventDetails"] = "stateEnteredEventDetails"
_EXITED: Literal["stateExitedEventDetails"] = "stateExitedEventDetails"
_FAILED = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")
_SUCCEEDED = ("ExecutionSucceeded", "MapIterationSucceeded")


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
class Step:
    """A transition from a state to the next; an empty source is the start, an empty target the end."""

    source: str
    target: str


@dataclass(frozen=True)
class ExecutionPath:
    """An execution in full.

    Args:
        input: JSON.
        output: JSON; empty without one.
        error: its name; empty when it did not fail.
        cause: of the failure.
        states: in the order in which they were entered.
        steps: the transitions between them.
    """

    execution: ListedExecution
    input: str
    output: str
    error: str
    cause: str
    states: tuple[VisitedState, ...]
    steps: tuple[Step, ...]


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
    events = {event["id"]: event for page in pages for event in page["events"]}
    return ExecutionPath(
        _listed(found),
        found.get("input", ""),
        found.get("output", ""),
        found.get("error", ""),
        found.get("cause", ""),
        tuple(_visited(events)),
        tuple(_steps(events)),
    )


def workflow_sheet(graph: ResourceGraph) -> Sheet:
    """The state machine of a template, to draw executions on: its states without what is the same for every execution.

    What a Map runs is drawn below it rather than beside it, so that the picture is no wider than a page.
    """
    picture = workflow(graph)
    groups = (replace(group, boxes=tuple(map(_plain, group.boxes))) for group in picture.groups)
    arrows = tuple(arrow for arrow in picture.arrows if arrow.line is not Line.REFERENCE)
    plain = replace(picture, groups=tuple(groups), arrows=arrows)
    return Sheet(plain, lay_out(plain))


def _plain(box: Box) -> Box:
    """A state with the function that it invokes, or else its type, and without its time-out and retries."""
    return replace(box, rows=(), lines=tuple(line.rsplit(" · ", 1)[-1] for line in box.lines))


def drawn_path(sheet: Sheet, path: ExecutionPath) -> Drawing:
    """The state machine with the states and arrows that an execution passed."""
    ids = {box.title: box.id for box in sheet.picture.boxes if box.lines}
    last: dict[str, VisitedState] = {ids[state.name]: state for state in path.states}
    boxes = {
        box.id: Appearance(box.lines[:1], _state_of(box.id, last, path.execution))
        for box in sheet.picture.boxes
        if box.lines
    }
    labels = {(arrow.source, arrow.target): arrow.labels for arrow in sheet.picture.arrows}
    taken = {_ends_of(step, ids) for step in path.steps}
    return sheet.drawn(boxes, {ends: Appearance(tuple(labels.get(ends, ())), "taken") for ends in taken})


def _ends_of(step: Step, ids: Mapping[str, str]) -> tuple[str, str]:
    """The ids of the boxes that a step leads from and to; the start and the end are those of its definition."""
    state = step.target or step.source
    definition = ids[state].removesuffix(f".{state}")
    source = ids[step.source] if step.source else f"{definition} start"
    return source, ids[step.target] if step.target else f"{definition}."


def _state_of(box_id: str, visited: Mapping[str, VisitedState], execution: ListedExecution) -> str:
    """The class of a state's box; what becomes of the states inside another one is not known if none is recorded."""
    state = visited.get(box_id)
    if state is None:
        return "" if any(box_id.startswith(f"{outer}.") for outer in visited) else "skipped"
    if state.failed:
        return "ill"
    return "well" if state.left or execution.status != RUNNING else "busy"


def _listed(execution: Mapping[str, Any]) -> ListedExecution:
    return ListedExecution(
        execution["name"], execution["status"], execution["startDate"], execution.get("stopDate") or None
    )


def _visited(events: Mapping[int, "HistoryEventTypeDef"]) -> Iterator[VisitedState]:
    """The states in the order in which they were entered; those that were not left when the execution failed failed."""
    left: dict[int, datetime] = {}
    for event in events.values():
        if _EXITED in event:
            left[_entry_of(event, events)["id"]] = event["timestamp"]
    failure = next((event["timestamp"] for event in events.values() if event["type"] in _FAILED), None)
    for number, event in events.items():
        if _ENTERED in event:
            ended = left.get(number, failure)
            failed = number not in left and failure is not None
            yield VisitedState(event[_ENTERED]["name"], event["timestamp"], ended, failed)


def _entry_of(exit_event: "HistoryEventTypeDef", events: Mapping[int, "HistoryEventTypeDef"]) -> "HistoryEventTypeDef":
    """The entry of the state that was left; the ids lead back through one of the iterations of a Map."""
    name, event = exit_event[_EXITED]["name"], exit_event
    while event.get(_ENTERED, {}).get("name") != name:
        event = events[_previous(event)]
    return event


def _steps(events: Mapping[int, "HistoryEventTypeDef"]) -> Iterator[Step]:
    """What led to each state, and to each end of the execution and of a Map's iterations."""
    for event in events.values():
        before = events.get(_previous(event))
        source = before[_EXITED]["name"] if before and _EXITED in before else ""
        if _ENTERED in event:
            yield Step(source, event[_ENTERED]["name"])
        elif source and event["type"] in _SUCCEEDED:
            yield Step(source, "")


def _previous(event: "HistoryEventTypeDef") -> int:
    """The id of the event that led to an event; an emulator may not tell."""
    return event.get("previousEventId", event["id"] - 1)
