"""Records in the tables of a stack under test, as an application writes them."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from build.local.cloud import LocalCloud
from build.local.writing import TableWriter, Write
from stack.config import StreamSource

if TYPE_CHECKING:
    from build.local.items import Item

SECONDS = 60


def record(source: StreamSource, record_id: str, moment: int = 1, **attributes: str) -> Write:
    """The write of a record."""
    item: Item = {source.id_attribute: {"S": record_id}, source.time_attribute: {"N": str(moment)}}
    for name, value in attributes.items():
        item[name] = {"S": value}
    return Write(source, item)


def removal(write: Write) -> Write:
    """The removal of a record that was written."""
    return Write(write.source, write.key, remove=True)


def write_and_process(cloud: LocalCloud, writes: Iterable[Write]) -> None:
    """Write records that are all changes, and wait until their streams are processed."""
    done = _done(cloud)
    tables = {source.name: cloud.outputs[f"{source.name}TableName"] for source in cloud.config.sources}
    writer = TableWriter(cloud.clients.dynamodb, tables)
    for write in writes:
        writer.write(write)
        done += 1
    writer.flush()
    deadline = time.monotonic() + SECONDS
    while _done(cloud) < done:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _done(cloud: LocalCloud) -> int:
    """How many stream records are filtered out, processed or given up."""
    return sum(
        mapping.filtered_out + mapping.processed + mapping.dropped + mapping.on_failure_destination_delivered
        for mapping in cloud.poller.statistics.values()
    )
