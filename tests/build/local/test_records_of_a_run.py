"""Partitions small enough to be read by the emulator."""

import gzip
import os
from pathlib import Path

import pytest

from build.local.documents import BadLine
from build.local.records import RecordFiles, Sample, SampleRecords, activity_shards
from tests.sources import ORDERS, USERS


@pytest.mark.parametrize(("writes", "shards"), [(0, 1), (3_999, 1), (4_000, 2), (100_000, 50), (10**9, 100)])
def test_few_records_are_in_one_partition_as_deployed_and_many_in_many(writes: int, shards: int) -> None:
    assert activity_shards(writes) == ((0, shards),)


def files(*paths: Path) -> RecordFiles:
    def ignore(_: Path, __: BadLine) -> None:
        pass

    return RecordFiles(paths, [USERS], ignore)


def test_how_many_records_there_can_be_is_known_before_they_are_read(tmp_path: Path) -> None:
    assert SampleRecords([Sample(USERS, 15), Sample(ORDERS, 0)]).most_writes == 15 + 5 + 3
    lines = b"".join(b'{"userId": "user-%d", "timestamp": %d}\n' % (n, n) for n in range(10_000))
    plain, compressed, pipe = tmp_path / "a.json", tmp_path / "a.json.gz", tmp_path / "pipe"
    plain.write_bytes(lines)
    compressed.write_bytes(gzip.compress(lines))
    os.mkfifo(pipe)
    assert files(plain).most_writes >= 10_000
    assert files(compressed).most_writes >= 10_000
    assert files(plain, compressed).most_writes == files(plain).most_writes + files(compressed).most_writes
    assert activity_shards(files(pipe).most_writes) == ((0, 100),)
