import io
import re

import pytest
from rich.console import Console

from build.cloudformation.stacks import stack_event
from build.output import TerminalPresenter, outputs_table
from tests.build.support import a_stack, event
from tests.build.test_output import tell_everything


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
    for part in ("created the bucket", "Worker created in 3 s", "AWS is at work", "Other0", "and 1 more", "TopicArn"):
        assert part in text


def test_the_live_display_goes_away_for_a_question_and_comes_back() -> None:
    console = terminal()
    presenter = TerminalPresenter(console)
    presenter.waiting()
    presenter.close()
    before = len(shown(console))
    presenter.waiting()
    presenter.close()
    assert "AWS is at work" in shown(console)[before:]


def test_a_table_too_wide_for_its_frame_keeps_its_values_whole() -> None:
    console = terminal()
    arn = f"arn:aws:sns:us-west-2:123456789012:{'x' * 100}"
    stack = a_stack(Outputs=[{"OutputKey": "TopicArn", "OutputValue": arn}])
    TerminalPresenter(console).result({}, [outputs_table(stack)])
    assert f"  TopicArn  {arn}\n" in shown(console)


def test_colours_are_left_out_when_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = terminal()
    presenter = TerminalPresenter(console)
    presenter.event(stack_event(event(1, "Worker", "CREATE_FAILED", "no")))
    assert "Worker CREATE_FAILED: no" in shown(console)
    assert not re.search(r"\x1b\[[0-9;]*3\dm", shown(console))
