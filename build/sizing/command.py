"""The command `size`: what a stack has to be for a number of records a day, what it costs, and what breaks today."""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from build.options import presenting, suffix_settings
from build.sizing.costs import BillLine, PriceList, daily_bill, load_prices, total_dollars
from build.text import TextTable
from stack.config import DEFAULT_SUFFIX, SUFFIX_VARIABLE, StackConfig, suffix_from_environment
from stack.settings import SIZES
from stack.sizing import (
    CONCURRENT_EXECUTIONS,
    SECONDS_A_DAY,
    USUAL_PEAK,
    WRITES_OF_A_NEW_TABLE,
    WRITES_PER_TABLE,
    BreakingPoint,
    SourceSize,
    breaking_points,
    pages_in_one_invocation,
    sized_sources,
)

EXAMPLE = "python -m build size --records-per-day 1e9 --peak 3"


@dataclass(frozen=True)
class ExceededLimit:
    """A limit of the account or of a table that has to be raised before the load comes."""

    what: str
    limit: int
    needed: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--records-per-day",
        type=_positive,
        required=True,
        metavar="NUMBER",
        help="insertions and modifications of all sources, the same number of each, as 1e9",
    )
    parser.add_argument(
        "--peak",
        type=_at_least_one,
        default=USUAL_PEAK,
        metavar="NUMBER",
        help=f"the busiest minutes as a multiple of the average (default: {USUAL_PEAK:g})",
    )
    parser.add_argument(
        "--suffix",
        default=suffix_from_environment(),
        help=f"whose settings are compared with that (default: {SUFFIX_VARIABLE}, else {DEFAULT_SUFFIX})",
    )
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Show what a load needs; AWS is not asked.

    Raises:
        CommandError: for a bad suffix, and for settings that cannot be used.
    """
    with presenting(arguments.json) as presenter:
        _, config = suffix_settings(arguments.suffix)
        sizes = sized_sources(config.sources, arguments.records_per_day, arguments.peak)
        limits = list(exceeded_limits(sizes))
        prices = load_prices()
        bill = daily_bill(sizes, prices.prices)
        points = breaking_points(config, arguments.peak)
        lines = settings_lines(config, sizes)
        document = {
            "sources": list(map(_source_document, sizes)),
            "limits": list(map(asdict, limits)),
            "costs": list(map(asdict, bill)),
            "dollars_a_day": total_dollars(bill),
            "breaks": [{**asdict(point), "reached": _reached(point, arguments)} for point in points],
            "settings": lines,
        }
        tables = [_source_table(sizes), *_limit_tables(limits), _cost_table(bill, prices)]
        tables += [_break_table(points, arguments), _settings_table(config, lines)]
        presenter.result(document, tables)
    return 0


def exceeded_limits(sizes: Sequence[SourceSize]) -> Iterator[ExceededLimit]:
    """The default limits that a load exceeds; the analytics table takes the writes of every source."""
    yield from _exceeded(
        "concurrent executions of Lambda", CONCURRENT_EXECUTIONS, sum(size.most_concurrency for size in sizes)
    )
    tables = {f"{size.source.name}Table": size.load.busiest for size in sizes}
    for table, writes in {**tables, "AnalyticsTable": sum(tables.values())}.items():
        yield from _exceeded(f"quota of writes/s of {table}", WRITES_PER_TABLE, math.ceil(writes))
        yield from _exceeded(f"warm throughput of {table}, writes/s", WRITES_OF_A_NEW_TABLE, math.ceil(writes))


def _exceeded(what: str, limit: int, needed: int) -> Iterator[ExceededLimit]:
    if needed > limit:
        yield ExceededLimit(what, limit, needed)


def settings_lines(config: StackConfig, sizes: Sequence[SourceSize]) -> list[str]:
    """What to add to the settings of the suffix; TIME is one after the deployment, in UTC, as 2026-12-01T00:00:00Z."""
    current = {source.name: source for source in config.sources}
    chosen = [
        f"{size.source.name}.{name} = {getattr(size.source, name)}"
        for size in sizes
        for name in SIZES
        if getattr(size.source, name) != getattr(current[size.source.name], name)
    ]
    shards = max(size.activity_shards for size in sizes)
    more = [f"activity_shards: TIME = {shards}"] if shards > config.shards_in_force else []
    pages = pages_in_one_invocation(sum(size.load.average for size in sizes) * SECONDS_A_DAY)
    counting = [f"pages_in_one_invocation: {pages}"] if pages < config.pages_in_one_invocation else []
    return [*(f"sizes: {line}" for line in chosen), *counting, *more]


def _reached(point: BreakingPoint, arguments: argparse.Namespace) -> bool:
    return bool(arguments.records_per_day >= point.records_per_day)


def _source_document(size: SourceSize) -> dict[str, Any]:
    return {
        "source": size.source.name,
        "records_per_second": {"average": size.load.average, "peak": size.load.busiest},
        "activity_shards": size.activity_shards,
        "stream_shards": size.stream_shards,
        **{name: getattr(size.source, name) for name in SIZES},
        "concurrency": {"peak": size.concurrency, "most": size.most_concurrency},
        "iterator_age_seconds": size.iterator_age,
    }


def _source_table(sizes: Sequence[SourceSize]) -> TextTable:
    columns = ("", *(size.source.name for size in sizes))
    return TextTable("Sources", columns, list(zip(*map(_source_column, [None, *sizes]), strict=True)))


def _source_column(size: SourceSize | None) -> tuple[str, ...]:
    """The values of a source, or what they are called."""
    if size is None:
        return (
            *("records/s, average and peak", "activity shards", "shards of the stream", "batch size"),
            *("window", "parallelization", "memory", "concurrency at the peak, at most", "iterator age at the peak"),
        )
    source, age = size.source, size.iterator_age
    return (
        f"{size.load.average:,.0f}, {size.load.busiest:,.0f}",
        *(str(size.activity_shards), str(size.stream_shards), str(source.batch_size)),
        *(f"{source.batching_window} s", str(source.parallelization_factor), f"{source.memory_size:,} MB"),
        f"{math.ceil(size.concurrency)}, {size.most_concurrency}",
        "grows" if age is None else f"{age:.1f} s",
    )


def _limit_tables(limits: Sequence[ExceededLimit]) -> list[TextTable]:
    rows = [(limit.what, f"{limit.limit:,}", f"{limit.needed:,}") for limit in limits]
    return [TextTable("Limits to raise", ("limit", "default", "needed"), rows)] if rows else []


def _cost_table(bill: Sequence[BillLine], prices: PriceList) -> TextTable:
    rows = [(line.name, f"{line.amount:,.2f} {line.unit}", f"{line.dollars:,.2f}") for line in bill]
    title = f"Dollars a day, list prices of {prices.region} on {prices.date}"
    return TextTable(title, ("what", "amount", "$"), [*rows, ("total", "", f"{total_dollars(bill):,.2f}")])


def _break_table(points: Sequence[BreakingPoint], arguments: argparse.Namespace) -> TextTable:
    rows = [
        (f"{point.records_per_day / 1e6:,.1f}", point.what, "yes" if _reached(point, arguments) else "no")
        for point in points
    ]
    title = f"What breaks first as configured, with a peak of {arguments.peak:g}"
    return TextTable(title, ("million records a day", "what", "reached"), rows)


def _settings_table(config: StackConfig, lines: Sequence[str]) -> TextTable:
    rows = [tuple(line.split(": ", 1)) for line in lines]
    return TextTable(f"Lines for setup.cfg [suffix.{config.suffix}]", ("key", "line"), rows)


def _positive(text: str) -> float:
    return _number(text, 1, "a number of records, as 1e9")


def _at_least_one(text: str) -> float:
    return _number(text, 1, "a number from 1 on, as 3")


def _number(text: str, least: float, kind: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= least):
        raise argparse.ArgumentTypeError(f"{text!r} is not {kind}")
    return number
