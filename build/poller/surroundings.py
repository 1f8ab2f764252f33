"""What the shards of one mapping share while they are processed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from build.poller.configuration import EventSourceMapping
from build.poller.destination import Destination
from build.poller.invocation import Function
from build.poller.options import Options
from build.poller.statistics import Statistics
from build.poller.workers import Workers


class Tally:
    """The statistics of a mapping while they grow."""

    def __init__(self) -> None:
        self.statistics = Statistics()

    def add(self, **amounts: int) -> None:
        """Increase some counts."""
        self.statistics = self.statistics.plus(**amounts)

    def note(self, activity: str, problem: str | None) -> None:
        """Remember what keeps an activity from succeeding, or with None that nothing does."""
        others = {name: text for name, text in self.statistics.problems.items() if name != activity}
        self.statistics = replace(self.statistics, problems=others | ({activity: problem} if problem else {}))

    def place(self, checkpoints: Mapping[str, str], caught_up_at: float) -> None:
        """Remember how far the stream is processed."""
        self.statistics = replace(self.statistics, checkpoints=checkpoints, caught_up_at=caught_up_at)


@dataclass(frozen=True)
class Surroundings:
    """What the shards of one mapping share.

    Args:
        mapping: its configuration.
        function: what it invokes.
        destination: where its failed batches go, if anywhere.
        workers: who carries out the calls.
        options: pace, time and listener.
        tally: where records are counted.
    """

    mapping: EventSourceMapping
    function: Function
    destination: Destination | None
    workers: Workers
    options: Options
    tally: Tally = field(default_factory=Tally)
