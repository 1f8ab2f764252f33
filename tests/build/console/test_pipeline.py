"""The pipeline is drawn from whatever template is deployed."""

from datetime import UTC, datetime, timedelta

import pytest

from build.console.alarm_states import AlarmState
from build.console.execution_paths import ListedExecution
from build.console.metrics import Series
from build.console.pipeline import Counted, arrows_now, boxes_now, flows, pipeline_sheet
from build.console.target import Target

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def test_every_source_flows_into_its_function(target: Target) -> None:
    sheet = pipeline_sheet(target.graph)
    boxes = {box.id for box in sheet.picture.boxes}
    for source in target.config.sources:
        assert {f"{source.name}Table", f"{source.name}Processor"} <= boxes
        assert any(flow.ends == (f"{source.name}Table", f"{source.name}Processor") for flow in flows(target))
    assert {"AnalyticsTable", "FailedEventsBucket", "DataProcessingStateMachine"} <= boxes
    assert not any("Alarm" in box or "Role" in box or "Mapping" in box for box in boxes)
    assert set(sheet.links) == boxes
    assert sheet.links["UserDataTable"] == "/?panel=trace" and sheet.links["AnalyticsTable"] == "/?panel=summaries"
    assert sheet.links["UserDataProcessor"] == "/?panel=logs&source=UserDataProcessor"


def test_an_arrow_tells_the_rate_of_the_last_two_minutes(target: Target) -> None:
    flow = flows(target)[0]
    times = (NOW - timedelta(minutes=10), NOW - timedelta(seconds=90), NOW - timedelta(seconds=30))
    series = {flow.processed: Series(times, (9_999.0, 60.0, 30.0)), flow.age: Series(times, (1.0, 120_000.0, 5.0))}
    appearance = arrows_now([flow], series, NOW)[flow.ends]
    assert appearance.lines == ("1.0 records/s", "oldest 2 min") and appearance.state == "busy"
    assert arrows_now([flow], {}, NOW)[flow.ends].lines == ("no data",)
    idle = arrows_now([flow], {flow.processed: Series(times[:1], (5.0,))}, NOW)[flow.ends]
    assert idle.lines == ("0.0 records/s",) and idle.state == ""


def test_a_box_is_ill_while_an_alarm_of_it_rings(target: Target) -> None:
    alarm = AlarmState("a", "A", "ALARM", NOW, "", False, frozenset({"UserDataEventSourceMapping"}))
    boxes = boxes_now(target, [alarm], [], Counted(0, 0))
    assert boxes["UserDataProcessor"].state == "ill" and boxes["OrderDataProcessor"].state == "well"
    assert boxes["UserDataProcessor"].lines == ("1 alarm rings",)
    further = AlarmState("b", "B", "ALARM", NOW, "", False, frozenset({"UserDataProcessor"}))
    assert boxes_now(target, [alarm, further], [], Counted(0, 0))["UserDataProcessor"].lines == ("2 alarms ring",)
    calm = AlarmState("a", "A", "OK", NOW, "", False, frozenset({"UserDataProcessor"}))
    assert boxes_now(target, [calm], [], Counted(0, 0))["UserDataProcessor"].state == "well"


def test_what_waits_for_a_person_is_counted(target: Target) -> None:
    boxes = boxes_now(target, [], [], Counted(1_234, 1))
    assert boxes["FailedEventsBucket"].lines == ("1,234 failed events",)
    assert boxes["DailyAnalyticsDeadLetterQueue"].lines == ("1 dead letters",)
    assert boxes["FailedEventsBucket"].state == boxes["DailyAnalyticsDeadLetterQueue"].state == "ill"


@pytest.mark.parametrize(
    ("status", "line"),
    [("RUNNING", "1 running"), ("SUCCEEDED", "last succeeded 12:00 UTC"), ("TIMED_OUT", "last timed out 12:00 UTC")],
)
def test_the_state_machine_tells_its_last_execution(target: Target, status: str, line: str) -> None:
    execution = ListedExecution("name", status, NOW, None if status == "RUNNING" else NOW)
    boxes = boxes_now(target, [], [execution], Counted(0, 0))
    assert boxes["DataProcessingStateMachine"].lines == (line,)
