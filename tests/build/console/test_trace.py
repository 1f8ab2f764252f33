"""Every record's way is found, whatever became of it, with the keys that the functions compute."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from build.cloudformation.stacks import DeployedStack
from build.command_line import main
from build.console.trace import RecordTracer
from build.executions import execute
from build.local.cloud import LocalCloud
from tests.build.console.seeding import SOURCE, store_failure
from tests.build.console.writing import record, removal, write_and_process

RECORDS = 200


@pytest.fixture(scope="session")
def tracer(cloud: LocalCloud, stack: DeployedStack) -> RecordTracer:
    return RecordTracer(cloud.clients, cloud.config, stack)


@pytest.mark.slow
def test_every_one_of_200_records_is_traced_to_its_activity(cloud: LocalCloud, tracer: RecordTracer) -> None:
    names = [f"traced-{number:03d}" for number in range(RECORDS)]
    write_and_process(cloud, [record(SOURCE, name) for name in names])
    traces = [tracer.trace(SOURCE, name) for name in names]
    assert [trace.items for trace in traces] == [("1",)] * RECORDS
    assert [[change.outcome for change in trace.changes] for trace in traces] == [["recorded"]] * RECORDS
    keys = {trace.changes[0].activity for trace in traces}
    assert len(keys) == RECORDS
    assert {key[0] for key in keys if key} == {"USER_ACTIVITY", "USER_ACTIVITY#1"}


def test_each_change_of_a_record_has_its_own_way(cloud: LocalCloud, tracer: RecordTracer) -> None:
    first = record(SOURCE, "changed", state="new")
    write_and_process(cloud, [first, record(SOURCE, "changed", state="old"), removal(first)])
    trace = tracer.trace(SOURCE, "changed")
    assert [(change.event, change.outcome) for change in trace.changes] == [
        ("INSERT", "recorded"),
        ("MODIFY", "recorded"),
        ("REMOVE", "removals lead to no activity"),
    ]
    assert trace.items == () and trace.well and trace.found


def test_a_record_is_traced_to_the_summary_that_covers_it(cloud: LocalCloud, tracer: RecordTracer) -> None:
    write_and_process(cloud, [record(SOURCE, "summarised")])
    today = datetime.now(UTC).date()
    for data_type in ("DAILY_ANALYTICS", SOURCE.data_type):
        request = {"dataType": data_type, "date": today.isoformat()}
        machine = cloud.outputs["StepFunctionsStateMachineArn"]
        assert execute(cloud.clients.workflow, machine, request).status == "SUCCEEDED"
    (change,) = tracer.trace(SOURCE, "summarised").changes
    assert [summary.summary_type for summary in change.summaries] == ["DAILY_SUMMARY", "USER_SUMMARY"]
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
    assert {(summary.start, summary.end) for summary in change.summaries} == {(midnight, midnight + timedelta(days=1))}
    assert all(summary.total >= 1 for summary in change.summaries)


def test_a_record_that_failed_is_traced_to_its_object(
    cloud: LocalCloud, stack: DeployedStack, tracer: RecordTracer
) -> None:
    key = store_failure(cloud, stack, "given-up")
    (change,) = tracer.trace(SOURCE, "given-up").changes
    assert change.failure and change.failure.key == key
    assert change.outcome == "failed: RetryAttemptsExhausted, Unhandled"
    assert not change.recorded and not change.summaries


def test_nothing_is_known_of_another_record(tracer: RecordTracer) -> None:
    trace = tracer.trace(SOURCE, "nobody")
    assert not trace.found and trace.well


def test_the_command_says_the_same(
    cloud: LocalCloud, stack: DeployedStack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.emulator.endpoint)
    write_and_process(cloud, [record(SOURCE, "asked-for")])
    arguments = ["trace", "--suffix", "console", "--source", SOURCE.name, "--id"]
    assert main([*arguments, "asked-for"]) == 0
    shown = capsys.readouterr().out
    assert "asked-for is in its table; 1 changes in the last 24 hours, 1 activities recorded" in shown
    assert "INSERT" in shown and "USER_ACTIVITY" in shown
    key = store_failure(cloud, stack, "lost-on-the-way")
    assert main([*arguments, "lost-on-the-way", "--json"]) == 2
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert not document["well"] and document["changes"][0]["failure"].keys() == {"key", "reason"}
    assert document["changes"][0]["failure"]["key"] == key
    assert main([*arguments, "nobody"]) == 1
    assert "nothing is known of nobody in UserData of TapStackconsole" in capsys.readouterr().err
