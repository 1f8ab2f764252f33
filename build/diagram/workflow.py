"""The picture of the state machines: states with their time-outs and retries, and what leads from one to the next."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from build.diagram.graph import ResourceGraph, references, substituted_names
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row, Shape, merged

_STATE_MACHINE = "AWS::StepFunctions::StateMachine"

_DESCRIPTION = "The states of the state machine, what each does, how often it is retried, and what follows it."

_OPERATOR_TYPE = re.compile(r"^(String|Numeric|Boolean|Timestamp)(?=[A-Z])")

State = dict[str, Any]


@dataclass(frozen=True)
class _States:
    """A definition with states: that of a state machine, of a Map's iterations or of a Parallel's branch.

    Args:
        id: begins the ids of its boxes.
        title: of its group.
        definition: in the Amazon States Language.
        substitutions: the state machine's, by name.
    """

    id: str
    title: str
    definition: dict[str, Any]
    substitutions: dict[str, Any]

    @property
    def states(self) -> dict[str, State]:
        """The states by name."""
        states: dict[str, State] = self.definition["States"]
        return states

    def nested(self) -> Iterator[tuple[str, "_States"]]:
        """The definitions inside its states, each with the name of its state
        (https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html)."""
        for name, state in self.states.items():
            inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state] + state.get("Branches", [])
            for number, definition in enumerate(inner, start=1):
                part = "each item" if state["Type"] == "Map" else f"branch {number}"
                title = f"{self.id}.{name} · {part}"
                yield name, _States(f"{self.id}.{name}.{number}", title, definition, self.substitutions)


def workflow(graph: ResourceGraph) -> Picture:
    """The picture of every state machine of a template."""
    machines = [resource for resource in graph.resources.values() if resource.type == _STATE_MACHINE]
    groups: list[Group] = []
    arrows: list[Arrow] = []
    waiting = [
        _States(
            machine.logical_id,
            machine.logical_id,
            machine.properties["Definition"],
            machine.properties.get("DefinitionSubstitutions", {}),
        )
        for machine in machines
    ]
    while waiting:
        states = waiting.pop(0)
        groups.append(_group(states))
        arrows.extend(_arrows(states))
        waiting.extend(inner for _, inner in states.nested())
    return Picture("Workflow", _DESCRIPTION, tuple(groups), merged(arrows))


def condition(rule: State) -> str:
    """A choice rule in words
    (https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html#amazon-states-language-choice-state-rules).
    """
    if "Condition" in rule:
        return str(rule["Condition"])
    if "Not" in rule:
        return f"not ({condition(rule['Not'])})"
    for junction in ("And", "Or"):
        if junction in rule:
            return f" {junction.lower()} ".join(f"({condition(inner)})" for inner in rule[junction])
    operator, value = next((key, value) for key, value in rule.items() if key not in ("Variable", "Next", "Comment"))
    return f"{rule['Variable']} {_words(operator)} {str(value).lower() if isinstance(value, bool) else value}"


def _words(operator: str) -> str:
    """`BooleanEquals` is `equals`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _OPERATOR_TYPE.sub("", operator)).lower()


def _group(states: _States) -> Group:
    """The states of a definition between its start and its end."""
    start = Box(f"{states.id} start", "start", shape=Shape.TERMINAL)
    end = Box(f"{states.id}.", "end", shape=Shape.TERMINAL)
    boxes = [_state_box(states, name, state) for name, state in states.states.items()]
    limit = f" · time-out {states.definition['TimeoutSeconds']} s" if "TimeoutSeconds" in states.definition else ""
    ends = [end] if any(_ends(state) for state in states.states.values()) else []
    return Group(states.title + limit, (start, *boxes, *ends))


def _state_box(states: _States, name: str, state: State) -> Box:
    """The box of a state; a choice is a diamond."""
    box_id = f"{states.id}.{name}"
    lines = (" · ".join((state["Type"], *_invoked(states, state))),)
    shape = Shape.CHOICE if state["Type"] == "Choice" else Shape.CARD
    return Box(box_id, name, lines, state["Type"], tuple(_rows(box_id, state)), shape)


def _invoked(states: _States, state: State) -> list[str]:
    """The logical ids that a state's parameters reach through the machine's substitutions."""
    names = substituted_names(str(state.get("Parameters", state.get("Arguments", ""))))
    return [reference.target for name in names for reference in references(states.substitutions.get(name))]


def _rows(box_id: str, state: State) -> Iterator[Row]:
    if "TimeoutSeconds" in state:
        yield Row(f"{box_id} time-out", f"time-out {state['TimeoutSeconds']} s")
    for number, retry in enumerate(state.get("Retry", []), start=1):
        yield _retry_row(f"{box_id} retry {number}", retry)
    yield from (Row(f"{box_id} {key}", f"{key}: {state[key]}") for key in ("Error", "Cause") if key in state)


def _retry_row(row_id: str, retry: State) -> Row:
    """How often and when a state is retried, and after which errors; what is left out has the language's defaults
    (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error).
    """
    if retry.get("MaxAttempts") == 0:
        return Row(row_id, "not retried", tuple(retry["ErrorEquals"]))
    attempts, interval, rate = retry.get("MaxAttempts", 3), retry.get("IntervalSeconds", 1), retry.get("BackoffRate", 2)
    delay = f"first after {interval} s, then × {rate}, jitter {retry.get('JitterStrategy', 'NONE')}"
    return Row(row_id, f"{attempts} retries: {delay}", tuple(retry["ErrorEquals"]))


def _arrows(states: _States) -> Iterator[Arrow]:
    yield Arrow(f"{states.id} start", f"{states.id}.{states.definition['StartAt']}", Line.DATA)
    for name, state in states.states.items():
        for following, line, label in _transitions(state):
            yield Arrow(f"{states.id}.{name}", f"{states.id}.{following}", line, (label,))
    for name, inner in states.nested():
        yield Arrow(f"{states.id}.{name}", f"{inner.id} start", Line.REFERENCE, ("runs",))


def _ends(state: State) -> bool:
    return bool(state.get("End")) or state["Type"] == "Succeed"


def _transitions(state: State) -> Iterator[tuple[str, Line, str]]:
    """What follows a state: the next state, empty for the end; the line to it; when."""
    if "Next" in state:
        yield state["Next"], Line.DATA, ""
    if _ends(state):
        yield "", Line.DATA, ""
    yield from ((rule["Next"], Line.DATA, condition(rule)) for rule in state.get("Choices", []))
    if "Default" in state:
        yield state["Default"], Line.DATA, "otherwise"
    yield from ((catch["Next"], Line.FAILURE, ", ".join(catch["ErrorEquals"])) for catch in state.get("Catch", []))
