"""Packaging with nothing changed beside packaging for the first time."""

import tempfile
from statistics import median

from benchmarks.measuring.processes import Finished, run_module
from benchmarks.measuring.spread import spread_of
from benchmarks.reporting.numbers import duration
from benchmarks.reporting.rows import Row, exactly
from benchmarks.sizes import Sizes

NOTHING = exactly(0)
BUILT = "built"


def measure_packaging(sizes: Sizes) -> list[Row]:
    """Package into a new folder, then again and again.

    Raises:
        CommandError: when packaging fails.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        first, *unchanged = [run_module("build", "package", "--output", folder) for _ in range(sizes.rounds + 1)]
    return [
        Row(
            subject="packaging with nothing changed: archives made",
            ours=f"{archives_made(unchanged[0])} in {duration(median(run.seconds for run in unchanged))}",
            baseline=f"{archives_made(first)} in {duration(first.seconds)} (the first time)",
            ratio=spread_of(archives_made(run) / archives_made(first) for run in unchanged),
            limit=NOTHING,
            memory=(unchanged[-1].peak_memory, first.peak_memory),
        )
    ]


def archives_made(run: Finished) -> int:
    """How many archives a run of `package` says it built."""
    return sum(line.split()[-1:] == [BUILT] for line in run.output.splitlines())
