"""The JSON documents of a file, one after the other and none of them kept: JSON Lines, arrays, what `aws dynamodb scan`
prints, gzip or not.

A document is decoded from a window of text that moves over the file, so that neither a long file nor one long array
takes memory. Separators are read leniently, for a file that is cut or joined still has documents worth reading.
"""

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

Json = Union[None, bool, str, "JsonNumber", list["Json"], dict[str, "Json"]]

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 64 * 1024
_LOOK_AHEAD = 4096
_DEEPEST_INDENTATION = 1000
_LONGEST_DOCUMENT = 16 * 1024 * 1024
_LONGEST_TAIL = 64 * 1024
_NEAR_THE_END = 12
_SEPARATORS = re.compile(r"[\s,\[]+")
_BRACE_ALONE = re.compile(r"\{[ \t\r]*\n")
_TEXT_OF_A_LINE = re.compile(r"[^\n]+")
_SCAN_MEMBERS = frozenset({"Items", "Count", "ScannedCount", "ConsumedCapacity", "LastEvaluatedKey", "NextToken"})
_SCAN_START = re.compile(
    r'\{\s*(?:"(?:Count|ScannedCount|ConsumedCapacity)"\s*:\s*(?:\d+|null|\{[^{}]*\})\s*,\s*)*"Items"\s*:\s*\['
)
_LONGEST_AMBIGUOUS_DOCUMENT = 64 * 1024
"""Characters; what begins as the output of a scan does, and is no longer than this, may be a record with `Items`."""


@dataclass(frozen=True)
class JsonNumber:
    """A number as it is written, so that no digit is lost."""

    text: str


@dataclass(frozen=True)
class Document:
    """A JSON object, and the line that it begins on."""

    line: int
    value: dict[str, Json]


@dataclass(frozen=True)
class BadLine:
    """Lines that hold no document, the first and the last of them, and why; the reason quotes nothing of them."""

    line: int
    last_line: int
    reason: str


class _BadJson(ValueError):
    """Text that is not JSON, wherever it goes on."""


def _refuse_constant(name: str) -> Json:
    raise _BadJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=JsonNumber, parse_int=JsonNumber, parse_constant=_refuse_constant)


def read_documents(file: io.BufferedReader) -> Iterator[Document | BadLine]:
    """The documents of a file in order; bad lines stand where they were found, and what follows them is read.

    Args:
        file: plain or gzip, which its first bytes tell, in UTF-8, or in UTF-16 or UTF-32 as some shells redirect it.
    """
    return _Scanner(_Window(file)).documents()


