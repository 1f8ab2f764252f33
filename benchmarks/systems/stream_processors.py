"""The two stream processors, ready for iterations, and in whose code this system's spends its CPU time."""

import cProfile
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.systems.lambda_environment import CountedLog, LambdaContext, enter_function
from benchmarks.systems.stream_events import stream_events
from stack.config import SOURCES

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")
LIBRARIES = sysconfig.get_paths()["purelib"]

_SOURCE = SOURCES[0]
_WAITING = "recv_into"
"""Part of the name of the built-in function that waits for an answer."""

_Function = tuple[str, int, str]
_Handle = Callable[[dict[str, Any]], object]


def this_stream_processor(variables: Mapping[str, str], records: int, invocations: int) -> Iterator[Callable[[], int]]:
    """Iterations of this system's stream processor.

    Args:
        variables: environment of the function, with the endpoint of its DynamoDB.
        records: in a batch.
        invocations: in an iteration, each with a batch of its own.

    Returns:
        The work of each iteration, which returns how many bytes were logged.
    """
    log = enter_function(variables)
    from handlers.stream_processor import handler

    return _iterations(lambda event: handler(event, LambdaContext()), records, invocations, log)


def reference_stream_processor(
    variables: Mapping[str, str], records: int, invocations: int
) -> Iterator[Callable[[], int]]:
    """The same for the reference's algorithm."""
    log = enter_function(variables)
    from benchmarks.systems.reference import open_table, process_user_data

    return _iterations(partial(process_user_data, open_table()), records, invocations, log)


@dataclass(frozen=True)
class CpuShares:
    """Seconds spent in the handlers' code and in everything else that they call, waiting for answers left out."""

    own: float
    libraries: float


def profiled_stream_processor(
    variables: Mapping[str, str], records: int, invocations: int
) -> Iterator[Callable[[], CpuShares]]:
    """Iterations of this system's stream processor whose work returns in whose code the time was spent."""
    return (partial(profile, work) for work in this_stream_processor(variables, records, invocations))


def profile(work: Callable[[], object]) -> CpuShares:
    """Do the work, and divide its time by whose code spent it.

    A profile makes every call a little slower; sampling would miss what happens between two short waits.
    """
    profiler = cProfile.Profile()
    profiler.runcall(work)
    profiler.create_stats()
    return shares_of(profiler.stats)


def shares_of(stats: Mapping[_Function, Any]) -> CpuShares:
    """Divide a profile.

    Args:
        stats: by function (file, line, name) as `pstats` has them: at 2 its own seconds, at 4 the same by its callers.
    """
    everything = sum(entry[2] for (_, _, name), entry in stats.items() if _WAITING not in name)
    own: float = sum(
        _own_seconds(file, seconds, callers) for (file, _, _), (_, _, seconds, _, callers) in stats.items()
    )
    return CpuShares(own, everything - own)


def _own_seconds(file: str, seconds: float, callers: Mapping[_Function, Sequence[float]]) -> float:
    """The part of a function's time that is the handlers': theirs, and what they call of Python itself."""
    if file.startswith(HANDLERS):
        return seconds
    if file.startswith(LIBRARIES):
        return 0.0
    return sum((entry[2] for caller, entry in callers.items() if caller[0].startswith(HANDLERS)), 0.0)


def _iterations(handle: _Handle, records: int, invocations: int, log: CountedLog) -> Iterator[Callable[[], int]]:
    """The work of each iteration; its events are made before it begins."""
    events = stream_events(_SOURCE, records)
    while True:
        yield partial(_handle_events, handle, list(islice(events, invocations)), log)


def _handle_events(handle: _Handle, events: Sequence[dict[str, Any]], log: CountedLog) -> int:
    """Handle some events; the result is how many bytes were logged."""
    before = log.size
    for event in events:
        handle(event)
    return log.size - before
