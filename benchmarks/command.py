"""`python -m benchmarks`: measure everything, print the table, write the page and its plots."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.costs.bill import bill
from benchmarks.costs.growth import growth
from benchmarks.costs.implementations import Observations, earlier_design, implementations
from benchmarks.reporting.formatting import print_rows
from benchmarks.reporting.page import Costs, ImplementationBill, Plot, results_page, this_machine
from benchmarks.reporting.plots import draw_money, draw_ratios, draw_read_units, draw_summary_time, draw_writes
from benchmarks.reporting.rows import ResultRow, Verdict, not_measured
from benchmarks.sections.billion import measure_billion
from benchmarks.sections.cold_start import measure_cold_starts
from benchmarks.sections.commands import measure_packaging, measure_template
from benchmarks.sections.daily_summary import EXACT, SummaryResults, measure_daily_summary
from benchmarks.sections.deployment import measure_deployment
from benchmarks.sections.stream_backlog import measure_stream_backlog
from benchmarks.sections.stream_processing import measure_stream_processing, measure_with_dynalite
from benchmarks.sizes import FULL, QUICK, Sizes
from benchmarks.systems.template_facts import CONFIG
from build.errors import INTERRUPTED, CommandError
from build.packaging import package
from build.sizing.costs import load_prices

OTHER_SECTIONS: dict[str, Callable[[Sizes], list[ResultRow]]] = {
    "cold starts": measure_cold_starts,
    "a billion activities a day": measure_billion,
    "stream processors under a billion records a day": measure_stream_backlog,
    "the template": measure_template,
    "packaging": measure_packaging,
    "a deployment to the local cloud": measure_deployment,
}
"""What the costs are not computed from."""

_FOLDER = Path(__file__).resolve().parent
_PAGE = "RESULTS.md"
_RECORDS = 1_000_000
_RATIOS = Plot("ratios.svg", "How far every ratio is from its limit")
_GROWTH = {
    draw_money: Plot(
        "money.svg",
        "What a day costs",
        "A cross is where an implementation crosses the first of the limits in the plots below; its line is faint "
        "beyond, as though it went on. This system has the sizes that `python -m build size` prints for the load; "
        "“one invocation, pages of 100” is this system as it was.",
    ),
    draw_read_units: Plot(
        "read-units.svg",
        "What the daily summary reads",
        "The reference's summary is wrong wherever its line is flat: the table is larger than the page that it reads.",
    ),
    draw_summary_time: Plot(
        "summary-time.svg",
        "How long the daily summary takes",
        "Of two days, as the schedule counts them. This system counts up to 7 million records a day in one invocation, "
        "and more in slices side by side, simulated like the billion above: pages of 1 MB in 50 ms, 3,000 read units a "
        "second of a partition. Its earlier design counted 260 pages of 100 a second. The function's timeout is below "
        "the 15 minutes that Lambda allows.",
    ),
    draw_writes: Plot(
        "writes.svg",
        "How much is written to one partition key",
        "At a peak of three times the average. This system writes to as many keys as `build size` says; before, and in "
        "the reference, each source had one.",
    ),
}


@dataclass(frozen=True)
class Measurements:
    """The rows of the table, and what the costs are computed from, None when not all of it was measured."""

    rows: list[ResultRow]
    observed: Observations | None


def main(arguments: Sequence[str]) -> int:
    """Measure and report; 0 when everything was measured and no limit is missed, else 1, 130 when interrupted."""
    options = _parse(arguments)
    try:
        measurements = measure_everything(QUICK if options.quick else FULL)
        print_rows(measurements.rows)
        _write(measurements, options.output)
    except CommandError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("benchmarks: interrupted, nothing was written", file=sys.stderr)
        return INTERRUPTED
    verdicts = {row.verdict for row in measurements.rows}
    return int(bool(verdicts & {Verdict.MISSED, Verdict.NOT_MEASURED}))


def measure_everything(sizes: Sizes) -> Measurements:
    """Measure one section after the other, and name each on stderr.

    Raises:
        CommandError: when something does not work that has to.
    """
    _announce("the stream processor")
    stream = measure_stream_processing(sizes)
    _announce("the stream processor and the daily summary with dynalite")
    summary, rows_of_dynalite = _with_dynalite_if_possible(sizes)
    others = [row for name, measure in OTHER_SECTIONS.items() for row in _section(name, measure, sizes)]
    rows = [*stream.rows, *rows_of_dynalite, *others]
    if summary is None:
        return Measurements(rows, None)
    ours, reference = (stream.ours, summary.ours), (stream.reference, summary.reference)
    return Measurements(rows, Observations(ours, reference, _artifact_bytes()))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this system against the algorithms of its reference; it takes about five minutes.",
        epilog="example:\n  python -m benchmarks --quick --output /tmp/results",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="measure little, to see whether it works; ratios scatter")
    parser.add_argument(
        "--output",
        type=Path,
        default=_FOLDER,
        metavar="DIR",
        help="folder for RESULTS.md and its plots (default: benchmarks in the project)",
    )
    return parser.parse_args(arguments)


def _announce(section: str) -> None:
    print(f"Measuring {section}", file=sys.stderr, flush=True)


def _section(name: str, measure: Callable[[Sizes], list[ResultRow]], sizes: Sizes) -> list[ResultRow]:
    _announce(name)
    return measure(sizes)


def _with_dynalite_if_possible(sizes: Sizes) -> tuple[SummaryResults | None, list[ResultRow]]:
    """Measure what needs dynalite, or report why it could not be measured."""
    try:
        stream_rows, summary = measure_with_dynalite(sizes), measure_daily_summary(sizes)
        return summary, [*stream_rows, *summary.rows]
    except CommandError as error:
        return None, [not_measured("everything with dynalite, the daily summary included", EXACT, str(error))]


def _artifact_bytes() -> int:
    """The size of all archives that a deployment stores in S3."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        return package(CONFIG, Path(folder)).size


def _write(measurements: Measurements, folder: Path) -> None:
    """Write the page and its plots into a folder, which is created when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_ratios(measurements.rows, folder / _RATIOS.file)
    plots, costs = [_RATIOS], None
    if measurements.observed:
        plots += _draw_growth(measurements.observed, folder)
        costs = _costs(measurements.observed)
    text = results_page(measurements.rows, costs, this_machine(), datetime.now(UTC).date(), plots)
    (folder / _PAGE).write_text(text, encoding="utf-8")
    print(f"written: {folder / _PAGE}", file=sys.stderr)


def _draw_growth(observed: Observations, folder: Path) -> list[Plot]:
    prices = load_prices().prices
    ours, *others = implementations(observed)
    growths = [growth(each, prices) for each in (ours, earlier_design(observed), *others)]
    for draw, plot in _GROWTH.items():
        draw(growths, folder / plot.file)
    return list(_GROWTH.values())


def _costs(observed: Observations) -> Costs:
    listed = load_prices()
    bills = [
        ImplementationBill(implementation.name, bill(implementation, listed.prices, _RECORDS))
        for implementation in implementations(observed)
    ]
    return Costs(_RECORDS, listed, bills)
