"""_Work that is measured again and again: in processes of its own, which take turns."""

import gc
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from benchmarks.measuring.child import peak_memory
from build.errors import CommandError

_SECONDS_TO_STOP = 10

_Work = Callable[[], Any]
Preparation = Callable[[], Iterator[_Work]]
"""Called in the new process; the iterator prepares the work of each iteration, which is not measured."""


@dataclass(frozen=True)
class Iteration:
    """One iteration, measured.

    Args:
        seconds: of the clock.
        cpu_seconds: of the process, all threads together.
        answer: what the work returned.
        peak_memory: of the process so far, in bytes.
    """

    seconds: float
    cpu_seconds: float
    answer: Any
    peak_memory: int


class BenchmarkProcess:
    """A process that prepares once and then runs iterations; a context manager.

    Args:
        prepare: has to be picklable.
    """

    def __init__(self, prepare: Preparation) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, self._child_connection = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._child_connection, prepare), daemon=True)

    def __enter__(self) -> "BenchmarkProcess":
        self._process.start()
        self._child_connection.close()
        return self

    def iteration(self) -> Iteration:
        """Run one iteration.

        Raises:
            CommandError: when the process has ended; it has said why on stderr.
        """
        try:
            self._connection.send(None)
            iteration: Iteration = self._connection.recv()
            return iteration
        except (EOFError, OSError) as error:
            raise CommandError("a measured process ended; fix what it printed above and run again.") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()
        self._process.join(_SECONDS_TO_STOP)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def interleaved_iterations(rounds: int, *preparations: Preparation) -> list[list[Iteration]]:
    """Run iterations of several processes in turns, so that what else the machine does affects all of them.

    Args:
        rounds: iterations of each; one more, which is not counted, warms it up.
        preparations: of the processes.

    Returns:
        The iterations of each process; those at the same index ran one after the other.
    """
    with ExitStack() as stack:
        processes = [stack.enter_context(BenchmarkProcess(prepare)) for prepare in preparations]
        turns = [_round(processes, backwards=number % 2 == 1) for number in range(rounds + 1)]
    return [list(iterations) for iterations in zip(*turns[1:], strict=True)]


def single_iteration(prepare: Preparation) -> Iteration:
    """One iteration that is not warmed up, for work that takes too long to be done twice."""
    with BenchmarkProcess(prepare) as process:
        return process.iteration()


def _round(processes: Sequence[BenchmarkProcess], backwards: bool) -> list[Iteration]:
    """One iteration of each, in their order; which runs first alternates."""
    if backwards:
        return [process.iteration() for process in reversed(processes)][::-1]
    return [process.iteration() for process in processes]


def _serve(connection: Connection, prepare: Preparation) -> None:
    """Run an iteration for each message until the other side hangs up, as it does on Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    iterations = prepare()
    try:
        while True:
            connection.recv()
            connection.send(_measure(next(iterations)))
    except EOFError:
        pass


def _measure(work: _Work) -> Iteration:
    """Do the work once, with the garbage collector ignoring what existed before."""
    gc.collect()
    gc.freeze()
    started, cpu_started = time.perf_counter(), time.process_time()
    answer = work()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return Iteration(seconds, cpu_seconds, answer, peak_memory())
