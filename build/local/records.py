"""The records that a run writes: the user's own, from files of JSON, or samples as an application would write them."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from build.errors import CommandError
from build.local.documents import BadLine, Document, read_documents
from build.local.items import ItemError, item_from_json, shown
from build.local.writing import Write
from stack.activity_shards import FROM_THE_BEGINNING, ActivityShards
from stack.config import StreamSource

if TYPE_CHECKING:
    from build.local.items import Item

_LONGEST_ID = 2048
_SHORTEST_RECORD = 40
"""Bytes; `{"userId": "1", "timestamp": 1}` and a line end are 32, and nobody has many of those."""
_GZIP_RATIO = 10
_RECORDS_OF_A_PIPE = 1_000_000
_CHANGED_EVERY = 3
_REMOVED_EVERY = 5
_FIRST_TIME = Decimal("1750000000000")
_TYPES = {
    "S": "a string",
    "N": "a number",
    "B": "binary data",
    "BOOL": "true or false",
    "NULL": "null",
    "L": "a list",
    "M": "a map",
}

_ACTIVITIES_IN_A_PARTITION = 2_000
_MOST_SHARDS = 100


def source_of(item: "Item", sources: Sequence[StreamSource]) -> StreamSource:
    """The one source whose key the item has: an id that is a string, and a time that is a number.

    Raises:
        ItemError: there is none, or several.
    """
    problems = {source.name: _key_problem(item, source) for source in sources}
    matching = [source for source in sources if problems[source.name] is None]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = " or ".join(source.name for source in matching)
        raise ItemError(f"the record may belong to {names}; name one with --source")
    near = [source for source in sources if source.id_attribute in item] or sources
    raise ItemError(", and ".join(f"it is no record of {source.name}: {problems[source.name]}" for source in near))


def _key_problem(item: "Item", source: StreamSource) -> str | None:
    return _attribute_problem(item, source.id_attribute, "S") or _attribute_problem(item, source.time_attribute, "N")


def _attribute_problem(item: "Item", name: str, needed: str) -> str | None:
    if name not in item:
        return f"{shown(name)} is missing"
    ((descriptor, value),) = item[name].items()
    if descriptor != needed:
        return f"{shown(name)} must be {_TYPES[needed]} and is {_TYPES.get(descriptor, 'a set')}"
    if needed == "S" and not 1 <= len(str(value).encode()) <= _LONGEST_ID:
        return f"{shown(name)} must have 1 to {_LONGEST_ID:,} bytes"
    return None


@dataclass
class RecordFiles:
    """Records in files, each for the source that its key tells.

    Args:
        paths: the files.
        sources: those that a record may belong to.
        on_bad_line: told of each line that is no record, with the name of its file; none ends the reading.
        rejected: how many such lines there were so far.
    """

    paths: Sequence[Path]
    sources: Sequence[StreamSource]
    on_bad_line: Callable[[Path, BadLine], None]
    rejected: int = 0

    @property
    def description(self) -> str:
        return f"the records in {', '.join(map(str, self.paths))}"

    @property
    def most_writes(self) -> int:
        """What the sizes of the files allow: no record is shorter than its key, and gzip makes of many alike few bytes.
        A pipe has no size and may bring any number."""
        return sum(map(_most_records, self.paths))

    def writes(self) -> Iterator[tuple[Write, float]]:
        """Every write, and the part of the files that was read when it was found.

        Raises:
            CommandError: a file cannot be opened.
        """
        total = sum(path.stat().st_size for path in self.paths) or 1
        before = 0
        for path in self.paths:
            with open_records(path) as file:
                seekable = file.seekable()
                for found in read_documents(file):
                    write = self._write(path, found)
                    if write:
                        yield write, (before + file.tell()) / total if seekable else 0.0
            before += path.stat().st_size

    def _write(self, path: Path, found: Document | BadLine) -> Write | None:
        if isinstance(found, Document):
            try:
                item = item_from_json(found.value)
                return Write(source_of(item, self.sources), item)
            except ItemError as error:
                found = BadLine(found.line, found.line, str(error))
        self.rejected += 1
        self.on_bad_line(path, found)
        return None


def _most_records(path: Path) -> int:
    if not path.is_file():
        return _RECORDS_OF_A_PIPE
    return path.stat().st_size * (_GZIP_RATIO if path.suffix == ".gz" else 1) // _SHORTEST_RECORD


def open_records(path: Path) -> io.BufferedReader:
    """Open a file of records.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}); name a file of JSON records.") from error


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


def activity_shards(writes: int) -> ActivityShards:
    """The `StackConfig.activity_shards` for a number of writes, all of which may be of one type.

    The emulator's Query looks at every item of a partition for each page (37 µs an item, measured), however few items
    the page holds; DynamoDB does not. Many small partitions take it less time than a few large ones.
    """
    return ((FROM_THE_BEGINNING, min(_MOST_SHARDS, max(1, writes // _ACTIVITIES_IN_A_PARTITION))),)
