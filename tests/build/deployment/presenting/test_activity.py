import pytest

from build.deployment.following.stack_events import stack_event
from build.deployment.presenting.activity import Activity
from tests.build.deployment.support import NAME, event


def test_a_resource_is_under_way_until_it_is_done() -> None:
    activity = Activity()
    assert activity.record(stack_event(event(1, "Worker", "CREATE_IN_PROGRESS"))) is None
    assert activity.record(stack_event(event(3, "Worker", "CREATE_IN_PROGRESS", "Resource creation Initiated"))) is None
    assert set(activity.begun) == {"Worker"}
    assert activity.record(stack_event(event(9, "Worker", "CREATE_COMPLETE"))) == "Worker created in 8 s"
    assert not activity.begun


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        ("UPDATE_COMPLETE", "", "Worker updated"),
        ("DELETE_COMPLETE", "", "Worker deleted"),
        ("DELETE_SKIPPED", "", "Worker kept"),
        ("IMPORT_COMPLETE", "", "Worker imported"),
        ("CREATE_FAILED", "not\x1b[31m\nallowed", "Worker CREATE_FAILED: not [31m allowed"),
        ("UPDATE_ROLLBACK_COMPLETE", "", "Worker UPDATE_ROLLBACK_COMPLETE"),
    ],
)
def test_what_is_said_of_a_resource(status: str, reason: str, line: str) -> None:
    assert Activity().record(stack_event(event(1, "Worker", status, reason))) == line


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        ("UPDATE_IN_PROGRESS", "User Initiated", None),
        ("UPDATE_COMPLETE", "", f"{NAME} is UPDATE_COMPLETE"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "Worker failed", f"{NAME} is UPDATE_ROLLBACK_IN_PROGRESS: Worker failed"),
    ],
)
def test_what_is_said_of_the_stack(status: str, reason: str, line: str | None) -> None:
    assert Activity().record(stack_event(event(1, NAME, status, reason))) == line
