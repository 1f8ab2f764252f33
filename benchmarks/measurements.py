"""Everything that is measured, one part after the other."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.costs.implementations import Observations
from benchmarks.reporting.rows import Row, not_measured
from benchmarks.sections.cold_start import measure_cold_starts
from benchmarks.sections.daily_summary import EXACT, SummaryResults, measure_daily_summary
from benchmarks.sections.deployment import measure_deployment
from benchmarks.sections.packaging import measure_packaging
from benchmarks.sections.stream_processing import measure_stream_processing, measure_with_dynalite
from benchmarks.sections.template import measure_template
from benchmarks.sizes import Sizes
from benchmarks.systems.template_facts import CONFIG
from build.errors import CommandError
from build.packaging import package

OTHER_PARTS: dict[str, Callable[[Sizes], list[Row]]] = {
    "cold starts": measure_cold_starts,
    "the template": measure_template,
    "packaging": measure_packaging,
    "a deployment to the local cloud": measure_deployment,
}


@dataclass(frozen=True)
class Measurements:
    """The rows of the table, and what the costs are computed from, when all of it was measured."""

    rows: list[Row]
    observed: Observations | None


def measure(sizes: Sizes) -> Measurements:
    """Measure everything; it says on stderr what it is at.

    Raises:
        CommandError: when something does not work that has to.
    """
    say("the stream processor")
    stream = measure_stream_processing(sizes)
    say("the stream processor and the daily summary with dynalite")
    summary, rows_of_dynalite = with_dynalite_if_possible(sizes)
    others = [row for name, measure_part in OTHER_PARTS.items() for row in part(name, measure_part, sizes)]
    rows = [*stream.rows, *rows_of_dynalite, *others]
    if summary is None:
        return Measurements(rows, None)
    ours, reference = (stream.ours, summary.ours), (stream.reference, summary.reference)
    return Measurements(rows, Observations(ours, reference, artifact_bytes()))


def say(part_name: str) -> None:
    """Say what is being measured."""
    print(f"Measuring {part_name}", file=sys.stderr, flush=True)


def part(name: str, measure_part: Callable[[Sizes], list[Row]], sizes: Sizes) -> list[Row]:
    """Measure a part and say so."""
    say(name)
    return measure_part(sizes)


def with_dynalite_if_possible(sizes: Sizes) -> tuple[SummaryResults | None, list[Row]]:
    """Measure what dynalite is needed for, or say why it could not be measured."""
    try:
        stream_rows, summary = measure_with_dynalite(sizes), measure_daily_summary(sizes)
        return summary, [*stream_rows, *summary.rows]
    except CommandError as error:
        return None, [not_measured("everything with dynalite, the daily summary included", EXACT, str(error))]


def artifact_bytes() -> int:
    """The size of all archives that a deployment keeps in S3."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        return package(CONFIG, Path(folder)).size
