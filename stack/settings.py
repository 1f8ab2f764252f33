"""The settings of one suffix that are kept in git: a section `[suffix.prod]` of setup.cfg."""

import re
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from configparser import Error as FormatError
from configparser import SectionProxy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stack.activity_shards import FROM_THE_BEGINNING, ActivityShards, check_activity_shards
from stack.config import (
    LEAST_RETENTION_DAYS,
    PROTECTED_SUFFIXES,
    SOURCES,
    StackConfig,
    StreamSource,
)
from stack.errors import ConfigurationError
from stack.sizing import USUAL_PEAK, pages_in_one_invocation, sized_sources

SETTINGS_FILE = Path(__file__).resolve().parents[1] / "setup.cfg"
SIZES = {
    "memory_size": (128, 10_240),
    "timeout": (1, 900),
    "batch_size": (1, 10_000),
    "batching_window": (0, 300),
    "parallelization_factor": (1, 10),
}
"""The fields of a source that a suffix may choose, with the least and the most that Lambda takes
(https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and API_CreateEventSourceMapping.html)."""
_MOST_RETENTION_DAYS = 36_500
_BOOLEANS = ConfigParser.BOOLEAN_STATES


@dataclass(frozen=True)
class SuffixSettings:
    """What the settings say about one suffix; what they leave open is None or empty.

    Args:
        suffix: of the stack.
        region: `us-west-2`.
        account: the twelve digits of the only account that the stack may be in.
        role: ARN of the role that CloudFormation acts as.
        protected: whether the stack's data must outlive mistakes; a suffix that always is need not say so.
        activity_retention_days: how long activities are kept; None for ever.
        bytecode: whether its archives have bytecode; None for where it can be made.
        tags: of the stack and its resources.
        parameters: of the template.
        scale: records a day that the sources are sized for; None for the sizes of `stack.config`.
        sizes: of sources, by their name and the field of `StreamSource`; they win over the scale.
        activity_shards: of each activity type.
        pages_in_one_invocation: that the analytics processor reads before the workflow counts in slices; None for what
            the scale needs.
    """

    suffix: str
    region: str | None = None
    account: str | None = None
    role: str | None = None
    protected: bool = False
    bytecode: bool | None = None
    activity_retention_days: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    scale: float | None = None
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    activity_shards: ActivityShards | None = None
    pages_in_one_invocation: int | None = None

    @property
    def section(self) -> str:
        """What messages call the place of these settings."""
        return _section(self.suffix)

    @property
    def config(self) -> StackConfig:
        """The configuration of the stack.

        Raises:
            ConfigurationError: for a suffix that no stack can have.
        """
        config = StackConfig(
            self.suffix,
            sources=tuple(map(self._sized, self._scaled)),
            activity_retention_days=self.activity_retention_days,
            pages_in_one_invocation=self._pages,
            protected_by_settings=self.protected,
        )
        return replace(config, activity_shards=self.activity_shards) if self.activity_shards else config

    @property
    def _pages(self) -> int:
        if self.pages_in_one_invocation is not None:
            return self.pages_in_one_invocation
        return pages_in_one_invocation(self.scale or 0)

    @property
    def _scaled(self) -> tuple[StreamSource, ...]:
        if self.scale is None:
            return SOURCES
        return tuple(size.source for size in sized_sources(SOURCES, self.scale, USUAL_PEAK))

    def _sized(self, source: StreamSource) -> StreamSource:
        sizes: Mapping[str, Any] = self.sizes.get(source.name, {})
        return replace(source, **sizes)


