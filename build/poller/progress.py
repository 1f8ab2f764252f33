"""How far a shard is processed."""

from collections import deque
from collections.abc import Iterable

from build.poller.records import StreamRecord


class Progress:
    """Which records of a shard are done; the checkpoint only moves past a record when it and all before it are."""

    def __init__(self) -> None:
        self._order: deque[str] = deque()
        self._open: set[str] = set()
        self.checkpoint: str | None = None

    @property
    def pending(self) -> int:
        """Records that are read and not done."""
        return len(self._open)

    def begin(self, record: StreamRecord) -> None:
        """Note a record, in the order of the shard."""
        self._order.append(record.sequence_number)
        self._open.add(record.sequence_number)

    def finish(self, records: Iterable[StreamRecord]) -> None:
        """Note that records are processed, filtered out or given up."""
        self._open.difference_update(record.sequence_number for record in records)
        while self._order and self._order[0] not in self._open:
            self.checkpoint = self._order.popleft()
