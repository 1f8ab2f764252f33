import argparse
import io
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from build.aws import Clients
from build.commands.logs import (
    LATE_MILLISECONDS,
    LogEntry,
    LogTail,
    duration,
    log_entry,
    log_tails,
    show_new_entries,
)
from build.errors import CommandError
from build.output import LinePresenter
from tests.build.support import START, Stubs, a_stack

NOW = int(START.timestamp() * 1000)
GROUP = "/aws/lambda/dev-worker"


def log_event(number: int, message: str, late: int = 0) -> Any:
    return {"eventId": str(number), "timestamp": NOW + number * 1_000 - late, "message": message}


def entry(message: str) -> LogEntry:
    found = log_entry("Worker", "0", log_event(0, message))
    assert found is not None
    return found


def test_a_structured_line_is_readable() -> None:
    line = {
        "level": "INFO",
        "location": "handler:70",
        "message": "batch processed",
        "timestamp": "2026-03-01 12:00:00,000+0000",
        "service": "user-data-processor",
        "cold_start": True,
        "function_name": "dev-worker",
        "function_request_id": "1-2",
        "records": 10,
        "failures": [{"reason": "x\ny"}],
    }
    found = entry(json.dumps(line))
    assert found.line == '12:00:00 INFO    Worker batch processed records=10 failures=[{"reason": "x\\ny"}]'


def test_a_workflows_event_is_named_by_its_type() -> None:
    line = {"id": "2", "type": "TaskFailed", "details": {"error": "x"}, "execution_arn": "arn"}
    assert entry(json.dumps(line)).line.split() == ["12:00:00", "Worker", "TaskFailed", 'details={"error":', '"x"}']


@pytest.mark.parametrize("text", ["Task timed out\nafter 3 s", "[1, 2]", '"text"'])
def test_other_lines_are_shown_as_they_are_in_one_line(text: str) -> None:
    assert entry(text).message == " ".join(text.split())


def test_an_exception_stays_in_its_line() -> None:
    found = entry(json.dumps({"level": "ERROR", "message": "failed", "exception": "Traceback\n  File x"}))
    assert found.line.endswith("failed exception=Traceback File x")


@pytest.mark.parametrize(
    "text", ["START RequestId: 1 Version: 2", "END RequestId: 1", "INIT_START Runtime", '{"_aws": {}, "Records": 1}']
)
def test_what_says_nothing_to_people_is_left_out(text: str) -> None:
    assert log_entry("Worker", "0", log_event(0, text)) is None


def expect_entries(stubs: Stubs, start: int, *events: dict[str, Any], group: str = GROUP) -> None:
    stubs.answer("logs", "filter_log_events", {"logGroupName": group, "startTime": start}, {"events": list(events)})


def test_entries_are_shown_once_and_late_ones_are_not_missed(stubs: Stubs) -> None:
    tail = LogTail(stubs.clients.logs, GROUP, "Worker", NOW)
    expect_entries(stubs, NOW, log_event(1, "first"), log_event(2, "END RequestId: 1"), log_event(60, "second"))
    assert [entry.message for entry in tail.read_new()] == ["first", "second"]
    since = NOW + 60_000 - LATE_MILLISECONDS
    expect_entries(stubs, since, log_event(40, "late"), log_event(60, "second"), log_event(61, "third"))
    assert [entry.message for entry in tail.read_new()] == ["late", "third"]
    assert set(tail.seen) == {"40", "60", "61"}


def test_all_pages_are_read(stubs: Stubs) -> None:
    parameters = {"logGroupName": GROUP, "startTime": NOW}
    first = {"events": [log_event(1, "first")], "nextToken": "more"}
    stubs.answer("logs", "filter_log_events", parameters, first)
    stubs.answer("logs", "filter_log_events", {**parameters, "nextToken": "more"}, {"events": [log_event(2, "second")]})
    assert len(list(LogTail(stubs.clients.logs, GROUP, "Worker", NOW).read_new())) == 2


