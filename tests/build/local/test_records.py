"""Records from files: whose they are, where each bad line is, and that none is lost."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from build.errors import CommandError
from build.local.documents import BadLine, JsonNumber
from build.local.items import ItemError, item_from_json
from build.local.records import RecordFiles, open_records, source_of
from build.local.writing import Write
from stack.config import StreamSource
from tests.sources import ORDERS, USERS

SOURCES = (USERS, ORDERS)

USER = {"userId": "u-1", "timestamp": 1.5}
ORDER = {"orderId": {"S": "o-1"}, "createdAt": {"N": "17"}}


def read(paths: list[Path], sources: tuple[StreamSource, ...] = SOURCES) -> tuple[list[Write], list[tuple[str, int]]]:
    """The writes that files lead to, and the bad lines by file and number."""
    bad: list[tuple[str, int]] = []

    def note(path: Path, line: BadLine) -> None:
        bad.append((path.name, line.line))

    files = RecordFiles(paths, sources, note)
    found = [write for write, _ in files.writes()]
    assert files.rejected == len(bad)
    return found, bad


def test_the_key_tells_the_source() -> None:
    assert source_of(item_from_json({"userId": "u", "timestamp": JsonNumber("1")}), SOURCES) is USERS
    assert source_of(item_from_json({"orderId": "o", "createdAt": JsonNumber("1"), "userId": "u"}), SOURCES) is ORDERS


BOTH: dict[str, Any] = {
    "userId": "u",
    "timestamp": JsonNumber("1"),
    "orderId": "o",
    "createdAt": JsonNumber("2"),
}


def test_a_record_of_two_sources_needs_a_word() -> None:
    with pytest.raises(ItemError, match="may belong to UserData or OrderData; name one with --source"):
        source_of(item_from_json(BOTH), SOURCES)
    assert source_of(item_from_json(BOTH), [ORDERS]) is ORDERS


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"userId": ""}, "it is no record of UserData: 'userId' must have 1 to 2,048 bytes"),
        ({"userId": "é" * 1025}, "'userId' must have 1 to 2,048 bytes"),
        ({"userId": JsonNumber("5")}, "'userId' must be a string and is a number"),
        ({"timestamp": "5"}, "'timestamp' must be a number and is a string"),
        ({"timestamp": None}, "'timestamp' must be a number and is null"),
    ],
)
def test_a_key_of_the_wrong_kind_is_named(change: Any, reason: str) -> None:
    item = item_from_json({"userId": "u", "timestamp": JsonNumber("1"), **change})
    with pytest.raises(ItemError) as refused:
        source_of(item, SOURCES)
    assert reason in str(refused.value)
    assert "OrderData" not in str(refused.value)


def test_a_record_of_no_source_is_told_what_each_needs() -> None:
    with pytest.raises(ItemError, match="UserData: 'userId' is missing, and it is no record of OrderData: 'orderId' "):
        source_of(item_from_json({"id": "x"}), SOURCES)


def test_files_of_every_kind_in_one_run(tmp_path: Path) -> None:
    lines, scan, export = tmp_path / "lines.txt", tmp_path / "scan", tmp_path / "export"
    lines.write_text(f"{json.dumps(USER)}\nnonsense\n{json.dumps({**USER, 'userId': 5})}\n{json.dumps(USER)}\n")
    scan.write_text(json.dumps({"Items": [ORDER, {"x": {"S": "y"}}, ORDER], "Count": 3}, indent=4))
    export.write_bytes(gzip.compress(f"{json.dumps({'Item': ORDER})}\n".encode()))
    writes, bad = read([lines, scan, export])
    assert [write.source.name for write in writes] == ["UserData"] * 2 + ["OrderData"] * 3
    assert writes[0].item == {"userId": {"S": "u-1"}, "timestamp": {"N": "1.5"}}
    assert writes[4].item == ORDER
    assert bad == [("lines.txt", 2), ("lines.txt", 3), ("scan", 11)]


def test_the_part_that_is_read_grows_to_the_whole(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("".join(f"{json.dumps({**USER, 'x': 'y' * 90})}\n" for _ in range(5_000)))
    files = RecordFiles([tmp_path / "a", tmp_path / "b"], SOURCES, lambda *_: None)
    parts = [part for _, part in files.writes()]
    assert parts == sorted(parts)
    assert (0 < parts[0] < 0.2, 0.4 < parts[5_000] < 0.7, parts[-1]) == (True, True, 1)


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="cannot be read .*; name a file of JSON records"):
        open_records(tmp_path / name)
