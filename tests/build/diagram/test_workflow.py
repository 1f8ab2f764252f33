from typing import Any

import pytest

from build.diagram.graph import Resource, ResourceGraph
from build.diagram.picture import Arrow, Box, Line, Picture, Shape
from build.diagram.workflow import condition, workflow

MACHINE = "DataProcessingStateMachine"

LOOP_AND_MAP: dict[str, Any] = {
    "states": {
        "Work": {"Type": "Task", "Next": "More?", "Catch": [{"ErrorEquals": ["A", "B"], "Next": "Broken"}]},
        "More?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 1, "Next": "Wait"}],
            "Default": "Each",
        },
        "Wait": {"Type": "Wait", "Next": "Work"},
        "Each": {
            "Type": "Map",
            "Next": "Done",
            "ItemProcessor": {"StartAt": "Count", "States": {"Count": {"Type": "Task", "End": True}}},
        },
        "Broken": {"Type": "Fail"},
        "Done": {"Type": "Succeed"},
    }
}


def box(drawn: Picture, name: str) -> Box:
    return next(box for box in drawn.boxes if box.title == name)


def machine(states: dict[str, Any], **definition: Any) -> Picture:
    properties = {"Definition": {"StartAt": next(iter(states)), "States": states, **definition}}
    return workflow(ResourceGraph({"Machine": Resource("Machine", "AWS::StepFunctions::StateMachine", properties)}, ()))


def test_every_state_stands_between_start_and_end(graph: ResourceGraph) -> None:
    (group,) = workflow(graph).groups
    states = {"ValidateData", "IsDataValid?", "ProcessAnalytics", "ValidationFailed"}
    assert {box.title for box in group.boxes} == {"start", "end"} | states
    assert group.title == f"{MACHINE} · time-out 10800 s"


def test_arrows_follow_the_definition(graph: ResourceGraph) -> None:
    assert set(workflow(graph).arrows) == {
        Arrow(f"{MACHINE} start", f"{MACHINE}.ValidateData", Line.DATA),
        Arrow(f"{MACHINE}.ValidateData", f"{MACHINE}.IsDataValid?", Line.DATA),
        Arrow(f"{MACHINE}.IsDataValid?", f"{MACHINE}.ProcessAnalytics", Line.DATA, ("$.isValid equals true",)),
        Arrow(f"{MACHINE}.IsDataValid?", f"{MACHINE}.ValidationFailed", Line.DATA, ("otherwise",)),
        Arrow(f"{MACHINE}.ProcessAnalytics", f"{MACHINE}.", Line.DATA),
    }


def test_a_task_shows_its_function_time_out_and_retries(graph: ResourceGraph) -> None:
    task = box(workflow(graph), "ProcessAnalytics")
    time_out, hopeless, service, stopped = task.rows
    assert task.lines == ("Task · AnalyticsProcessor",)
    assert time_out.title == "time-out 630 s"
    assert (hopeless.title, hopeless.notes) == ("not retried", ("InvalidRequestError",))
    assert service.title == "6 retries: first after 2 s, then × 2, jitter FULL"
    assert "Lambda.TooManyRequestsException" in service.notes
    assert "States.Timeout" in stopped.notes


def test_a_failure_shows_its_error_and_cause(graph: ResourceGraph) -> None:
    failed = box(workflow(graph), "ValidationFailed")
    assert [row.title for row in failed.rows] == ["Error: InvalidDataError", "Cause: Data validation failed"]


def test_a_choice_is_a_diamond(graph: ResourceGraph) -> None:
    assert box(workflow(graph), "IsDataValid?").shape is Shape.CHOICE


def test_retries_left_out_have_the_documented_defaults() -> None:
    drawn = machine({"Work": {"Type": "Task", "End": True, "Retry": [{"ErrorEquals": ["States.ALL"]}]}})
    (row,) = box(drawn, "Work").rows
    assert row.title == "3 retries: first after 1 s, then × 2, jitter NONE"


def test_a_caught_error_is_a_failure_and_success_ends() -> None:
    caught = {"Type": "Task", "Next": "Done", "Catch": [{"ErrorEquals": ["A", "B"], "Next": "Done"}]}
    arrows = machine({"Work": caught, "Done": {"Type": "Succeed"}}).arrows
    assert Arrow("Machine.Work", "Machine.Done", Line.FAILURE, ("A, B",)) in arrows
    assert Arrow("Machine.Done", "Machine.", Line.DATA) in arrows


def test_a_machine_without_time_out_says_none() -> None:
    assert machine({"Done": {"Type": "Succeed"}}).groups[0].title == "Machine"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"Variable": "$.n", "NumericGreaterThanEquals": 3, "Next": "X"}, "$.n greater than equals 3"),
        ({"Variable": "$.s", "StringMatches": "a*"}, "$.s matches a*"),
        ({"Variable": "$.x", "IsPresent": False}, "$.x is present false"),
        ({"Condition": "{% $n > 1 %}", "Next": "X"}, "{% $n > 1 %}"),
        ({"Not": {"Variable": "$.x", "IsNull": True}}, "not ($.x is null true)"),
        (
            {"And": [{"Variable": "$.a", "BooleanEquals": True}, {"Variable": "$.b", "StringEquals": "y"}]},
            "($.a equals true) and ($.b equals y)",
        ),
        (
            {"Or": [{"Variable": "$.a", "IsNull": True}, {"Variable": "$.b", "IsNull": True}]},
            "($.a is null true) or ($.b is null true)",
        ),
    ],
)
def test_conditions_are_put_into_words(rule: dict[str, Any], text: str) -> None:
    assert condition(rule) == text


def test_the_states_of_a_map_are_a_group_of_their_own() -> None:
    drawn = machine(**LOOP_AND_MAP)
    whole, each = drawn.groups
    assert each.title == "Machine.Each · each item"
    assert [box.title for box in each.boxes] == ["start", "Count", "end"]
    assert Arrow("Machine.Each", each.boxes[0].id, Line.REFERENCE, ("runs",)) in drawn.arrows
    assert len({box.id for box in drawn.boxes}) == len(list(drawn.boxes))


def test_the_branches_of_a_parallel_are_groups() -> None:
    branch = {"StartAt": "Count", "States": {"Count": {"Type": "Task", "End": True}}}
    drawn = machine({"Both": {"Type": "Parallel", "End": True, "Branches": [branch, branch]}})
    assert [group.title for group in drawn.groups] == ["Machine", "Machine.Both · branch 1", "Machine.Both · branch 2"]


def test_a_definition_that_only_fails_has_no_end() -> None:
    assert [box.title for box in machine({"Broken": {"Type": "Fail"}}).boxes] == ["start", "Broken"]
