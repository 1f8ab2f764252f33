"""The picture of the state machines: states with their time-outs and retries, and what leads from one to the next."""

import re
from collections.abc import Iterator
from typing import Any

from build.diagram.graph import Graph, Resource
from build.diagram.picture import Arrow, Box, Group, Line, Picture, Row, Shape, merged
from build.diagram.references import SUBSTITUTED, references

STATE_MACHINE = "AWS::StepFunctions::StateMachine"

DESCRIPTION = "The states of the state machine, what each does, how often it is tried again, and what follows it."

OPERATOR_TYPE = re.compile(r"^(String|Numeric|Boolean|Timestamp)(?=[A-Z])")

State = dict[str, Any]


def words(operator: str) -> str:
    """A comparison operator in words: `BooleanEquals` is `equals`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", OPERATOR_TYPE.sub("", operator)).lower()


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
    return f"{rule['Variable']} {words(operator)} {str(value).lower() if isinstance(value, bool) else value}"


def retry_row(number: int, retry: State) -> Row:
    """How often and when a state is tried again, and after which errors."""
    attempts, interval, rate = retry.get("MaxAttempts", 3), retry.get("IntervalSeconds", 1), retry.get("BackoffRate", 2)
    return Row(
        f"retry {number}",
        f"{attempts} retries",
        f"first after {interval} s, then × {rate}, jitter {retry.get('JitterStrategy', 'NONE')}",
        tuple(retry["ErrorEquals"]),
    )


def rows(state: State) -> Iterator[Row]:
    """What a state's box says below its name."""
    if "TimeoutSeconds" in state:
        yield Row("time-out", f"time-out {state['TimeoutSeconds']} s")
    for number, retry in enumerate(state.get("Retry", []), start=1):
        yield retry_row(number, retry)
    yield from (Row(key, f"{key}: {state[key]}") for key in ("Error", "Cause") if key in state)


def invoked(machine: Resource, state: State) -> list[str]:
    """The logical ids that a state's parameters come to through the machine's substitutions."""
    substitutions = machine.properties.get("DefinitionSubstitutions", {})
    names = SUBSTITUTED.findall(str(state.get("Parameters", state.get("Arguments", ""))))
    return [reference.target for name in names for reference in references(substitutions.get(name))]


def state_box(machine: Resource, name: str, state: State) -> Box:
    """The box of a state; a choice is a diamond."""
    subtitle = " · ".join((state["Type"], *invoked(machine, state)))
    shape = Shape.CHOICE if state["Type"] == "Choice" else Shape.TABLE
    return Box(f"{machine.logical_id}.{name}", name, subtitle, state["Type"], tuple(rows(state)), shape=shape)


def transitions(state: State) -> Iterator[tuple[str, Line, str]]:
    """What follows a state: the next state, empty for the end; the line to it; when."""
    if "Next" in state:
        yield state["Next"], Line.DATA, ""
    if state.get("End") or state["Type"] == "Succeed":
        yield "", Line.DATA, ""
    yield from ((rule["Next"], Line.DATA, condition(rule)) for rule in state.get("Choices", []))
    if "Default" in state:
        yield state["Default"], Line.DATA, "otherwise"
    yield from ((catch["Next"], Line.FAILURE, ", ".join(catch["ErrorEquals"])) for catch in state.get("Catch", []))


def machine_group(machine: Resource) -> Group:
    """The states of a machine between its start and its end."""
    definition = machine.properties["Definition"]
    start = Box(f"{machine.logical_id} start", "start", shape=Shape.TERMINAL)
    end = Box(f"{machine.logical_id}.", "end", shape=Shape.TERMINAL)
    states = (state_box(machine, name, state) for name, state in definition["States"].items())
    limit = f" · time-out {definition['TimeoutSeconds']} s" if "TimeoutSeconds" in definition else ""
    return Group(machine.logical_id + limit, (start, *states, end))


def machine_arrows(machine: Resource) -> Iterator[Arrow]:
    """The arrows between the states of a machine."""
    name, definition = machine.logical_id, machine.properties["Definition"]
    yield Arrow(f"{name} start", f"{name}.{definition['StartAt']}", Line.DATA)
    for state_name, state in definition["States"].items():
        for following, line, label in transitions(state):
            yield Arrow(f"{name}.{state_name}", f"{name}.{following}", line, (label,))


def workflow(graph: Graph) -> Picture:
    """The picture of every state machine of a template."""
    machines = [resource for resource in graph.resources.values() if resource.type == STATE_MACHINE]
    arrows = merged(arrow for machine in machines for arrow in machine_arrows(machine))
    return Picture("Workflow", DESCRIPTION, tuple(map(machine_group, machines)), arrows)
