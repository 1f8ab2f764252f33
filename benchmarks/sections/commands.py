"""Commands of the project: generating the template, and packaging with nothing changed."""

import tempfile
from statistics import median

from benchmarks.measuring.processes import MeasuredCommand, measure_command
from benchmarks.reporting.formatting import format_duration
from benchmarks.reporting.rows import ResultRow, at_least, exactly, spread_of
from benchmarks.sizes import Sizes

_CDK_SYNTHESIS = 5.4
"""CPU seconds of one `cdk synth` of the reference, measured on another day; it is quoted, not measured here."""

_TIMES_FASTER = at_least(15)
_NO_ARCHIVES = exactly(0)
_BUILT = "built"


def measure_template(sizes: Sizes) -> list[ResultRow]:
    """Generate the template several times, compared with a synthesis of the reference by the CDK.

    Raises:
        CommandError: when it cannot be generated.
    """
    runs = [measure_command("generate", "--suffix", "dev") for _ in range(sizes.rounds)]
    return [
        ResultRow(
            subject="template: CPU time of generate.py",
            ours=format_duration(median(run.cpu_seconds for run in runs)),
            baseline=f"{format_duration(_CDK_SYNTHESIS)} (a CDK synthesis of the reference, quoted)",
            ratio=spread_of(_CDK_SYNTHESIS / run.cpu_seconds for run in runs),
            limit=_TIMES_FASTER,
            memory=(runs[-1].peak_memory, None),
        )
    ]


def measure_packaging(sizes: Sizes) -> list[ResultRow]:
    """Package into a new folder, then again and again.

    Raises:
        CommandError: when packaging fails.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        first, *unchanged = [measure_command("build", "package", "--output", folder) for _ in range(sizes.rounds + 1)]
    return [
        ResultRow(
            subject="packaging with nothing changed: archives made",
            ours=f"{archives_made(unchanged[0])} in {format_duration(median(run.seconds for run in unchanged))}",
            baseline=f"{archives_made(first)} in {format_duration(first.seconds)} (the first time)",
            ratio=spread_of(archives_made(run) / archives_made(first) for run in unchanged),
            limit=_NO_ARCHIVES,
            memory=(unchanged[-1].peak_memory, first.peak_memory),
        )
    ]


def archives_made(run: MeasuredCommand) -> int:
    """How many archives a run of `package` says it built."""
    return sum(line.split()[-1:] == [_BUILT] for line in run.output.splitlines())
