"""Records as an application would write them: users and orders that appear, change and go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from build.local.writing import Write
from stack.config import StreamSource

if TYPE_CHECKING:
    from build.local.items import Item

_CHANGED_EVERY = 3
_REMOVED_EVERY = 5
_FIRST_TIME = Decimal("1750000000000")


@dataclass(frozen=True)
class Sample:
    """Records of one source; every third changes after it was written, every fifth is removed in the end.

    Args:
        source: the table to write to.
        count: how many records to insert.
    """

    source: StreamSource
    count: int

    def writes(self) -> Iterator[Write]:
        """Every write, in order."""
        for number in range(self.count):
            yield Write(self.source, self._item(number, "new"))
        for number in range(0, self.count, _CHANGED_EVERY):
            yield Write(self.source, self._item(number, "changed"))
        for number in range(0, self.count, _REMOVED_EVERY):
            yield Write(self.source, self._key(number), remove=True)

    def _key(self, number: int) -> "Item":
        """The key of a record; times have fractions, as clocks finer than a millisecond give them."""
        time = _FIRST_TIME + number + Decimal(number) / 1000
        return {
            self.source.id_attribute: {"S": f"{self.source.words[0].lower()}-{number:06d}"},
            self.source.time_attribute: {"N": str(time)},
        }

    def _item(self, number: int, state: str) -> "Item":
        return {**self._key(number), "state": {"S": state}}


@dataclass(frozen=True)
class SampleRecords:
    """The samples of all sources as the input of a run."""

    samples: Sequence[Sample]
    rejected = 0

    @property
    def description(self) -> str:
        return f"{sum(sample.count for sample in self.samples):,} records, some changed and some removed later"

    @property
    def most_writes(self) -> int:
        return sum(1 for sample in self.samples for _ in sample.writes())

    def writes(self) -> Iterator[tuple[Write, float]]:
        """Every write, and the part of them that it completes."""
        total = self.most_writes
        writes = (write for sample in self.samples for write in sample.writes())
        for number, write in enumerate(writes, start=1):
            yield write, number / total
