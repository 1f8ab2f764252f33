"""`python -m benchmarks`: measure everything, print the table, write the page and its pictures."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.costs.growth import growth
from benchmarks.costs.implementations import Observations, implementations
from benchmarks.costs.model import bill
from benchmarks.costs.prices import load_prices
from benchmarks.measurements import Measurements, measure
from benchmarks.reporting.machine import this_machine
from benchmarks.reporting.plots import draw_money, draw_ratios, draw_read_units, draw_summary_time
from benchmarks.reporting.results import Bill, Costs, Picture, page
from benchmarks.reporting.rows import Verdict
from benchmarks.reporting.table import show
from benchmarks.sizes import FULL, QUICK
from benchmarks.systems.summarizers import BATCH_SIZE
from build.errors import CommandError

FOLDER = Path(__file__).resolve().parent
RESULTS = "RESULTS.md"
RECORDS = 1_000_000
RATIOS = Picture("ratios.svg", "How far every ratio lies from its limit")
GROWTH = {
    draw_money: Picture(
        "money.svg",
        "What a day costs",
        "As though every daily summary could end, however long it takes: see the last one.",
    ),
    draw_read_units: Picture(
        "read-units.svg",
        "What the daily summary reads",
        "The reference's summary is wrong wherever its line is flat: the table is larger than the page that it reads.",
    ),
    draw_summary_time: Picture(
        "summary-time.svg",
        "How long the daily summary takes",
        f"Computed like the costs. The scheduled run counts two days in pages of {BATCH_SIZE}, with as many shards as "
        "the writes need. Where its line crosses the time-out, `batchSize` has to be larger: pages of 1,000 take a "
        "tenth of the requests.",
    ),
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this system beside the algorithms of its reference; it takes about four minutes.",
        epilog="example:\n  python -m benchmarks --quick --output /tmp/results",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="measure little, to see whether it works; ratios scatter")
    parser.add_argument(
        "--output",
        type=Path,
        default=FOLDER,
        metavar="DIR",
        help="folder for RESULTS.md and its pictures (default: benchmarks in the project)",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Measure and report; 0 when everything was measured and no limit is missed, else 1, 130 when interrupted."""
    options = parse(arguments)
    try:
        measurements = measure(QUICK if options.quick else FULL)
        show(measurements.rows)
        write(measurements, options.output)
    except CommandError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("benchmarks: interrupted, nothing was written", file=sys.stderr)
        return 130
    verdicts = {row.verdict for row in measurements.rows}
    return int(bool(verdicts & {Verdict.MISSED, Verdict.NOT_MEASURED}))


def write(measurements: Measurements, folder: Path) -> None:
    """Write the page and its pictures into a folder, which is made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_ratios(measurements.rows, folder / RATIOS.file)
    pictures, costs = [RATIOS], None
    if measurements.observed:
        pictures += draw_growths(measurements.observed, folder)
        costs = costs_of(measurements.observed)
    text = page(measurements.rows, costs, this_machine(), datetime.now(UTC).date(), pictures)
    (folder / RESULTS).write_text(text, encoding="utf-8")
    print(f"written: {folder / RESULTS}", file=sys.stderr)


def draw_growths(observed: Observations, folder: Path) -> list[Picture]:
    """Draw how everything grows."""
    prices = load_prices().prices
    growths = [growth(implementation, prices) for implementation in implementations(observed, prices)]
    for draw, picture in GROWTH.items():
        draw(growths, folder / picture.file)
    return list(GROWTH.values())


def costs_of(observed: Observations) -> Costs:
    """What a day costs with each implementation."""
    prices = load_prices()
    bills = [
        Bill(implementation.name, bill(implementation, prices.prices, RECORDS))
        for implementation in implementations(observed, prices.prices)
    ]
    return Costs(RECORDS, prices, bills)
