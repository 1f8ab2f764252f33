"""`python -m benchmarks`, without measuring anything."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import command
from benchmarks.command import Measurements
from benchmarks.costs.implementations import Observations
from benchmarks.reporting.rows import ResultRow, Verdict, at_least, exactly, not_measured, spread_of
from benchmarks.sections.stream_processing import StreamResults
from benchmarks.sizes import QUICK, Sizes
from build.errors import CommandError
from tests.benchmarks.test_costs import SCAN, STREAM, SUMMARY

OBSERVED = Observations((STREAM, SUMMARY), (STREAM, SCAN), 10**6)
REACHED = ResultRow("stream", "9/s", "1/s", spread_of([9]), at_least(4))
MISSED = ResultRow("stream", "2/s", "1/s", spread_of([2]), at_least(4))


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, measurements: Measurements) -> int:
    monkeypatch.setattr(command, "measure_everything", lambda sizes: measurements)
    return command.main(["--quick", "--output", str(folder)])


def test_everything_is_written_and_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path / "new", Measurements([REACHED], OBSERVED)) == 0
    page = (tmp_path / "new" / "RESULTS.md").read_text()
    plots = {path.name for path in (tmp_path / "new").glob("*.svg")}
    assert plots == {"ratios.svg", "money.svg", "read-units.svg", "summary-time.svg", "writes.svg"}
    assert all(f"({plot})" in page for plot in plots) and str(tmp_path) not in page
    assert capsys.readouterr().out.startswith("stream | 9/s | 1/s | 9 | at least 4 | reached")


def test_a_missed_limit_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, tmp_path, Measurements([MISSED], OBSERVED)) == 1
    assert "**missed**" in (tmp_path / "RESULTS.md").read_text()


def test_what_could_not_be_measured_is_a_failure_and_the_rest_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = not_measured("summary", exactly(1), "Node is missing.")
    assert run(monkeypatch, tmp_path, Measurements([REACHED, missing], None)) == 1
    assert "Node is missing." in (tmp_path / "RESULTS.md").read_text()
    assert not (tmp_path / "money.svg").exists()


def test_an_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(sizes: Sizes) -> Measurements:
        raise CommandError("it does not work; fix it.")

    monkeypatch.setattr(command, "measure_everything", fail)
    assert command.main(["--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "benchmarks: it does not work; fix it.\n"
    assert not list(tmp_path.iterdir())


def test_help_has_an_example() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], capture_output=True, text=True, check=True
    )
    assert "python -m benchmarks --quick" in finished.stdout


def rows(subject: str) -> Callable[[Sizes], list[ResultRow]]:
    return lambda sizes: [ResultRow(subject, "1", "1", None, at_least(1))]


def without_node(sizes: Sizes) -> list[ResultRow]:
    raise CommandError("Node is not there: install it.")


def test_without_node_everything_else_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = StreamResults(rows("stream")(QUICK), STREAM, STREAM)
    monkeypatch.setattr(command, "measure_stream_processing", lambda sizes: stream)
    monkeypatch.setattr(command, "measure_with_dynalite", without_node)
    monkeypatch.setattr(command, "OTHER_SECTIONS", {"the template": rows("template")})
    measured = command.measure_everything(QUICK)
    first, missing, last = measured.rows
    assert (first.subject, last.subject) == ("stream", "template")
    assert (missing.verdict, missing.note) == (Verdict.NOT_MEASURED, "Node is not there: install it.")
    assert measured.observed is None
    assert "Measuring the template" in capsys.readouterr().err
