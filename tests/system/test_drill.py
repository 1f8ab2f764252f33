"""`python -m build local --drill` as people see it: everything that was lost is there again, and is counted."""

import json

import pytest

from build.local.drill import LOSSES
from tests.system.test_local_command import start

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


def test_a_drill_ends_with_every_activity_counted_once() -> None:
    process = start("--json", "--drill")
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    losses = json.loads(output)["drill"]
    assert [loss["loss"] for loss in losses] == [loss.name for loss in LOSSES] == ["damaged", "deleted"]
    damaged, deleted = losses
    assert 0 < damaged["restored"] == damaged["recoverable"] < damaged["before"] < damaged["written"]
    assert deleted["restored"] == deleted["before"] < deleted["written"]
    for loss in losses:
        assert loss["processed"] == loss["recorded"] == loss["summarised"] == loss["written"]
        assert all(day["state"] in ("exact", "at least") for day in loss["days"])
        assert set(loss["seconds"]) == {"restore", "streams", "days", "backfill"}
        assert any(day.endswith(" missing") for day in loss["found"])
    assert deleted["failed_events"] > damaged["failed_events"] == 0
    assert "so a double answers RestoreTableToPointInTime" in errors
    assert "DeleteTable deletes the table, as a careless person does" in errors
    restored = [line for line in errors.splitlines() if line.startswith("Restoring, as ")]
    assert [" --to " in line for line in restored] == [True, False]
