"""The two that turn stream records into activities, ready to do laps."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from benchmarks.measuring.cpu_profile import Shares, profiled
from benchmarks.systems.lambda_environment import CountedLog, LambdaContext, enter_function
from benchmarks.systems.stream_events import stream_events
from stack.config import SOURCES

SOURCE = SOURCES[0]


def ours(variables: Mapping[str, str], records: int, invocations: int) -> Iterator[Callable[[], int]]:
    """Laps of the stream processor.

    Args:
        variables: environment of the function, with the endpoint of its DynamoDB.
        records: in a batch.
        invocations: in a lap, each with a batch of its own.

    Returns:
        The work of each lap, which answers how many bytes were logged.
    """
    log = enter_function(variables)
    from handlers.stream_processor import handler

    return laps(lambda event: handler(event, LambdaContext()), records, invocations, log)


def reference(variables: Mapping[str, str], records: int, invocations: int) -> Iterator[Callable[[], int]]:
    """The same for the reference's algorithm; arguments and result are those of `ours`."""
    log = enter_function(variables)
    from benchmarks.systems.reference import analytics_table, process_user_data

    return laps(partial(process_user_data, analytics_table()), records, invocations, log)


def ours_profiled(variables: Mapping[str, str], records: int, invocations: int) -> Iterator[Callable[[], Shares]]:
    """Laps of the stream processor that answer in whose code their time was spent."""
    return (partial(profiled, work) for work in ours(variables, records, invocations))


def laps(
    handle: Callable[[dict[str, Any]], object], records: int, invocations: int, log: CountedLog
) -> Iterator[Callable[[], int]]:
    """The work of each lap, its events made before it begins."""
    events = stream_events(SOURCE, records)
    while True:
        yield partial(invoke, handle, list(islice(events, invocations)), log)


def invoke(handle: Callable[[dict[str, Any]], object], events: Sequence[dict[str, Any]], log: CountedLog) -> int:
    """Handle some events and answer how many bytes that logged."""
    before = log.size
    for event in events:
        handle(event)
    return log.size - before
