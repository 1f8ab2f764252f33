"""The page of results, `benchmarks/RESULTS.md`."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.costs.bill import SAMPLED
from benchmarks.reporting.formatting import format_count, format_dollars, markdown_rows, markdown_table
from benchmarks.reporting.rows import ResultRow, Verdict
from benchmarks.sizes import HISTORY_DAYS
from benchmarks.systems.billion_table import PAGE_SECONDS
from benchmarks.systems.parallel_dynamodb import LATENCY
from build.sizing.costs import BillLine, PriceList, total_dollars

_CPU_INFORMATION = Path("/proc/cpuinfo")
_INTRODUCTION = """# Results

Written by `make bench`. The baselines are the algorithms of the reference, rewritten in Python: a PutItem for each
record, and a Scan with a filter for the summary. What is compared is measured in turns in one run, each in a process of
its own. A ratio is the median of its rounds, with the minimum and the maximum in brackets. Memory is the peak resident
set, this system's first.

The DynamoDB is that of the local cloud or dynalite, which ends pages and counts capacity as DynamoDB does. Neither has
a network in between or writes the items of a batch in parallel: a request saved counts for less here than on AWS. The
CPU time of a function's own code is its part of a deterministic profile; the rest of it is botocore and Powertools."""
_ASSUMPTIONS = f"""Assumptions:

- A batch is what arrives within the batching window, at most what the mapping allows. Both have the same mappings, as
  long as the load needs no larger ones; beyond, this system has those that `python -m build size` prints.
- Duration is the CPU time measured here, scaled as Lambda does for the function's memory, and {LATENCY * 1000:.0f} ms
  for each request to DynamoDB, up to {PAGE_SECONDS * 1000:.0f} ms for one that reads 1 MB. The reference's functions
  run on x86_64, as it declares them, its algorithms as measured in Python.
- A day that this system counts in slices pays for each of them: a state transition, and an invocation with a second
  beside its reading.
- Alarms and custom metrics cost this system more, whatever the work: it monitors every failure that delays or loses
  records, and the reference monitors two. Its logs cost less: a line for a batch, not two for a record. They are those
  of a protected stack; other stacks also log the events.
- The reference's summary reads 1 MB, whatever there is, and is wrong beyond it. The last columns are what it would
  cost to follow every page.
- X-Ray records the first trace of each second and {SAMPLED:.0%} of the others: its default rule.
- Left out: the application's own writes and the storage of the tables, which are the same for both, and the billed
  initialisation of cold starts."""


@dataclass(frozen=True)
class Machine:
    """The machine that was measured on.

    Args:
        processor: its model.
        cores: of the processor.
        memory: in bytes.
        system: operating system and architecture.
        python: version of the Python that measured.
    """

    processor: str
    cores: int
    memory: int
    system: str
    python: str

    def __str__(self) -> str:
        memory = f"{self.memory / 2**30:.0f} GB"
        return f"{self.processor}, {self.cores} cores, {memory}, {self.system}, Python {self.python}"


def this_machine() -> Machine:
    """The machine that this runs on."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


@dataclass(frozen=True)
class ImplementationBill:
    """What a day costs with one implementation."""

    name: str
    lines: Sequence[BillLine]


@dataclass(frozen=True)
class Costs:
    """What a day costs with each implementation.

    Args:
        records: insertions and modifications of the day.
        prices: that the bills were computed from.
        bills: all with the same lines.
    """

    records: int
    prices: PriceList
    bills: Sequence[ImplementationBill]


@dataclass(frozen=True)
class Plot:
    """A picture beside the page, and what a reader has to know of it."""

    file: str
    title: str
    explanation: str = ""

    @property
    def markdown(self) -> str:
        return "\n\n".join(filter(None, [f"### {self.title}", self.explanation, f"![{self.title}]({self.file})"]))


def results_page(
    rows: Sequence[ResultRow], costs: Costs | None, machine: Machine, today: date, plots: Sequence[Plot]
) -> str:
    """The whole page.

    Args:
        rows: of the table of ratios.
        costs: None when what they are computed from was not measured.
        machine: that it was measured on.
        today: when.
        plots: in their order.
    """
    parts = [
        _INTRODUCTION,
        f"Measured on {today.isoformat()}: {machine}.",
        "## Ratios",
        _verdicts(rows),
        markdown_rows(rows),
        _notes(rows),
        *(_cost_parts(costs) if costs else []),
        "## Plots",
        *(plot.markdown for plot in plots),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _processor() -> str:
    """The model of the processor, as far as the system tells."""
    if _CPU_INFORMATION.exists():
        for line in _CPU_INFORMATION.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _verdicts(rows: Sequence[ResultRow]) -> str:
    """How many limits are reached, and which are not."""
    limited = [row for row in rows if row.verdict is not Verdict.NO_LIMIT]
    others = [f"- {row.subject}: {row.verdict.value}" for row in limited if row.verdict is not Verdict.REACHED]
    reached = f"{len(limited) - len(others)} of {len(limited)} limits are reached."
    return "\n".join([reached, "", *others]) if others else reached


def _notes(rows: Sequence[ResultRow]) -> str:
    return "\n".join(f"- {row.subject}: {row.note}" for row in rows if row.note)


def _cost_parts(costs: Costs) -> list[str]:
    return [
        f"## What {format_count(costs.records)} records cost",
        f"A day with {format_count(costs.records)} insertions and modifications, and {HISTORY_DAYS} days of history, "
        f"in dollars: list prices of {costs.prices.region} on {costs.prices.date.isoformat()}, without free tiers; "
        "[prices.json](../build/sizing/prices.json) has them with their sources.",
        _cost_table(costs),
        _ASSUMPTIONS,
    ]


def _cost_table(costs: Costs) -> str:
    """A row for each line of the bills, two columns for each implementation."""
    headings = ["", *(heading for bill in costs.bills for heading in (bill.name, "$"))]
    rows = [
        [lines[0].name, *(text for line in lines for text in (_amount(line), format_dollars(line.dollars)))]
        for lines in zip(*(bill.lines for bill in costs.bills), strict=True)
    ]
    totals = [text for bill in costs.bills for text in ("", f"**{format_dollars(total_dollars(bill.lines))}**")]
    return markdown_table(headings, [*rows, ["**together**", *totals]], numbers_from=1)


def _amount(line: BillLine) -> str:
    """The amount with its unit, and with decimal places where it needs them."""
    whole = line.amount >= 10 or line.amount == int(line.amount)
    return f"{format_count(line.amount) if whole else format(line.amount, '.2g')} {line.unit}"
