"""Processing mappings in the background, as Lambda does."""

import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from build.poller.configuration import EventSourceMapping
from build.poller.mapping_poller import MappingPoller, mapping_poller
from build.poller.options import Options
from build.poller.services import Services
from build.poller.statistics import Statistics
from build.poller.workers import ThreadWorkers

LONGEST_WAIT_SECONDS = 60.0
STOP_SECONDS = 5.0


class Loop:
    """A thread that takes the steps of one mapping until it is stopped.

    Args:
        poller: the mapping.
        workers: its workers.
        stepped: notified after each step.
    """

    def __init__(self, poller: MappingPoller, workers: ThreadWorkers, stepped: threading.Condition) -> None:
        self.poller = poller
        self.failure: Exception | None = None
        self._workers = workers
        self._stepped = stepped
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mapping {poller.uuid}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Have no further step taken."""
        self._stopping.set()
        self._workers.wake()

    def join(self) -> None:
        """Wait a moment for the step under way."""
        self._thread.join(STOP_SECONDS)

    def caught_up(self, since: float) -> bool:
        """Whether everything written before a time is done.

        Raises:
            Exception: whatever ended the thread.
        """
        if self.failure:
            raise self.failure
        return self.poller.statistics.caught_up_at > since

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                seconds = self._step()
                self._workers.wait(min(seconds, LONGEST_WAIT_SECONDS))
        except Exception as error:
            self.failure = error
            self._notify()

    def _step(self) -> float:
        seconds = self.poller.step()
        self._notify()
        return seconds

    def _notify(self) -> None:
        with self._stepped:
            self._stepped.notify_all()


class Poller:
    """Polls mappings from `start` to `stop`, each in a thread of its own, or within a `with` statement.

    Args:
        mappings: what to poll; whether they are enabled is not looked at.
        services: what to talk to.
        options: pace, time and listener.

    Raises:
        CommandError: a mapping's on-failure destination is of a kind that it cannot have.
    """

    def __init__(
        self, mappings: Iterable[EventSourceMapping], services: Services, options: Options = Options()
    ) -> None:
        self._now = options.clock.now
        self._stepped = threading.Condition()
        self._loops = [self._loop(mapping, services, options) for mapping in mappings]

    def _loop(self, mapping: EventSourceMapping, services: Services, options: Options) -> Loop:
        workers = ThreadWorkers()
        return Loop(mapping_poller(mapping, services, workers, options), workers, self._stepped)

    @property
    def statistics(self) -> Mapping[str, Statistics]:
        """What was done so far, by mapping id."""
        return {loop.poller.uuid: loop.poller.statistics for loop in self._loops}

    def start(self) -> None:
        """Begin polling."""
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """End polling; invocations under way are left to end by themselves, their records count as not done."""
        for loop in self._loops:
            loop.ask_to_stop()
        for loop in self._loops:
            loop.join()

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """Wait until everything that was written to the streams before this call is done.

        Args:
            timeout: seconds to wait at most; None for no limit.

        Returns:
            Whether it is done.

        Raises:
            Exception: whatever ended polling, if it did.
        """
        asked = self._now()
        with self._stepped:
            return self._stepped.wait_for(lambda: all(loop.caught_up(asked) for loop in self._loops), timeout)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
