"""Generating the template beside a synthesis of the reference by the CDK."""

from statistics import median

from benchmarks.measuring.processes import run_module
from benchmarks.measuring.spread import spread_of
from benchmarks.reporting.numbers import duration
from benchmarks.reporting.rows import Row, at_least
from benchmarks.sizes import Sizes

CDK_SYNTHESIS = 5.4
"""CPU seconds of one `cdk synth` of the reference, measured on another day; it is quoted, not measured here."""

TIMES_FASTER = at_least(15)


def measure_template(sizes: Sizes) -> list[Row]:
    """Generate the template several times, each in a new process.

    Raises:
        CommandError: when it cannot be generated.
    """
    runs = [run_module("generate", "--suffix", "dev") for _ in range(sizes.rounds)]
    return [
        Row(
            subject="template: CPU time of generate.py",
            ours=duration(median(run.cpu_seconds for run in runs)),
            baseline=f"{duration(CDK_SYNTHESIS)} (a CDK synthesis of the reference, quoted)",
            ratio=spread_of(CDK_SYNTHESIS / run.cpu_seconds for run in runs),
            limit=TIMES_FASTER,
            memory=(runs[-1].peak_memory, None),
        )
    ]
