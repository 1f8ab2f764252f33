"""Each fault of `python -m build local --fault`, from the first alarm to all clear, as people see it."""

import json
import re

import pytest

from build.local.faults import FAULTS
from tests.system.test_local_command import start

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

RINGS = {
    "throttle": {"analytics-write-throttles", "late"},
    "poison": {"userdata-mapping-failed-events", "data-at-risk"},
    "crash": {"userdata-mapping-failed-invokes", "broken", "userdata-mapping-failed-events", "data-at-risk"},
    "disable-mapping": {"userdata-mapping-stopped", "data-at-risk"},
}
FAILED_EVENTS = {"throttle": 0, "poison": 1, "crash": None, "disable-mapping": 0}
"""How many objects are redriven; None where it depends on when the fault is taken back."""


def test_every_fault_is_tried() -> None:
    assert set(FAULTS) == set(RINGS) == set(FAILED_EVENTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_with_all_clear(fault: str) -> None:
    process = start("--json", "--fault", fault)
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    document = json.loads(output)
    rang = {re.sub("^dev-|-synth$", "", name) for name in document["alarms"]["rang"]}
    assert RINGS[fault] <= rang
    assert set(document["alarms"]["states"].values()) == {"OK"}
    assert document["recorded"] == document["written"] > 0
    expected = FAILED_EVENTS[fault]
    assert document["failed_events"] == expected if expected is not None else document["failed_events"] > 0
    composite = {"throttle": "late"}.get(fault, "data-at-risk")
    assert f'ALARM: "dev-{composite}-synth" in us-west-2' in document["notifications"]
    told = errors.splitlines()
    fault_made, fault_removed = (
        next(n for n, line in enumerate(told) if line.startswith(word)) for word in ("The fault: ", "The remedy: ")
    )
    assert any(line.endswith(f"dev-{composite}-synth is ALARM") for line in told[fault_made:fault_removed])
    assert any(line.endswith(f"dev-{composite}-synth is OK") for line in told[fault_removed:])
