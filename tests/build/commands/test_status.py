from typing import Any

import pytest
from botocore.exceptions import ClientError

from build.commands.status import REMEDY, Health, Status, status_of, status_tables
from stack.config import StackConfig
from tests.build.support import START, Stubs, a_stack

FUNCTION, MAPPING, ALARM = "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::CloudWatch::Alarm"
UUID = "91eaeb7e-c976-4939-9430-8c95cd8e1b2a"


def expect_alarms(stubs: Stubs, names: list[str], **states: str) -> None:
    alarms: list[dict[str, Any]] = [
        {"AlarmName": f"dev-{name}", "StateValue": state, "StateUpdatedTimestamp": START}
        for name, state in states.items()
    ]
    parameters = {"AlarmNames": [f"dev-{name}" for name in names], "MaxRecords": 100}
    stubs.answer("cloudwatch", "describe_alarms", parameters, {"MetricAlarms": alarms})


def test_every_part_says_how_it_is_and_what_is_in_alarm_comes_first(stubs: Stubs) -> None:
    alarms = ((name, ALARM) for name in ("Calm", "Gone", "Red", "Silent"))
    stubs.resources_are(*alarms, ("Mapping", MAPPING), ("Worker", FUNCTION), physical_ids={"Mapping": UUID})
    configuration = {"Runtime": "python3.13", "MemorySize": 256, "LastModified": "2026-03-01T12:00:00.000+0000"}
    configuration["CodeSha256"] = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    answer = {**configuration, "State": "Active", "LastUpdateStatus": "Failed"}
    stubs.answer("functions", "get_function_configuration", {"FunctionName": "dev-Worker"}, answer)
    mapping = {"State": "Enabled", "LastProcessingResult": "OK"}
    stubs.answer("functions", "get_event_source_mapping", {"UUID": UUID}, mapping)
    names = ["Calm", "Gone", "Red", "Silent"]
    expect_alarms(stubs, names, Calm="OK", Red="ALARM", Silent="INSUFFICIENT_DATA")
    details = "python3.13, 256 MB, code of 2026-03-01T12:00:00, last update Failed"
    assert status_of(stubs.clients, StackConfig(), a_stack()) == Status(
        stack=a_stack(),
        functions=[Health("Worker", "Active", details, well=False)],
        mappings=[Health("Mapping", "Enabled", "OK", well=True)],
        alarms=[
            Health("Gone", "GONE", REMEDY, well=False),
            Health("Red", "ALARM", "since 2026-03-01 12:00", well=False),
            Health("Silent", "INSUFFICIENT_DATA", "since 2026-03-01 12:00", well=True),
            Health("Calm", "OK", "since 2026-03-01 12:00", well=True),
        ],
    )


def test_what_was_deleted_not_by_the_stack_is_gone(stubs: Stubs) -> None:
    stubs.resources_are(("Worker", FUNCTION))
    parameters = {"FunctionName": "dev-Worker"}
    stubs.refuse("functions", "get_function_configuration", parameters, "ResourceNotFoundException", status=404)
    status = status_of(stubs.clients, StackConfig(), a_stack())
    assert (status.functions, status.alarms) == ([Health("Worker", "GONE", REMEDY, well=False)], [])


def test_what_may_not_be_looked_at_is_no_detail(stubs: Stubs) -> None:
    stubs.resources_are(("Worker", FUNCTION))
    parameters = {"FunctionName": "dev-Worker"}
    stubs.refuse("functions", "get_function_configuration", parameters, "AccessDeniedException", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        status_of(stubs.clients, StackConfig(), a_stack())


@pytest.mark.parametrize(("value", "shown"), [("Disabled", True), ("Enabled", False)])
def test_a_pause_is_told_because_no_alarm_rings(value: str, shown: bool) -> None:
    stack = a_stack(Parameters=[{"ParameterKey": "StreamProcessing", "ParameterValue": value}])
    lines = [line for table in status_tables(Status(stack, [], [], [])) for line in table.lines]
    told = [line for line in lines if "StreamProcessing=Disabled: no stream is processed" in line]
    assert len(told) == shown


def test_a_status_fits_one_screen(stubs: Stubs) -> None:
    stack = a_stack("UPDATE_ROLLBACK_COMPLETE", StackStatusReason="Worker failed", EnableTerminationProtection=True)
    calm = [Health(f"Alarm{number}", "OK", "since then", well=True) for number in range(30)]
    status = Status(stack, [], [], [Health("Red", "ALARM", "since 2026-03-01 12:00", well=False), *calm])
    assert status.problems == ["Red is ALARM"]
    lines = [line for table in status_tables(status) for line in table.lines]
    assert lines[:6] == [
        "TapStackdev",
        "  status                  UPDATE_ROLLBACK_COMPLETE",
        "  reason                  Worker failed",
        "  last change             2026-03-01 12:00 UTC",
        "  termination protection  on",
        "  not well                Red is ALARM",
    ]
    assert lines[-2:] == ["  Red        ALARM  since 2026-03-01 12:00", "  30 alarms  OK"]


@pytest.mark.parametrize(
    ("processing", "state", "well"),
    [
        (None, "Enabled", True),
        ("Enabled", "Enabled", True),
        ("Disabled", "Disabled", True),
        ("Enabled", "Disabled", False),
        ("Disabled", "Enabled", True),
        ("Enabled", "Enabling", False),
    ],
)
def test_a_mapping_is_well_when_it_is_enabled_or_paused_on_purpose(
    stubs: Stubs, processing: str | None, state: str, well: bool
) -> None:
    stubs.resources_are(("Mapping", MAPPING), physical_ids={"Mapping": UUID})
    stubs.answer("functions", "get_event_source_mapping", {"UUID": UUID}, {"State": state})
    parameters = [{"ParameterKey": "StreamProcessing", "ParameterValue": processing}] if processing else []
    status = status_of(stubs.clients, StackConfig(), a_stack(Parameters=parameters))
    assert status.problems == ([] if well else [f"Mapping is {state}"])


@pytest.mark.parametrize("state", ["Pending", "Inactive", "Failed"])
def test_a_function_that_is_not_active_is_not_well(stubs: Stubs, state: str) -> None:
    stubs.resources_are(("Worker", FUNCTION))
    answer = {
        "Runtime": "python3.13",
        "MemorySize": 256,
        "LastModified": "2026-03-01",
        "CodeSha256": "x",
        "State": state,
    }
    stubs.answer("functions", "get_function_configuration", {"FunctionName": "dev-Worker"}, answer)
    assert status_of(stubs.clients, StackConfig(), a_stack()).problems == [f"Worker is {state}"]


@pytest.mark.parametrize(
    ("status", "well"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", True),
        ("UPDATE_IN_PROGRESS", True),
        ("ROLLBACK_COMPLETE", False),
        ("UPDATE_FAILED", False),
        ("UPDATE_ROLLBACK_FAILED", False),
        ("DELETE_FAILED", False),
    ],
)
def test_a_stack_that_has_to_be_recovered_is_not_well(status: str, well: bool) -> None:
    assert Status(a_stack(status), [], [], []).problems == ([] if well else [f"TapStackdev is {status}"])
