"""The stream processors under a billion records a day: whether they keep up, in simulated time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.measuring.iterations import single_iteration
from benchmarks.reporting.formatting import format_count, format_duration
from benchmarks.reporting.rows import NO_LIMIT, ResultRow, at_most, exactly, limit_row, spread_of
from benchmarks.sizes import Sizes
from benchmarks.systems.simulated_mapping import SimulatedMapping, Waiting, packaged_processor
from benchmarks.systems.simulated_stream import RECORDS_PER_REMOVAL, Phase
from benchmarks.systems.template_facts import CONFIG, sized_config
from stack.config import WRITES_PER_SHARD, StackConfig, StreamSource
from stack.sizing import shard_throughput

_RECORDS_A_DAY = 1e9
_RECORDS_A_SECOND = 11_600
"""Insertions and modifications of all sources, a billion a day; removals come on top."""
_STREAM_SHARDS = 32
"""Of all sources together; they take 32,000 writes a second, which is the peak that is simulated."""
_LONGEST_AGE = 60
"""Seconds."""
_BACKLOG_AFTERWARDS = at_most(1.25)
"""Times the one before."""
_SECONDS_TO_FINISH = 5
_TIMES_AS_LONG = 9
"""The shard of a mapping that falls behind is polled for so many times `Sizes.simulated_seconds`."""


@dataclass(frozen=True)
class StreamRun:
    """What became of a source's records.

    Args:
        before: the most records that waited at the average rate.
        at_peak: what waited while the shards were full, and until that was processed.
        after: the most records that waited at the average rate again.
        longest_age: in seconds, of the first record of any batch.
        activities: insertions and modifications that were written to the stream.
        stored: activities in the table.
        throttled: writes that the table left unprocessed.
        most_at_once: invocations at the same time.
        allowed_at_once: as many as the mapping has lanes.
    """

    before: int
    at_peak: Waiting
    after: int
    longest_age: float
    activities: int
    stored: int
    throttled: int
    most_at_once: int
    allowed_at_once: int


def measure_stream_backlog(sizes: Sizes) -> list[ResultRow]:
    """Poll the streams of every source as `build size` sizes it, then one shard with a mapping that falls behind."""
    config = sized_config(_RECORDS_A_DAY)
    shards = _spread(_STREAM_SHARDS, len(config.sources))
    runs: list[StreamRun] = [
        single_iteration(partial(_stream_runs, source, config, number, sizes)).answer
        for source, number in zip(config.sources, shards)
    ]
    return [*backlog_rows(runs, sizes), *_rows_of_slow_mappings(config, runs, sizes)]


def _spread(number: int, parts: int) -> list[int]:
    """A number in as many almost equal parts."""
    return [number * (part + 1) // parts - number * part // parts for part in range(parts)]


def _stream_runs(
    source: StreamSource, config: StackConfig, shards: int, sizes: Sizes
) -> Iterator[Callable[[], StreamRun]]:
    module = packaged_processor(source, config)
    seconds = sizes.simulated_seconds
    average = Phase(seconds, _RECORDS_A_SECOND / _STREAM_SHARDS * RECORDS_PER_REMOVAL / (RECORDS_PER_REMOVAL - 1))
    phases = [average, Phase(seconds / 2, WRITES_PER_SHARD), average]
    while True:
        yield partial(stream_run, SimulatedMapping(source, config, shards, phases, module), phases)


def stream_run(mapping: SimulatedMapping, phases: Sequence[Phase]) -> StreamRun:
    """Poll for three phases, the second a peak, and then until everything is done.

    The first half of a calm phase says nothing about it: it finds what the phase before has left.
    """
    before, peak, after = (phase.seconds for phase in phases)
    waited = [mapping.poll(seconds) for seconds in (before / 2, before / 2, peak, after / 2, after / 2)]
    waited.append(mapping.poll(_SECONDS_TO_FINISH))
    _, calm, full, catching_up, calm_again, _ = waited
    return StreamRun(
        before=calm.records,
        at_peak=Waiting(max(full.records, catching_up.records), max(full.age, catching_up.age)),
        after=calm_again.records,
        longest_age=max(waiting.age for waiting in waited),
        activities=mapping.stream.activities,
        stored=len(mapping.table.keys),
        throttled=mapping.table.throttled,
        most_at_once=mapping.most_at_once,
        allowed_at_once=mapping.lanes,
    )


def backlog_rows(runs: Sequence[StreamRun], sizes: Sizes) -> list[ResultRow]:
    """Whether all sources together keep up, lose nothing and stay within their concurrency."""
    subject = f"{format_count(_RECORDS_A_SECOND)} records/s over {_STREAM_SHARDS} stream shards"
    activities, stored = sum(run.activities for run in runs), sum(run.stored for run in runs)
    before, after = sum(run.before for run in runs), sum(run.after for run in runs)
    used, allowed = sum(run.most_at_once for run in runs), sum(run.allowed_at_once for run in runs)
    age = max(run.longest_age for run in runs)
    throttled = sum(run.throttled for run in runs)
    return [
        ResultRow(
            subject=f"{subject}: activities stored",
            ours=format_count(stored),
            baseline=f"{format_count(activities)} (insertions and modifications)",
            ratio=spread_of([stored / activities]),
            limit=exactly(1),
            note=_conditions(sizes, throttled),
        ),
        ResultRow(
            subject=f"{subject}: backlog after a peak",
            ours=f"{format_count(after)} records",
            baseline=f"{format_count(before)} records (before it)",
            ratio=spread_of([after / before]),
            limit=_BACKLOG_AFTERWARDS,
            note=f"{format_count(sum(run.at_peak.records for run in runs))} records at the peak",
        ),
        limit_row(f"{subject}: iterator age", format_duration(age), format_duration(_LONGEST_AGE), age / _LONGEST_AGE),
        limit_row(f"{subject}: invocations at once", str(used), str(allowed), used / allowed),
    ]


def _conditions(sizes: Sizes, throttled: int) -> str:
    """What was simulated."""
    calm = sizes.simulated_seconds
    return (
        f"simulated: the packaged functions behind the local poller, sized by `build size`, for {calm} s, {calm / 2:g} "
        f"s with every shard full ({format_count(_STREAM_SHARDS * WRITES_PER_SHARD)} records/s) and {calm} s; an "
        f"invocation takes the CPU time that is assumed there and 5 ms a request, a partition key takes "
        f"{format_count(WRITES_PER_SHARD)} writes/s ({format_count(throttled)} throttled)"
    )


def _rows_of_slow_mappings(config: StackConfig, runs: Sequence[StreamRun], sizes: Sizes) -> list[ResultRow]:
    """A row for each source whose mapping, before it is sized, falls behind a full shard."""
    seconds = _TIMES_AS_LONG * sizes.simulated_seconds
    return [
        slow_mapping_row(
            source, sized, run.at_peak.age, single_iteration(partial(_slow_runs, source, seconds)).answer, seconds
        )
        for source, sized, run in zip(CONFIG.sources, config.sources, runs)
        if shard_throughput(source) < WRITES_PER_SHARD
    ]


def _slow_runs(source: StreamSource, seconds: int) -> Iterator[Callable[[], float]]:
    """Iterations of polling a full shard with the mapping of the reference, each returning the iterator age."""
    module = packaged_processor(source, CONFIG)
    while True:
        yield partial(
            lambda mapping: mapping.poll(seconds).age,
            SimulatedMapping(source, CONFIG, 1, [Phase(seconds, WRITES_PER_SHARD)], module),
        )


def slow_mapping_row(
    source: StreamSource, sized: StreamSource, sized_age: float, age: float, seconds: int
) -> ResultRow:
    """The iterator age of a full shard with a source's sized mapping and with the one of the reference."""
    return ResultRow(
        subject=f"iterator age of a full stream shard, {source.title.lower()}",
        ours=f"{format_duration(sized_age)} ({_mapping_text(sized)})",
        baseline=f"{format_duration(age)} and growing ({_mapping_text(source)}: the reference's mapping)",
        ratio=spread_of([sized_age / age]),
        limit=NO_LIMIT,
        note=f"after {seconds} s with {format_count(WRITES_PER_SHARD)} records/s, of which the reference's mapping "
        f"processes {format_count(shard_throughput(source))}",
    )


def _mapping_text(source: StreamSource) -> str:
    return f"batches of {source.batch_size}, {source.parallelization_factor} at once, {source.memory_size} MB"
