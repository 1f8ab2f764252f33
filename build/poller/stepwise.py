"""Processing mappings in the caller's thread: the same calls in the same order in every run."""

import math
from collections.abc import Iterable, Mapping

from build.poller.configuration import EventSourceMapping
from build.poller.mapping_poller import mapping_poller
from build.poller.options import Options
from build.poller.services import Services
from build.poller.statistics import Statistics
from build.poller.workers import InlineWorkers


class StepwisePoller:
    """A poller that works only when it is told to.

    Args:
        mappings: what to poll.
        services: what to talk to.
        options: pace, time and listener; with a clock of one's own, waiting takes no time.

    Raises:
        CommandError: a mapping's on-failure destination is of a kind that it cannot have.
    """

    def __init__(
        self, mappings: Iterable[EventSourceMapping], services: Services, options: Options = Options()
    ) -> None:
        self._clock = options.clock
        self._workers = InlineWorkers(options.clock)
        self._pollers = [mapping_poller(mapping, services, self._workers, options) for mapping in mappings]

    @property
    def statistics(self) -> Mapping[str, Statistics]:
        """What was done until the last step, by mapping id."""
        return {poller.uuid: poller.statistics for poller in self._pollers}

    def step(self) -> float:
        """Do everything that is due in every mapping; a batch's outcome is looked at in the next step.

        Returns:
            Seconds until something else is due.
        """
        return min((poller.step() for poller in self._pollers), default=math.inf)

    def run_until_idle(self) -> None:
        """Go on until everything that was in the streams at the beginning is done, waiting as often as that takes."""
        begun = self._clock.now()
        seconds = self.step()
        while min((one.caught_up_at for one in self.statistics.values()), default=math.inf) <= begun:
            self._workers.wait(seconds)
            seconds = self.step()