class Shown(LinePresenter):
    """Remembers what was logged."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.messages: list[str] = []

    def log(self, line: str, level: str, document: Mapping[str, Any]) -> None:
        self.messages.append(document["message"])


def tails_of(stubs: Stubs, *groups: str) -> list[LogTail]:
    return [LogTail(stubs.clients.logs, group, group, NOW) for group in groups]


def throttle(stubs: Stubs, group: str, code: str = "ThrottlingException", **more: str) -> None:
    stubs.refuse("logs", "filter_log_events", {"logGroupName": group, "startTime": NOW, **more}, code)


def test_entries_of_several_groups_are_in_order_of_time(stubs: Stubs) -> None:
    expect_entries(stubs, NOW, log_event(1, "first"), log_event(3, "third"), group="a")
    expect_entries(stubs, NOW, log_event(2, "second"), group="b")
    shown = Shown()
    show_new_entries(tails_of(stubs, "a", "b"), shown)
    assert shown.messages == ["first", "second", "third"]


def test_a_throttled_group_loses_nothing_of_its_own_and_nothing_of_the_others(stubs: Stubs) -> None:
    tails, shown = tails_of(stubs, "a", "b", "c"), Shown()
    expect_entries(stubs, NOW, log_event(1, "first"), group="a")
    throttle(stubs, "b")
    expect_entries(stubs, NOW, log_event(3, "third"), group="c")
    with pytest.raises(ClientError, match="Throttling"):
        show_new_entries(tails, shown)
    assert shown.messages == ["first", "third"]
    expect_entries(stubs, NOW, log_event(1, "first"), group="a")
    expect_entries(stubs, NOW, log_event(2, "second"), group="b")
    expect_entries(stubs, NOW, log_event(3, "third"), group="c")
    show_new_entries(tails, shown)
    assert shown.messages == ["first", "third", "second"]


def test_what_was_read_before_a_page_was_throttled_is_shown_once_and_the_rest_the_next_time(stubs: Stubs) -> None:
    (tail,) = tails = tails_of(stubs, "a")
    shown, parameters = Shown(), {"logGroupName": "a", "startTime": NOW}
    first = {"events": [log_event(90, "first")], "nextToken": "more"}
    stubs.answer("logs", "filter_log_events", parameters, first)
    throttle(stubs, "a", nextToken="more")
    with pytest.raises(ClientError, match="Throttling"):
        show_new_entries(tails, shown)
    assert (shown.messages, tail.since) == (["first"], NOW)
    stubs.answer("logs", "filter_log_events", parameters, first)
    second = {"events": [log_event(2, "second")]}
    stubs.answer("logs", "filter_log_events", {**parameters, "nextToken": "more"}, second)
    show_new_entries(tails, shown)
    assert (shown.messages, tail.since) == (["first", "second"], NOW + 90_000 - LATE_MILLISECONDS)


def test_an_error_that_does_not_pass_wins_over_one_that_does(stubs: Stubs) -> None:
    throttle(stubs, "a")
    throttle(stubs, "b", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        show_new_entries(tails_of(stubs, "a", "b"), Shown())


def test_events_without_an_id_are_shown_once_even_when_they_are_alike(stubs: Stubs) -> None:
    def anonymous(message: str, stream: str = "s") -> dict[str, Any]:
        return {"timestamp": NOW, "message": message, "logStreamName": stream}

    (tail,) = tails_of(stubs, GROUP)
    expect_entries(stubs, NOW, anonymous("same"), anonymous("same"), anonymous("same", "t"))
    first = list(tail.read_new())
    assert [entry.message for entry in first] == ["same"] * 3
    assert len({entry.event_id for entry in first}) == 3
    expect_entries(stubs, NOW, anonymous("same"), anonymous("same"), anonymous("same"), anonymous("same", "t"))
    assert len(list(tail.read_new())) == 1


def test_logs_of_the_emulator_are_shown(cloud: Clients) -> None:
    cloud.logs.create_log_group(logGroupName=GROUP)
    cloud.logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    now = int(time.time() * 1000)
    events: Any = [{"timestamp": now, "message": message} for message in ("same", "same", "other")]
    cloud.logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)
    tails, shown = [LogTail(cloud.logs, GROUP, "Worker", now - 1000)], Shown()
    for _ in ("new", "old"):
        show_new_entries(tails, shown)
    assert shown.messages == ["same", "same", "other"]


def expect_groups(stubs: Stubs) -> None:
    group_type = "AWS::Logs::LogGroup"
    stubs.resources_are(
        ("WorkerLogGroup", group_type),
        ("FlowLogGroup", group_type),
        ("Worker", "AWS::Lambda::Function"),
        physical_ids={"WorkerLogGroup": GROUP, "FlowLogGroup": "/aws/stepfunctions/dev"},
    )


@pytest.mark.parametrize(("function", "sources"), [(None, ["Flow", "Worker"]), ("Worker", ["Worker"])])
def test_log_groups_are_chosen_by_function(stubs: Stubs, function: str | None, sources: list[str]) -> None:
    expect_groups(stubs)
    assert [tail.source for tail in log_tails(stubs.clients, a_stack(), function, NOW)] == sources


def test_an_unknown_function_is_refused_with_those_there_are(stubs: Stubs) -> None:
    expect_groups(stubs)
    with pytest.raises(CommandError, match="writes no logs in TapStackdev; choose one of Flow, Worker") as caught:
        log_tails(stubs.clients, a_stack(), "Nobody", NOW)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7_200), ("3d", 259_200)])
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "1w", "-1m"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="90s, 10m, 2h or 3d"):
        duration(text)
