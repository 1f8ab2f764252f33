import pytest

from build.cloudformation.changes import ResourceChange
from build.cloudformation.stacks import stack_event
from build.progress import NullProgress, StderrProgress
from tests.build.support import NAME, event

CHANGE = ResourceChange("Add", "Worker", "AWS::Lambda::Function", "", "", ())


def test_null_progress_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = NullProgress()
    progress.step("made the bucket")
    progress.changes([CHANGE])
    progress.event(stack_event(event(1, NAME, "CREATE_COMPLETE")))
    progress.waiting()
    assert capsys.readouterr() == ("", "")


def test_steps_alone_are_sentences_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    progress = StderrProgress()
    progress.step("created the bucket")
    progress.changes([CHANGE])
    progress.event(stack_event(event(1, NAME, "CREATE_COMPLETE")))
    progress.waiting()
    assert capsys.readouterr() == ("", "Created the bucket\n")
