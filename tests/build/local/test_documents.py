"""Documents in files: every format is read, what is bad is named, and nothing else is lost."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build.local.documents import BadLine, Document, JsonNumber, read_documents

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
RECORDS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4).map(lambda record: {"id": "1", **record}), max_size=6)


def read(content: str | bytes) -> list[Document | BadLine]:
    """Everything in a file."""
    encoded = content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
    return list(read_documents(io.BufferedReader(io.BytesIO(encoded))))


def plain(value: Any) -> Any:
    """A value with numbers as Python has them."""
    match value:
        case JsonNumber():
            return json.loads(value.text)
        case list():
            return [plain(element) for element in value]
        case dict():
            return {name: plain(member) for name, member in value.items()}
    return value


def values(content: str | bytes) -> list[Any]:
    """What the documents of a file hold, all of which must be good."""
    found = read(content)
    assert not [bad for bad in found if isinstance(bad, BadLine)]
    return [plain(document.value) for document in found if isinstance(document, Document)]


LAYOUTS: dict[str, Callable[[Any], str]] = {
    "lines": lambda records: "".join(json.dumps(record) + "\n" for record in records),
    "lines without end": lambda records: "\n".join(json.dumps(record) for record in records),
    "Windows lines": lambda records: "\r\n".join(json.dumps(record) for record in records),
    "one after the other": lambda records: "".join(json.dumps(record, indent=2) for record in records),
    "array": json.dumps,
    "spread array": lambda records: json.dumps(records, indent=4, ensure_ascii=False),
    "array in lines": lambda records: "[\n" + ",\n".join(json.dumps(record) for record in records) + "\n]\n",
    "scan": lambda records: json.dumps({"Items": records, "Count": len(records), "ConsumedCapacity": None}, indent=4),
    "sorted scan": lambda records: json.dumps({"ConsumedCapacity": {"TableName": "t"}, "Count": 1, "Items": records}),
    "compact scan with a token": lambda records: json.dumps({"Items": records, "NextToken": "x"}) + "\n",
    "two scans": lambda records: json.dumps({"Items": records, "Count": 0}) + json.dumps({"Items": [], "Count": 0}),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@given(records=RECORDS)
def test_every_layout_gives_back_what_was_written(layout: Any, records: list[Any]) -> None:
    assert values(layout(records)) == records


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_every_encoding_plain_or_compressed(encoding: str, compress: Any) -> None:
    records = [{"name": "Zoë ✓ 😀"}, {"name": "x" * 100_000}, {"name": "end"}]
    assert values(compress(LAYOUTS["lines"](records).encode(encoding))) == records


def test_gzip_of_several_members_is_one_file() -> None:
    assert values(gzip.compress(b'{"a": "1"}\n') + gzip.compress(b'{"a": "2"}\n')) == [{"a": "1"}, {"a": "2"}]


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"[]", b'{"Items": [], "Count": 0, "ScannedCount": 0}'])
def test_a_file_without_documents(content: bytes) -> None:
    assert read(content) == []


def test_every_digit_of_a_number_is_kept() -> None:
    number = "123456789012345678901234567890.00000001234500e-7"
    assert read(f'{{"a": {number}}}') == [Document(1, {"a": JsonNumber(number)})]
    digits = "9" * 10_000
    assert read(f'{{"a": {digits}}}') == [Document(1, {"a": JsonNumber(digits)})]


def test_lines_are_counted_across_reads() -> None:
    lines = [json.dumps({"number": str(number), "padding": "x" * (number % 977)}) for number in range(2_000)]
    found = read("\n\n".join(lines))
    assert [document.line for document in found] == list(range(1, 4_000, 2))


BAD = {
    "garbage": ("hello", "it is no JSON object"),
    "a number": ("5", "it is no JSON object"),
    "a lonely brace": ("}", "it is no JSON object"),
    "cut in a string": ('{"id": "b', "it is not JSON: invalid control character"),
    "cut after a comma": ('{"id": "b",', "it is not JSON: expecting property name"),
    "cut in a list": ('{"id": ["b", ', "it is not JSON: expecting"),
    "cut after a colon": ('{"id":', "it is not JSON: expecting"),
    "no quotes": ("{id: 5}", "it is not JSON: expecting property name"),
    "not a number": ('{"id": NaN}', "NaN is not JSON"),
    "infinity": ('{"id": -Infinity}', "-Infinity is not JSON"),
    "too deep": ('{"id": ' + "[" * 100_000, "it is nested too deeply"),
    "a bad escape": (r'{"id": "\q"}', "it is not JSON: invalid \\escape"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("before", [1, 3000])
@pytest.mark.parametrize("opening", ["", "[\n", '{"Items": [\n'])
def test_a_bad_line_is_named_and_the_others_are_read(bad: str, reason: str, before: int, opening: str) -> None:
    good = ['{"id": "%d"}' % number for number in range(before + 2)]
    first = before + 1 + opening.count("\n")
    found = read(opening + "\n".join([*good[:before], bad, *good[before:]]) + "\n")
    (named,) = [line for line in found if isinstance(line, BadLine)]
    assert (named.line, named.last_line) == (first, first)
    assert named.reason.startswith(reason)
    assert [plain(line.value)["id"] for line in found if isinstance(line, Document)] == [
        str(number) for number in range(before + 2)
    ]


def test_what_is_left_out_of_an_array_in_one_line_is_said() -> None:
    found = read('[{"id": "1"}, {"id": ?}, {"id": "3"}]\n[{"id": "4"}]')
    assert [document.line for document in found if isinstance(document, Document)] == [1, 2]
    assert found[1] == BadLine(1, 1, "it is not JSON: expecting value; with it, the rest of its line is left out")


def test_a_last_line_that_is_cut_is_named() -> None:
    good, bad = read('{"id": "1"}\n{"id": "2')
    assert good == Document(1, {"id": "1"})
    assert bad == BadLine(2, 2, "it is not JSON: unterminated string starting")


@pytest.mark.parametrize("opening", ["", "["])
def test_a_spread_object_is_left_out_as_a_whole(opening: str) -> None:
    spread = ['{\n  "id": "%s",\n  "inner": {\n    "a": 1\n  }\n}\n' % name for name in "abc"]
    spread[1] = spread[1].replace('"a": 1', '"a": ?')
    found = read(opening + "\n" + "".join(spread))
    assert [plain(line.value)["id"] for line in found if isinstance(line, Document)] == ["a", "c"]
    (bad,) = [line for line in found if isinstance(line, BadLine)]
    assert (bad.line, bad.last_line) == (8, 13)


def test_a_bad_item_of_a_spread_scan_is_left_out_alone() -> None:
    text = json.dumps({"Items": [{"id": {"S": name}} for name in "abc"], "Count": 3}, indent=4)
    for name, rest in (("a", "bc"), ("b", "ac"), ("c", "ab")):
        found = read(text.replace(f'"{name}"', "?"))
        assert [plain(line.value)["id"]["S"] for line in found if isinstance(line, Document)] == list(rest)
        assert len(found) == 3


def test_a_record_may_have_items_of_its_own() -> None:
    order = {"Items": [{"sku": "x"}], "orderId": "o-1"}
    assert values(json.dumps(order)) == [order]


def test_the_output_of_a_scan_that_is_cut_is_said() -> None:
    good, bad = read('{"Items": [{"id": "1"}], "Count": ')
    assert isinstance(good, Document)
    assert isinstance(bad, BadLine)
    assert "the output of a scan does not end" in bad.reason


def test_what_comes_before_damage_in_a_compressed_file_is_read() -> None:
    lines = [json.dumps({"id": str(number)}) + "\n" for number in range(50_000)]
    damaged = gzip.compress("".join(lines).encode(), mtime=0)[:-3000]
    *found, last = read(damaged)
    documents = [line for line in found if isinstance(line, Document)]
    assert [plain(document.value)["id"] for document in documents] == [str(n) for n in range(len(documents))]
    assert len(documents) > 40_000
    assert isinstance(last, BadLine)
    assert last.reason.startswith("the file cannot be read from here on")


def test_bytes_that_are_no_text_spoil_their_line_alone() -> None:
    found = read(b'{"id": "1"}\n{"id": "\xff\xfe"}\n{"id": "3"}\n')
    assert [document.line for document in found] == [1, 2, 3]


class Endless(io.RawIOBase):
    """A file made while it is read, of which a reader that kept it would not live."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next(self._parts, b"")
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def scan_in_one_line(count: int) -> Iterator[bytes]:
    """The output of a scan without a line break."""
    yield b'{"Items": ['
    for number in range(count):
        yield b'%s{"id": {"S": "%d"}, "padding": {"S": "%s"}}' % (b", " if number else b"", number, b"x" * 1000)
    yield b'], "Count": %d, "ScannedCount": %d}' % (count, count)


def one_array(count: int) -> Iterator[bytes]:
    yield b"["
    for number in range(count):
        yield b'%s{"id": "%d", "padding": "%s"}' % (b"," if number else b"", number, b"x" * 1000)
    yield b"]"


def json_lines(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield b'{"id": "%d", "padding": "%s"}\n' % (number, b"x" * 1000)


@pytest.mark.parametrize("parts", [scan_in_one_line, one_array, json_lines])
def test_a_long_file_takes_no_more_memory_than_its_records(parts: Any) -> None:
    count = 20_000
    tracemalloc.start()
    try:
        found = sum(isinstance(line, Document) for line in read_documents(io.BufferedReader(Endless(parts(count)))))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == count
    assert peak < 8 * 1024 * 1024 < count * 1000


def test_an_object_longer_than_any_item_is_left_out_without_keeping_it() -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"id": "1"}\n{"id": ["'
        for _ in range(400):
            yield b"x" * 100_000
        yield b'"]}\n{"id": "3"}\n'

    first, bad, last = read_documents(io.BufferedReader(Endless(parts())))
    assert (first.line, bad, last.line) == (1, BadLine(2, 2, "it is longer than an item of 400 KB can be"), 3)
