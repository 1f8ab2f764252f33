"""The newest log lines of a stack, read only while somebody looks at them."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic, time

from build.commands.logs import LogEntry, LogTail, log_tails
from build.console.target import Target

MOST_LINES = 10_000
SHOWN_LINES = 300
_SECONDS_WATCHED = 60
_SECONDS_BACK = 3600
_FIELDS_WITHOUT_PAYLOADS = frozenset(
    {"exception_name", "failed", "failures", "ignored", "is_valid", "records", "summaries", "written"}
)
"""Of the functions' lines: what holds no part of a record, of an event, or of an execution's input."""
_NOT_SHOWN = "an event or an error, which is not shown of a protected suffix"


@dataclass(frozen=True)
class LogFilter:
    """Which lines to show; what is empty lets every line pass.

    Args:
        source: the logical id of a function or of the workflow.
        level: `ERROR`.
        text: what a line has to contain, such as a record's sequence number.
    """

    source: str = ""
    level: str = ""
    text: str = ""

    def matches(self, entry: LogEntry) -> bool:
        """Whether an entry is to be shown."""
        return (
            self.source in ("", entry.source)
            and self.level in ("", entry.level)
            and self.text.casefold() in entry.line.casefold()
        )


class LogBuffer:
    """Keeps the newest lines.

    Args:
        target: whose functions and workflow log.
        most: lines to keep.
    """

    def __init__(self, target: Target, most: int = MOST_LINES) -> None:
        self._target = target
        self._entries: deque[LogEntry] = deque(maxlen=most)
        self._tails: list[LogTail] | None = None
        self._watched_at = -float(_SECONDS_WATCHED)
        self._reading = Lock()

    @property
    def sources(self) -> list[str]:
        """What logs: the logical ids of functions and workflow."""
        return sorted(tail.source for tail in self._tails or ())

    @property
    def watched(self) -> bool:
        """Whether somebody looked within the last minute, so that reading is worth it."""
        return monotonic() - self._watched_at < _SECONDS_WATCHED

    def read(self) -> int:
        """Read what is new; how many lines there were.

        Raises:
            ClientError, BotoCoreError: when a log group cannot be read; the others' lines are kept.
        """
        with self._reading:
            if self._tails is None:
                since = int((time() - _SECONDS_BACK) * 1000)
                self._tails = log_tails(self._target.clients, self._target.stack, None, since)
            new: list[LogEntry] = []
            try:
                for tail in self._tails:
                    new.extend(tail.read_new())
            finally:
                self._entries.extend(map(self._shown, sorted(new, key=lambda entry: entry.time)))
            return len(new)

    def newest(self, wanted: LogFilter, most: int = SHOWN_LINES) -> tuple[Sequence[LogEntry], int]:
        """The newest lines that match, newest first, and how many match in all; the caller counts as watching."""
        first = self._tails is None
        self._watched_at = monotonic()
        if first:
            self.read()
        matching = [entry for entry in self._entries.copy() if wanted.matches(entry)]
        return matching[: -most - 1 : -1], len(matching)

    def _shown(self, entry: LogEntry) -> LogEntry:
        """An entry without what may be a payload where the suffix is protected, whatever the functions were told."""
        return without_payload(entry) if self._target.config.protected else entry


def without_payload(entry: LogEntry) -> LogEntry:
    """An entry with the fields that hold no payload, and with its message unless that is an event or an error.

    Powertools logs an event as the message of a line, Lambda an error that nothing caught as `[ERROR] ...` or as JSON.
    """
    fields = {name: value for name, value in entry.fields.items() if name in _FIELDS_WITHOUT_PAYLOADS}
    structured = entry.message.startswith(("{", "["))
    return replace(entry, message=_NOT_SHOWN if structured else entry.message, fields=fields)
