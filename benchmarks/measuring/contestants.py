"""What is compared: each in a process of its own, doing laps when it is its turn."""

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

from benchmarks.measuring.memory import peak_memory
from build.errors import CommandError

SECONDS_TO_STOP = 10

Work = Callable[[], Any]
Preparation = Callable[[], Iterator[Work]]


@dataclass(frozen=True)
class Lap:
    """One lap: how long it took, how much CPU time its process spent, what the work returned, the memory until then.

    Args:
        seconds: of the clock.
        cpu_seconds: of the process, all threads together.
        answer: what the work returned.
        peak_memory: the most that the process has had so far, in bytes.
    """

    seconds: float
    cpu_seconds: float
    answer: Any
    peak_memory: int


def lap_of(work: Work) -> Lap:
    """Do the work once, measured; the garbage collector leaves alone what was there before."""
    gc.collect()
    gc.freeze()
    started, cpu_started = time.perf_counter(), time.process_time()
    answer = work()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return Lap(seconds, cpu_seconds, answer, peak_memory())


def serve(connection: Connection, prepare: Preparation) -> None:
    """Do a lap for each message until the other side hangs up, as it does on Ctrl-C; its process runs this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    laps = prepare()
    try:
        while True:
            connection.recv()
            connection.send(lap_of(next(laps)))
    except EOFError:
        pass


class Contestant:
    """A process that prepares once and then does laps; a context manager.

    Args:
        prepare: called in the new process; what it returns makes the work of each lap ready, which is not measured.
            It has to be picklable.
    """

    def __init__(self, prepare: Preparation) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, self._its_end = context.Pipe()
        self._process = context.Process(target=serve, args=(self._its_end, prepare), daemon=True)

    def __enter__(self) -> "Contestant":
        self._process.start()
        self._its_end.close()
        return self

    def lap(self) -> Lap:
        """Have it do one lap.

        Raises:
            CommandError: when its process has ended; it has said why on stderr.
        """
        try:
            self._connection.send(None)
            lap: Lap = self._connection.recv()
            return lap
        except (EOFError, OSError) as error:
            raise CommandError("a measured process ended; mend what it printed above and run again.") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()
        self._process.join(SECONDS_TO_STOP)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def laps_in_turns(rounds: int, *preparations: Preparation) -> list[list[Lap]]:
    """Let contestants do laps in turns, so that what else the machine does meets all of them.

    Args:
        rounds: laps of each; a first one more, which is not counted, warms it up.
        preparations: of the contestants.

    Returns:
        The laps of each contestant, those at the same place made beside each other.
    """
    with ExitStack() as stack:
        contestants = [stack.enter_context(Contestant(prepare)) for prepare in preparations]
        turns = [take_turns(contestants, backwards=number % 2 == 1) for number in range(rounds + 1)]
    return [list(laps) for laps in zip(*turns[1:], strict=True)]


def take_turns(contestants: Sequence[Contestant], backwards: bool) -> list[Lap]:
    """One lap of each, in their order; who goes first changes from round to round."""
    if backwards:
        return [contestant.lap() for contestant in reversed(contestants)][::-1]
    return [contestant.lap() for contestant in contestants]


def single_lap(prepare: Preparation) -> Lap:
    """One lap that is not warmed up, for work that takes too long to be done twice."""
    with Contestant(prepare) as contestant:
        return contestant.lap()
