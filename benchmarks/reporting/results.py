"""The page that says what was measured: `benchmarks/RESULTS.md`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benchmarks.costs.model import SAMPLED, Line, total
from benchmarks.costs.prices import PriceList
from benchmarks.reporting.machine import Machine
from benchmarks.reporting.numbers import count, dollars
from benchmarks.reporting.rows import Row, Verdict
from benchmarks.reporting.table import HEADINGS, cells, markdown_table
from benchmarks.sizes import HISTORY_DAYS
from benchmarks.systems.parallel_dynamodb import LATENCY

INTRODUCTION = """# Results

Written by `make bench`. The baselines are the algorithms of the reference, written again in Python: a PutItem for each
record, and a Scan with a filter for the summary. What is compared is measured in turns in one run, each in a process of
its own. A ratio is the middle one of its rounds, with the least and the greatest in brackets. Memory is the peak
resident set, this system's first.

The DynamoDB is that of the local cloud or dynalite, which ends pages and counts capacity as DynamoDB does. Neither has
a network in between or writes the items of a batch side by side: a request saved weighs less here than on AWS. The CPU
time of a function's own code is its part of a deterministic profile; the rest of it is botocore and Powertools."""


@dataclass(frozen=True)
class Bill:
    """What a day costs with one implementation."""

    name: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Costs:
    """What a day with some records costs, with each implementation.

    Args:
        records: insertions and modifications of the day.
        prices: that it was computed from.
        bills: all with the same lines.
    """

    records: int
    prices: PriceList
    bills: Sequence[Bill]


@dataclass(frozen=True)
class Picture:
    """A file beside the page, what it shows, and what a reader has to know of it."""

    file: str
    title: str
    words: str = ""

    def markdown(self) -> str:
        """The picture below its title."""
        return "\n\n".join(filter(None, [f"### {self.title}", self.words, f"![{self.title}]({self.file})"]))


def page(rows: Sequence[Row], costs: Costs | None, machine: Machine, today: date, pictures: Sequence[Picture]) -> str:
    """The whole page.

    Args:
        rows: of the table of ratios.
        costs: None when what they are computed from was not measured.
        machine: that it was measured on.
        today: when.
        pictures: in their order.
    """
    parts = [
        INTRODUCTION,
        f"Measured on {today.isoformat()}: {machine_text(machine)}.",
        "## Ratios",
        verdict_text(rows),
        markdown_table(HEADINGS, [cells(row) for row in rows]),
        notes(rows),
        *(cost_parts(costs) if costs else []),
        "## Pictures",
        *(picture.markdown() for picture in pictures),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def machine_text(machine: Machine) -> str:
    """What a machine is."""
    memory = f"{machine.memory / 2**30:.0f} GB"
    return f"{machine.processor}, {machine.cores} cores, {memory}, {machine.system}, Python {machine.python}"


def verdict_text(rows: Sequence[Row]) -> str:
    """How many limits are reached, and which are not."""
    limited = [row for row in rows if row.verdict is not Verdict.NO_LIMIT]
    others = [f"- {row.subject}: {row.verdict.value}" for row in limited if row.verdict is not Verdict.REACHED]
    reached = f"{len(limited) - len(others)} of {len(limited)} limits are reached."
    return "\n".join([reached, "", *others]) if others else reached


def notes(rows: Sequence[Row]) -> str:
    """What else a reader has to know of single rows."""
    return "\n".join(f"- {row.subject}: {row.note}" for row in rows if row.note)


def cost_parts(costs: Costs) -> list[str]:
    """What a day costs, by line, and what that is computed from."""
    return [
        f"## What {count(costs.records)} records cost",
        f"A day with {count(costs.records)} insertions and modifications, and {HISTORY_DAYS} days of history, in "
        f"dollars: list prices of {costs.prices.region} on {costs.prices.date.isoformat()}, without free tiers; "
        "[prices.json](prices.json) has them with their sources.",
        cost_table(costs),
        assumptions(),
    ]


def cost_table(costs: Costs) -> str:
    """A row for each line of the bill, two columns for each implementation."""
    headings = ["", *(heading for bill in costs.bills for heading in (bill.name, "$"))]
    rows = [
        [lines[0].name, *(text for line in lines for text in (amount(line), dollars(line.dollars)))]
        for lines in zip(*(bill.lines for bill in costs.bills), strict=True)
    ]
    totals = ["**together**", *(text for bill in costs.bills for text in ("", f"**{dollars(total(bill.lines))}**"))]
    return markdown_table(headings, [*rows, totals], numbers_from=1)


def amount(line: Line) -> str:
    """The amount of a line with its unit, and with digits behind the point where it needs them."""
    whole = line.amount >= 10 or line.amount == int(line.amount)
    return f"{count(line.amount) if whole else format(line.amount, '.2g')} {line.unit}"


def assumptions() -> str:
    """What the costs rest on."""
    return f"""What they rest on:

- A batch is what arrives within the batching window, at most what the mapping allows; both have the same mappings.
- Duration is the CPU time measured here, stretched as Lambda does for the function's memory, and
  {LATENCY * 1000:.0f} ms for each request to DynamoDB. The reference's functions run on x86_64, as it declares them,
  its algorithms as measured in Python.
- Alarms and custom metrics cost this system more, whatever the work: it watches every failure that delays or loses
  records, and the reference watches two. Its logs cost less: a line for a batch, not two for a record. They are those
  of a protected stack; other stacks also log the events.
- The reference's summary reads 1 MB, whatever there is, and is wrong beyond it. The last columns are what it would
  cost to follow every page.
- X-Ray records the first trace of each second and {SAMPLED:.0%} of the others: its default rule.
- Left out: the application's own writes and the storage of the tables, which are the same for both, and the billed
  initialisation of cold starts."""
