import io
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from build import output
from build.cloudformation.changes import ResourceChange
from build.cloudformation.failures import Cause, OperationFailed
from build.cloudformation.stacks import stack_event
from build.commands.logs import LogEntry
from build.errors import CommandError
from build.output import Heartbeat, JsonPresenter, LinePresenter, Presenter, ResourcesInProgress, outputs_table
from tests.build.support import NAME, a_stack, event

CHANGE = ResourceChange("Add", "Worker", "AWS::Lambda::Function", "", "", ())
ENTRY = LogEntry("1", datetime(2026, 3, 1, 12, tzinfo=UTC), "Worker", "ERROR", "broken", {"batch": 3})
CAUSE = Cause("Worker", "AWS::Lambda::Function", "no")
FAILURE = OperationFailed("TapStackdev ended.", "UPDATE_ROLLBACK_COMPLETE", CAUSE)

OUTPUTS = [{"OutputKey": "TopicArn", "OutputValue": "arn"}, {"OutputKey": "Bucket", "OutputValue": "b"}]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [0.0]
    monkeypatch.setattr(output, "monotonic", lambda: now[0])

    def advance(seconds: float) -> None:
        now[0] += seconds

    return advance


def tell_everything(presenter: Presenter) -> None:
    presenter.step("created the bucket")
    presenter.changes([CHANGE])
    presenter.event(stack_event(event(1, "Worker", "CREATE_IN_PROGRESS")))
    presenter.event(stack_event(event(4, "Worker", "CREATE_COMPLETE")))
    presenter.event(stack_event(event(5, NAME, "CREATE_COMPLETE")))
    presenter.waiting()
    presenter.log(ENTRY.line, ENTRY.level, asdict(ENTRY))
    presenter.failure(FAILURE)
    presenter.result({"stack": NAME}, [outputs_table(a_stack(Outputs=OUTPUTS))])
    presenter.close()


def test_lines_say_each_thing_once_without_control_characters() -> None:
    stream = io.StringIO()
    tell_everything(LinePresenter(stream))
    assert stream.getvalue().splitlines() == [
        "created the bucket",
        "+ Worker (AWS::Lambda::Function)",
        "Worker created in 3 s",
        "TapStackdev is CREATE_COMPLETE",
        "12:00:00 ERROR   Worker broken batch=3",
        "Outputs of TapStackdev",
        "  output    value",
        "  Bucket    b",
        "  TopicArn  arn",
    ]


def test_a_stream_that_cannot_say_everything_gets_what_it_can() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    LinePresenter(stream).step("256 → 512")
    assert isinstance(stream.buffer, io.BytesIO)
    assert stream.buffer.getvalue() == b"256 ? 512\n"


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    tell_everything(JsonPresenter(stream))
    documents = [json.loads(line) for line in stream.getvalue().splitlines()]
    types = [document["type"] for document in documents]
    assert types == ["step", "change", *["event"] * 3, "log", "failure", "result"]
    assert documents[1] | {"kind": "add", "logical_id": "Worker"} == documents[1]
    assert documents[2] | {"status": "CREATE_IN_PROGRESS", "time": "2026-03-01T12:00:01+00:00"} == documents[2]
    failure = {"status": "UPDATE_ROLLBACK_COMPLETE", "resource": "Worker", "reason": "no", "exit_code": 1}
    assert documents[6] | failure == documents[6]
    assert documents[7] == {"type": "result", "stack": NAME}


def test_json_tells_a_failure_without_a_cause() -> None:
    stream = io.StringIO()
    JsonPresenter(stream).failure(CommandError("no", 2))
    assert json.loads(stream.getvalue()) == {"type": "failure", "message": "no", "exit_code": 2}


@pytest.mark.parametrize("kind", [LinePresenter, JsonPresenter])
def test_there_is_a_sign_of_life_every_half_minute_at_most(
    kind: Callable[[io.StringIO], Presenter], clock: Callable[[float], None]
) -> None:
    stream = io.StringIO()
    presenter = kind(stream)
    presenter.event(stack_event(event(1, "Worker", "CREATE_IN_PROGRESS")))
    begun = stream.getvalue()
    for _ in range(14):
        clock(5.0)
        presenter.waiting()
    signs = stream.getvalue().removeprefix(begun).splitlines()
    assert len(signs) == 2
    assert all("Worker" in sign for sign in signs)


def test_a_heartbeat_is_due_again_only_after_half_a_minute(clock: Callable[[float], None]) -> None:
    heartbeat = Heartbeat()
    clock(30.0)
    assert heartbeat.due()
    clock(29.0)
    assert not heartbeat.due()


def test_a_resource_is_under_way_until_it_is_done() -> None:
    in_progress = ResourcesInProgress()
    for number, reason in ((1, ""), (3, "Resource creation Initiated")):
        assert in_progress.record(stack_event(event(number, "Worker", "CREATE_IN_PROGRESS", reason))) is None
    assert set(in_progress.begun) == {"Worker"}
    assert in_progress.record(stack_event(event(9, "Worker", "CREATE_COMPLETE"))) == "Worker created in 8 s"
    assert not in_progress.begun


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        ("UPDATE_COMPLETE", "", "Worker updated"),
        ("DELETE_COMPLETE", "", "Worker deleted"),
        ("DELETE_SKIPPED", "", "Worker retained"),
        ("IMPORT_COMPLETE", "", "Worker imported"),
        ("CREATE_FAILED", "not\x1b[31m\nallowed", "Worker CREATE_FAILED: not [31m allowed"),
        ("UPDATE_ROLLBACK_COMPLETE", "", "Worker UPDATE_ROLLBACK_COMPLETE"),
    ],
)
def test_what_is_said_of_a_resource(status: str, reason: str, line: str) -> None:
    assert ResourcesInProgress().record(stack_event(event(1, "Worker", status, reason))) == line


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        ("UPDATE_IN_PROGRESS", "User Initiated", None),
        ("UPDATE_COMPLETE", "", f"{NAME} is UPDATE_COMPLETE"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "Worker failed", f"{NAME} is UPDATE_ROLLBACK_IN_PROGRESS: Worker failed"),
    ],
)
def test_what_is_said_of_the_stack(status: str, reason: str, line: str | None) -> None:
    assert ResourcesInProgress().record(stack_event(event(1, NAME, status, reason))) == line
