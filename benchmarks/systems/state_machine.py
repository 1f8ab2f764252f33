"""Runs the state machine as it is defined, as far as its states and paths go, with functions in this process."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Function = Callable[[Any], Any]
Retry = Mapping[str, Any]


class ExecutionFailed(Exception):
    """An execution that ended in a Fail state."""


class StateMachine:
    """A definition whose tasks are functions here; what they answer goes through JSON.

    Args:
        definition: in the Amazon States Language.
        functions: by the name that the definition's substitution `${NameArn}` has.
    """

    def __init__(self, definition: Mapping[str, Any], functions: Mapping[str, Function]) -> None:
        self._definition = definition
        self._functions = functions

    def run(self, value: Any) -> Any:
        """The output of an execution with an input.

        Raises:
            ExecutionFailed: when it ends in a Fail state.
        """
        return self._run(self._definition, value)

    def _run(self, states: Mapping[str, Any], value: Any) -> Any:
        name = states["StartAt"]
        while name:
            name, value = self._step(states["States"][name], value)
        return value

    def _step(self, state: Mapping[str, Any], value: Any) -> tuple[str | None, Any]:
        """The next state, None at the end, and its input."""
        match state["Type"]:
            case "Choice":
                chosen = (
                    rule["Next"] for rule in state["Choices"] if value[rule["Variable"][2:]] == rule["BooleanEquals"]
                )
                return next(chosen, state["Default"]), value
            case "Map":
                items = [
                    self._run(state["ItemProcessor"], self._item(state, value, item))
                    for item in _at(value, state["ItemsPath"])
                ]
                return state["Next"], {**value, state["ResultPath"][2:]: items}
            case "Fail":
                raise ExecutionFailed(state["Error"])
        return self._task(state, value)

    def _item(self, state: Mapping[str, Any], value: Any, item: Any) -> dict[str, Any]:
        return _filled(state["ItemSelector"], value, item)

    def _task(self, state: Mapping[str, Any], value: Any) -> tuple[str | None, Any]:
        """Call a task's function, again after an error as its Retry says, without waiting."""
        parameters = _filled(state["Parameters"], value, None)
        function = self._functions[parameters["FunctionName"].removeprefix("${").removesuffix("Arn}")]
        attempts: dict[int, int] = {}
        while True:
            try:
                return state.get("Next"), json.loads(json.dumps(function(parameters["Payload"])))
            except Exception as error:
                name = type(error).__name__
                if not _is_retried(state["Retry"], name, attempts):
                    caught = next((c for c in state.get("Catch", []) if name in c["ErrorEquals"]), None)
                    if caught is None:
                        raise
                    return caught["Next"], {**value, caught["ResultPath"][2:]: {"Error": name, "Cause": str(error)}}


def _is_retried(retries: Sequence[Retry], error: str, attempts: dict[int, int]) -> bool:
    """Whether the first retrier that names an error has an attempt left, which it takes."""
    for number, retry in enumerate(retries):
        if {error, "States.TaskFailed"} & set(retry["ErrorEquals"]):
            attempts[number] = attempts.get(number, 0) + 1
            return attempts[number] <= int(retry["MaxAttempts"])
    return False


def _filled(template: Mapping[str, Any], value: Any, item: Any) -> dict[str, Any]:
    """Parameters whose members that end in `.$` are paths."""
    filled: dict[str, Any] = {}
    for name, part in template.items():
        if name.endswith(".$"):
            filled[name[:-2]] = item if part == "$$.Map.Item.Value" else _at(value, part)
        else:
            filled[name] = _filled(part, value, item) if isinstance(part, dict) else part
    return filled


def _at(value: Any, path: str) -> Any:
    """What a path `$` or `$.name` leads to."""
    return value if path == "$" else value[path[2:]]
