"""The stream processor beside a PutItem per record: records a second, and whose code takes the CPU time."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.costs.observations import BatchObservation, StreamObservation
from benchmarks.measuring.contestants import Lap, laps_in_turns
from benchmarks.measuring.spread import spread_of, spread_of_ratios
from benchmarks.reporting.numbers import count, duration
from benchmarks.reporting.rows import Row, at_least, at_most
from benchmarks.sizes import Sizes
from benchmarks.systems import stream_processors
from benchmarks.systems.dynalite import install, running_dynalite
from benchmarks.systems.dynamodb import connect, create_analytics_table
from benchmarks.systems.template_facts import function_variables
from build.local.emulator import running_emulator
from handlers.batch_writer import ITEMS_PER_REQUEST

BATCHES = {10: at_least(4), 100: at_least(7)}
"""Records in a batch, and how many times faster than the baseline it has to be handled."""

OWN_SHARE = at_most(0.15)
PROFILED_LAPS = 5


@dataclass(frozen=True)
class Contest:
    """Laps of both with batches of one size.

    Args:
        server: the DynamoDB that both used.
        records: in a batch.
        invocations: in a lap.
        ours: laps of the stream processor.
        baseline: laps of the reference's algorithm.
    """

    server: str
    records: int
    invocations: int
    ours: list[Lap]
    baseline: list[Lap]

    def row(self) -> Row:
        """Records a second of both."""
        return Row(
            subject=f"stream processor, batch of {self.records}, {self.server}",
            ours=f"{count(self.rate(self.ours))} records/s",
            baseline=f"{count(self.rate(self.baseline))} records/s (a PutItem per record)",
            ratio=spread_of_ratios([lap.seconds for lap in self.baseline], [lap.seconds for lap in self.ours]),
            limit=BATCHES[self.records],
            memory=(self.ours[-1].peak_memory, self.baseline[-1].peak_memory),
        )

    def rate(self, laps: list[Lap]) -> float:
        """Records a second of the lap in the middle."""
        return self.records * self.invocations / median(lap.seconds for lap in laps)

    def observation(self, laps: list[Lap]) -> BatchObservation:
        """What one invocation was seen to do."""
        return BatchObservation(
            self.records,
            median(lap.cpu_seconds for lap in laps) / self.invocations,
            median(lap.answer for lap in laps) / self.invocations,
        )


@dataclass(frozen=True)
class StreamResults:
    """The rows, and what the costs are computed from."""

    rows: list[Row]
    ours: StreamObservation
    reference: StreamObservation


def measure_stream_processing(sizes: Sizes) -> StreamResults:
    """Compare both with every size of batch, using the DynamoDB of the local cloud, then profile ours.

    Raises:
        CommandError: when the emulator does not start or a measured process ends.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as logs:
        with running_emulator(Path(logs) / "emulator.log") as emulator:
            variables = function_environment(emulator.endpoint)
            contests = [compare("local cloud", variables, records, sizes) for records in BATCHES]
            profiles = [profile(variables, contest, sizes) for contest in contests]
    small, large = contests
    return StreamResults(
        rows=[*(contest.row() for contest in contests), *profiles],
        ours=StreamObservation(small.observation(small.ours), large.observation(large.ours), ITEMS_PER_REQUEST),
        reference=StreamObservation(small.observation(small.baseline), large.observation(large.baseline), 1),
    )


def measure_with_dynalite(sizes: Sizes) -> list[Row]:
    """Compare both with every size of batch, using dynalite.

    Raises:
        CommandError: when dynalite cannot be installed or started, or a measured process ends.
    """
    install()
    with running_dynalite() as endpoint:
        variables = function_environment(endpoint)
        return [compare("dynalite", variables, records, sizes).row() for records in BATCHES]


def function_environment(endpoint: str) -> dict[str, str]:
    """The function's variables and where its DynamoDB is, in which the analytics table is made."""
    create_analytics_table(connect(endpoint))
    return {**function_variables("UserDataProcessor"), "AWS_ENDPOINT_URL": endpoint}


def compare(server: str, variables: Mapping[str, str], records: int, sizes: Sizes) -> Contest:
    """Laps of both in turns, with batches of some records."""
    invocations = sizes.records // records
    laps = laps_in_turns(
        sizes.rounds,
        partial(stream_processors.ours, variables, records, invocations),
        partial(stream_processors.reference, variables, records, invocations),
    )
    return Contest(server, records, invocations, *laps)


def profile(variables: Mapping[str, str], contest: Contest, sizes: Sizes) -> Row:
    """The CPU time of our own code beside that of the libraries that it calls."""
    [laps] = laps_in_turns(
        PROFILED_LAPS,
        partial(stream_processors.ours_profiled, variables, contest.records, sizes.profiled_records // contest.records),
    )
    ratio = spread_of(lap.answer.own / lap.answer.libraries for lap in laps)
    per_record = median(lap.cpu_seconds for lap in contest.ours) / (contest.records * contest.invocations)
    own = per_record * ratio.middle / (1 + ratio.middle)
    return Row(
        subject=f"CPU time of our own code, batch of {contest.records}",
        ours=f"{duration(own)} a record",
        baseline=f"{duration(per_record - own)} a record (botocore, Powertools)",
        ratio=ratio,
        limit=OWN_SHARE,
    )
