"""The stream processor compared with a PutItem per record: records a second, and whose code spends the CPU time."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.costs.implementations import BatchObservation, StreamObservation
from benchmarks.measuring.iterations import Iteration, interleaved_iterations
from benchmarks.reporting.formatting import format_count, format_duration
from benchmarks.reporting.rows import ResultRow, at_least, at_most, spread_of, spread_of_ratios
from benchmarks.sizes import Sizes
from benchmarks.systems.dynalite import install, running_dynalite
from benchmarks.systems.dynamodb import create_analytics_table, dynamodb_client
from benchmarks.systems.stream_processors import (
    profiled_stream_processor,
    reference_stream_processor,
    this_stream_processor,
)
from benchmarks.systems.template_facts import function_variables
from build.local.emulator import running_emulator
from handlers.batch_writer import ITEMS_PER_REQUEST

_BATCHES = {10: at_least(4), 100: at_least(7)}
"""Records in a batch, and how many times faster than the baseline it has to be handled."""

_OWN_SHARE = at_most(0.15)
_PROFILED_ITERATIONS = 5


@dataclass(frozen=True)
class StreamMeasurement:
    """Iterations of both implementations with batches of one size.

    Args:
        server: the DynamoDB that both used.
        records: in a batch.
        invocations: in an iteration.
        ours: iterations of the stream processor.
        baseline: iterations of the reference's algorithm.
    """

    server: str
    records: int
    invocations: int
    ours: list[Iteration]
    baseline: list[Iteration]

    def row(self) -> ResultRow:
        return ResultRow(
            subject=f"stream processor, batch of {self.records}, {self.server}",
            ours=f"{format_count(self._rate(self.ours))} records/s",
            baseline=f"{format_count(self._rate(self.baseline))} records/s (a PutItem per record)",
            ratio=spread_of_ratios(
                [iteration.seconds for iteration in self.baseline], [iteration.seconds for iteration in self.ours]
            ),
            limit=_BATCHES[self.records],
            memory=(self.ours[-1].peak_memory, self.baseline[-1].peak_memory),
        )

    def _rate(self, iterations: list[Iteration]) -> float:
        """Records a second, by the median of the iterations."""
        return self.records * self.invocations / median(iteration.seconds for iteration in iterations)

    def observation(self, iterations: list[Iteration]) -> BatchObservation:
        """What one invocation did."""
        return BatchObservation(
            self.records,
            median(iteration.cpu_seconds for iteration in iterations) / self.invocations,
            median(iteration.answer for iteration in iterations) / self.invocations,
        )


@dataclass(frozen=True)
class StreamResults:
    """The rows, and what the costs are computed from."""

    rows: list[ResultRow]
    ours: StreamObservation
    reference: StreamObservation


def measure_stream_processing(sizes: Sizes) -> StreamResults:
    """Compare both with every batch size, using the DynamoDB of the local cloud, then profile this system's.

    Raises:
        CommandError: when the emulator does not start or a measured process ends.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as logs:
        with running_emulator(Path(logs) / "emulator.log") as emulator:
            variables = _function_environment(emulator.endpoint)
            measurements = [_measure("local cloud", variables, records, sizes) for records in _BATCHES]
            profiles = [_profile_row(variables, measured, sizes) for measured in measurements]
    small, large = measurements
    return StreamResults(
        rows=[*(measured.row() for measured in measurements), *profiles],
        ours=StreamObservation(small.observation(small.ours), large.observation(large.ours), ITEMS_PER_REQUEST),
        reference=StreamObservation(small.observation(small.baseline), large.observation(large.baseline), 1),
    )


def measure_with_dynalite(sizes: Sizes) -> list[ResultRow]:
    """Compare both with every batch size, using dynalite.

    Raises:
        CommandError: when dynalite cannot be installed or started, or a measured process ends.
    """
    install()
    with running_dynalite() as endpoint:
        variables = _function_environment(endpoint)
        return [_measure("dynalite", variables, records, sizes).row() for records in _BATCHES]


def _function_environment(endpoint: str) -> dict[str, str]:
    """The function's variables and where its DynamoDB is, in which the analytics table is created."""
    create_analytics_table(dynamodb_client(endpoint))
    return {**function_variables("UserDataProcessor"), "AWS_ENDPOINT_URL": endpoint}


def _measure(server: str, variables: Mapping[str, str], records: int, sizes: Sizes) -> StreamMeasurement:
    invocations = sizes.records // records
    iterations = interleaved_iterations(
        sizes.rounds,
        partial(this_stream_processor, variables, records, invocations),
        partial(reference_stream_processor, variables, records, invocations),
    )
    return StreamMeasurement(server, records, invocations, *iterations)


def _profile_row(variables: Mapping[str, str], measured: StreamMeasurement, sizes: Sizes) -> ResultRow:
    """The CPU time of our own code compared with that of the libraries that it calls."""
    [iterations] = interleaved_iterations(
        _PROFILED_ITERATIONS,
        partial(profiled_stream_processor, variables, measured.records, sizes.profiled_records // measured.records),
    )
    ratio = spread_of(iteration.answer.own / iteration.answer.libraries for iteration in iterations)
    per_record = median(iteration.cpu_seconds for iteration in measured.ours) / (
        measured.records * measured.invocations
    )
    own = per_record * ratio.median / (1 + ratio.median)
    return ResultRow(
        subject=f"CPU time of our own code, batch of {measured.records}",
        ours=f"{format_duration(own)} a record",
        baseline=f"{format_duration(per_record - own)} a record (botocore, Powertools)",
        ratio=ratio,
        limit=_OWN_SHARE,
    )
