"""All parts together, none of them measured."""

from collections.abc import Callable

import pytest

from benchmarks import measurements
from benchmarks.costs.observations import BatchObservation, StreamObservation
from benchmarks.reporting.rows import Row, Verdict, at_least
from benchmarks.sections.stream_processing import StreamResults
from benchmarks.sizes import QUICK, Sizes
from build.errors import CommandError

STREAM = StreamObservation(BatchObservation(10, 0.002, 800), BatchObservation(100, 0.011, 800), 25)


def rows(subject: str) -> Callable[[Sizes], list[Row]]:
    return lambda sizes: [Row(subject, "1", "1", None, at_least(1))]


def without_node(sizes: Sizes) -> list[Row]:
    raise CommandError("Node is not there: install it.")


def test_without_node_everything_else_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = StreamResults(rows("stream")(QUICK), STREAM, STREAM)
    monkeypatch.setattr(measurements, "measure_stream_processing", lambda sizes: stream)
    monkeypatch.setattr(measurements, "measure_with_dynalite", without_node)
    monkeypatch.setattr(measurements, "OTHER_PARTS", {"the template": rows("template")})
    measured = measurements.measure(QUICK)
    first, missing, last = measured.rows
    assert (first.subject, last.subject) == ("stream", "template")
    assert (missing.verdict, missing.note) == (Verdict.NOT_MEASURED, "Node is not there: install it.")
    assert measured.observed is None
    assert "Measuring the template" in capsys.readouterr().err
