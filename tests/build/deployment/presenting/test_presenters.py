import io
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from rich.console import Console

from build.deployment.changes.resource_changes import ResourceChange
from build.deployment.following.outcomes import OperationFailed
from build.deployment.following.root_cause import Cause
from build.deployment.following.stack_events import stack_event
from build.deployment.operating.log_entries import LogEntry
from build.deployment.presenting import presenter as module
from build.deployment.presenting.json_lines import JsonPresenter
from build.deployment.presenting.lines import LinePresenter
from build.deployment.presenting.presenter import Heartbeat, Presenter, presenter_for, presenting
from build.deployment.presenting.terminal import TerminalPresenter
from build.deployment.progress import Silence
from build.deployment.tables import Table, outputs_table
from build.errors import CommandError
from tests.build.deployment.support import NAME, event

CHANGE = ResourceChange("Add", "Worker", "AWS::Lambda::Function", "", "", ())
ENTRY = LogEntry("1", datetime(2026, 3, 1, 12, tzinfo=UTC), "Worker", "ERROR", "broken", {"batch": 3})
CAUSE = Cause("Worker", "AWS::Lambda::Function", "no")
FAILURE = OperationFailed("TapStackdev ended.", "UPDATE_ROLLBACK_COMPLETE", CAUSE)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])

    def advance(seconds: float) -> None:
        now[0] += seconds

    return advance


def tell_everything(presenter: Presenter) -> None:
    presenter.step("made the bucket")
    presenter.changes([CHANGE])
    presenter.event(stack_event(event(1, "Worker", "CREATE_IN_PROGRESS")))
    presenter.event(stack_event(event(4, "Worker", "CREATE_COMPLETE")))
    presenter.event(stack_event(event(5, NAME, "CREATE_COMPLETE")))
    presenter.waiting()
    presenter.log(ENTRY)
    presenter.failure(FAILURE)
    presenter.result({"stack": NAME}, [outputs_table(NAME, {"TopicArn": "arn", "Bucket": "b"})])
    presenter.close()


def test_lines_say_each_thing_once_without_control_characters() -> None:
    stream = io.StringIO()
    tell_everything(LinePresenter(stream))
    assert stream.getvalue().splitlines() == [
        "made the bucket",
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


def test_silence_tells_nobody_anything(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = Silence()
    nobody.step("made the bucket")
    nobody.changes([CHANGE])
    nobody.event(stack_event(event(1, NAME, "CREATE_COMPLETE")))
    nobody.waiting()
    assert capsys.readouterr() == ("", "")


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    tell_everything(JsonPresenter(stream))
    documents = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["type"] for one in documents] == ["step", "change", *["event"] * 3, "log", "failure", "result"]
    assert documents[1] | {"fate": "add", "logical_id": "Worker"} == documents[1]
    assert documents[2] | {"status": "CREATE_IN_PROGRESS", "time": "2026-03-01 12:00:01+00:00"} == documents[2]
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


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, highlight=False)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_the_same_and_a_live_display() -> None:
    console = terminal()
    presenter = TerminalPresenter(console)
    for number in range(9):
        presenter.event(stack_event(event(number, f"Other{number}", "CREATE_IN_PROGRESS")))
    presenter.waiting()
    tell_everything(presenter)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown(console))
    for part in ("made the bucket", "Worker created in 3 s", "AWS is at work", "Other0", "and 1 more", "TopicArn"):
        assert part in text


def test_a_table_too_wide_for_its_frame_keeps_its_values_whole() -> None:
    console = terminal()
    arn = f"arn:aws:sns:us-west-2:123456789012:{'x' * 100}"
    TerminalPresenter(console).result({}, [outputs_table(NAME, {"TopicArn": arn})])
    assert f"  TopicArn  {arn}\n" in shown(console)


def test_colours_are_left_out_when_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = terminal()
    presenter = TerminalPresenter(console)
    presenter.event(stack_event(event(1, "Worker", "CREATE_FAILED", "no")))
    assert "Worker CREATE_FAILED: no" in shown(console)
    assert not re.search(r"\x1b\[[0-9;]*3\dm", shown(console))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("json_lines", "stream", "term", "kind"),
    [
        (True, Terminal(), "xterm", JsonPresenter),
        (False, Terminal(), "xterm", TerminalPresenter),
        (False, Terminal(), "dumb", LinePresenter),
        (False, io.StringIO(), "xterm", LinePresenter),
    ],
)
def test_the_presenter_fits_where_the_output_goes(
    monkeypatch: pytest.MonkeyPatch, json_lines: bool, stream: io.StringIO, term: str, kind: type
) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", term)
    assert isinstance(presenter_for(json_lines), kind)


def test_a_failure_is_shown_and_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="no"), presenting(json_lines=True):
        raise CommandError("no")
    assert json.loads(capsys.readouterr().out)["type"] == "failure"


def test_tables_align_their_columns_and_need_no_heading() -> None:
    table = Table("Things", ("", ""), [("a", "long\nvalue"), ("bcd", "x")])
    assert table.lines == ["Things", "  a    long value", "  bcd  x"]