def read_settings(suffix: str) -> SuffixSettings:
    """The settings of a suffix; nothing is set when setup.cfg has no section for it.

    Raises:
        ConfigurationError: for a section that has an unknown key or a value that cannot be used.
    """
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(SETTINGS_FILE, encoding="utf-8")
    except (FormatError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{SETTINGS_FILE.name} cannot be read: {' '.join(str(error).split())}.") from error
    name = f"suffix.{suffix}"
    return _settings(suffix, parser[name]) if parser.has_section(name) else SuffixSettings(suffix)


def _settings(suffix: str, section: SectionProxy) -> SuffixSettings:
    if unknown := sorted(set(section) - set(_READERS)):
        raise ConfigurationError(
            f"{_section(suffix)} has the unknown key {', '.join(unknown)}; the keys are {', '.join(_READERS)}."
        )
    settings = SuffixSettings(
        suffix, **{key: _READERS[key](text, _place(suffix, key)) for key, text in section.items()}
    )
    if suffix in PROTECTED_SUFFIXES and not section.getboolean("protected", True):
        raise ConfigurationError(
            f"{_place(suffix, 'protected')} is no, and {suffix} is always protected; remove that line."
        )
    return settings


def _section(suffix: str) -> str:
    return f"{SETTINGS_FILE.name} [suffix.{suffix}]"


def _place(suffix: str, key: str) -> str:
    return f"{key} in {_section(suffix)}"


def _matching(pattern: str, kind: str) -> Callable[[str, str], str]:
    """A reader of values that have a certain form."""

    def read(text: str, place: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ConfigurationError(f"{place} is {text!r}; write {kind}.")
        return text

    return read


def _boolean(text: str, place: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ConfigurationError(f"{place} is {text!r}; write yes or no.")
    return _BOOLEANS[text.lower()]


def _records_a_day(text: str, place: str) -> float:
    if not re.fullmatch(r"[1-9][0-9]{0,14}|[1-9](\.[0-9]+)?e[0-9]{1,2}", text):
        raise ConfigurationError(f"{place} is {text!r}; write the records of a day, as 1e9.")
    return float(text)


def _assignments(text: str, place: str) -> dict[str, str]:
    """The lines `name = value` of a setting, each name once."""
    values: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not (name and equals) or name in values:
            raise ConfigurationError(f"{place} has the line {line!r}; write each name once, as NAME = VALUE.")
        values[name] = value
    return values


def _sizes(text: str, place: str) -> dict[str, dict[str, int]]:
    """The lines `UserData.memory_size = 512` of a setting, by source."""
    sizes: dict[str, dict[str, int]] = {}
    for name, value in _assignments(text, place).items():
        source, _, size = name.partition(".")
        if source not in {known.name for known in SOURCES} or size not in SIZES:
            raise ConfigurationError(
                f"{place} has {name}; write SOURCE.SIZE, with a source of "
                f"{', '.join(known.name for known in SOURCES)} and a size of {', '.join(SIZES)}."
            )
        sizes.setdefault(source, {})[size] = _number_from(*SIZES[size])(value, f"{name} of {place}")
    return sizes


def _number_from(least: int, most: int) -> Callable[[str, str], int]:
    """A reader of whole numbers in a range."""

    def read(text: str, place: str) -> int:
        if not re.fullmatch(r"[0-9]+", text) or not least <= int(text) <= most:
            raise ConfigurationError(f"{place} is {text!r}; write a whole number from {least:,} to {most:,}.")
        return int(text)

    return read


def _activity_shards(text: str, place: str) -> ActivityShards:
    """The lines `2026-12-01T00:00:00Z = 8` of a setting, the first of which is of the time 0."""
    assigned = _assignments(text, place)
    history: ActivityShards = tuple(
        (FROM_THE_BEGINNING if time == str(FROM_THE_BEGINNING) else time, _number(shards))
        for time, shards in assigned.items()
    )
    try:
        check_activity_shards(history)
    except ConfigurationError as error:
        raise ConfigurationError(f"{place} is wrong: {error}") from error
    return history


def _number(text: str) -> int:
    """A whole number; 0 for anything else, which is no number of shards."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


_READERS: Mapping[str, Callable[[str, str], Any]] = {
    "region": _matching(r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region like us-west-2"),
    "account": _matching(r"[0-9]{12}", "the twelve digits of an account"),
    "role": _matching(r"arn:[a-z-]+:iam::[0-9]{12}:role/\S+", "the ARN of a role"),
    "protected": _boolean,
    "bytecode": _boolean,
    "activity_retention_days": _number_from(LEAST_RETENTION_DAYS, _MOST_RETENTION_DAYS),
    "tags": _assignments,
    "parameters": _assignments,
    "scale": _records_a_day,
    "sizes": _sizes,
    "activity_shards": _activity_shards,
    "pages_in_one_invocation": _number_from(0, 1_000_000),
}
"""What reads the value of each key."""