class _Window:
    """The text from the current position on, as much of it as was asked for.

    A file that cannot be read on ends there; `failure` says why.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        compressed = file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
        self._file = gzip.GzipFile(fileobj=file) if compressed else file
        self._decoder: codecs.IncrementalDecoder | None = None
        self.text, self.at, self.line, self.column = "", 0, 1, 0
        self.ended = False
        self.failure: str | None = None

    def fill(self, size: int) -> bool:
        """Have this many characters after the position, or all that the file has; whether there are any."""
        missing = size - (len(self.text) - self.at)
        if missing > 0 and not self.ended:
            self.text = self.text[self.at :] + "".join(self._chunks(missing))
            self.at = 0
        return self.at < len(self.text)

    def advance(self, end: int) -> None:
        """Move the position within the text."""
        if lines := self.text.count("\n", self.at, end):
            self.line += lines
            self.column = end - self.text.rindex("\n", self.at, end) - 1
        else:
            self.column += end - self.at
        self.at = end

    def skip(self, pattern: re.Pattern[str]) -> None:
        """Move past everything that a pattern matches again and again."""
        while self.fill(1) and (match := pattern.match(self.text, self.at)):
            self.advance(match.end())

    def skip_line(self) -> None:
        """Move to the beginning of the next line."""
        self.skip(_TEXT_OF_A_LINE)
        if self.fill(1):
            self.advance(self.at + 1)

    def _chunks(self, size: int) -> Iterator[str]:
        while size > 0 and not self.ended:
            chunk = self._chunk()
            size -= len(chunk)
            yield chunk

    def _chunk(self) -> str:
        try:
            content = self._file.read1(_CHUNK_BYTES)
            self.ended = not content
            return self._decode(content)
        except (OSError, EOFError, UnicodeError, zlib.error) as error:
            self.ended, self.failure = True, f"the file cannot be read from here on: {error}"
            return ""

    def _decode(self, content: bytes) -> str:
        if self._decoder is None:
            encoding = json.detect_encoding(content[:4])
            errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
            self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        return self._decoder.decode(content, final=self.ended)


class _Scanner:
    """Finds documents in a window."""

    def __init__(self, window: _Window) -> None:
        self._window = window
        self._scan_output = False
        self._last_line = 0

    def documents(self) -> Iterator[Document | BadLine]:
        """Everything up to the end of the file."""
        window = self._window
        window.skip(_SEPARATORS)
        while window.fill(1):
            if found := self._next(window.text[window.at]):
                yield found
            window.skip(_SEPARATORS)
        if window.failure:
            yield BadLine(window.line, window.line, window.failure)

    def _next(self, character: str) -> Document | BadLine | None:
        if character == "]":
            return self._close()
        if character != "{":
            return self._bad("it is no JSON object")
        self._window.fill(_LOOK_AHEAD)
        start = _SCAN_START.match(self._window.text, self._window.at)
        return self._ambiguous(start.end() - start.start()) if start else self._document()

    def _close(self) -> BadLine | None:
        """The end of an array, and with it the other members of a scan's output."""
        window = self._window
        window.advance(window.at + 1)
        if not self._scan_output:
            return None
        self._scan_output = False
        window.fill(_LONGEST_TAIL)
        rest = window.text[window.at :].lstrip()
        skipped = len(window.text) - window.at - len(rest)
        try:
            _, end = _DECODER.raw_decode("{" + rest.removeprefix(","))
        except (ValueError, RecursionError):
            return self._bad("the output of a scan does not end as it should")
        window.advance(window.at + skipped + end - 1 + rest.startswith(","))
        return None

    def _ambiguous(self, start: int) -> Document | None:
        """The output of a scan, whose items are read next, or a record that has `Items` among its attributes.

        Args:
            start: characters up to the first item.
        """
        found = self._decode(_LONGEST_AMBIGUOUS_DOCUMENT)
        if isinstance(found, tuple) and not _SCAN_MEMBERS.issuperset(found[0]):
            return self._take(*found)
        self._scan_output = True
        self._window.advance(self._window.at + start)
        return None

    def _document(self) -> Document | BadLine:
        found = self._decode(_LONGEST_DOCUMENT)
        return self._bad(found) if isinstance(found, str) else self._take(*found)

    def _take(self, value: dict[str, Json], length: int) -> Document:
        document = Document(self._window.line, value)
        self._window.advance(self._window.at + length)
        self._last_line = self._window.line
        return document

    def _decode(self, longest: int) -> tuple[dict[str, Json], int] | str:
        """The object at the position and its length, or why there is none."""
        size, window = _LOOK_AHEAD, self._window
        while True:
            try:
                value, end = _DECODER.raw_decode(window.text, window.at)
                return value, end - window.at
            except RecursionError:
                return "it is nested too deeply"
            except _BadJson as error:
                return str(error)
            except json.JSONDecodeError as error:
                if window.ended or not _may_be_cut(error, window.text):
                    return f"it is not JSON: {error.msg[0].lower()}{error.msg[1:]}".removesuffix(" at")
            if (size := max(size, len(window.text) - window.at) * 2) > 2 * longest:
                return "it is longer than an item of 400 KB can be"
            window.fill(size)

    def _bad(self, reason: str) -> BadLine:
        """Leave out the line, or the whole of an object whose brace stands alone on its line."""
        window = self._window
        first, column = window.line, window.column
        if first == self._last_line:
            reason += "; with it, the rest of its line is left out"
        spread = column <= _DEEPEST_INDENTATION and _BRACE_ALONE.match(window.text, window.at)
        window.skip_line()
        if spread:
            neighbour = re.compile(rf"[ \t]{{{column}}}[{{\[]|[ \t]{{0,{column}}}\]")
            while window.fill(column + 1) and not neighbour.match(window.text, window.at):
                window.skip_line()
        return BadLine(first, max(first, window.line - 1), reason)


def _may_be_cut(error: json.JSONDecodeError, text: str) -> bool:
    """Whether more text could make JSON of it."""
    return error.pos >= len(text) - _NEAR_THE_END or error.msg.startswith("Unterminated string")
