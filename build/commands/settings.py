"""The command `settings`: what holds for a suffix, and where each value comes from."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from build.options import DEFAULT_SOURCE, StackContext, add_stack_options, stack_context
from build.text import TextTable
from stack.activity_shards import activity_shards_variable
from stack.config import PROTECTED_SUFFIXES, RUNTIME_PYTHON, SOURCES, StreamSource
from stack.settings import SIZES, SuffixSettings

EXAMPLE = "python -m build settings --suffix prod --json"

_BYTECODE = {True: "yes", False: "no", None: None}


@dataclass(frozen=True)
class Setting:
    """A value that holds, and where it comes from; without a value, the source says what that means."""

    name: str
    value: str | None
    source: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the settings of a suffix as a command with the same options would use them; AWS is not asked.

    Raises:
        CommandError: when they cannot be used.
    """
    with stack_context(arguments) as context:
        settings = list(settings_of(context))
        rows = [(setting.name, setting.value or "-", setting.source) for setting in settings]
        context.presenter.result(
            {"stack": context.config.stack_name, "settings": list(map(asdict, settings))},
            [TextTable(f"Settings of {context.config.stack_name}", ("setting", "value", "from"), rows)],
        )
    return 0


def settings_of(context: StackContext) -> Iterator[Setting]:
    """Everything that a suffix can set, in the order of its keys."""
    settings = context.settings
    yield Setting("region", context.clients.region, context.region_source)
    yield _optional(settings, "account", settings.account, "any account")
    yield _optional(settings, "role", settings.role, "as the stack has it, else the caller's own")
    yield Setting("protected", "yes" if context.config.protected else "no", _protection_source(settings))
    yield _optional(settings, "bytecode", _BYTECODE[settings.bytecode], f"where Python {RUNTIME_PYTHON} is found")
    yield _optional(settings, "activity_retention_days", _text(settings.activity_retention_days), "for ever")
    yield from _assigned(settings, "tags", settings.tags)
    yield from _assigned(settings, "parameters", settings.parameters)
    shards = activity_shards_variable(context.config.activity_shards)
    yield Setting("activity_shards", shards, settings.section if settings.activity_shards else DEFAULT_SOURCE)
    yield _optional(settings, "scale", None if settings.scale is None else f"{settings.scale:g}", "the sizes below")
    for source, default in zip(context.config.sources, SOURCES, strict=True):
        yield from _sizes(settings, source, default)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _optional(settings: SuffixSettings, name: str, value: str | None, otherwise: str) -> Setting:
    return Setting(name, value, settings.section if value else f"not set: {otherwise}")


def _assigned(settings: SuffixSettings, name: str, values: Mapping[str, str]) -> Iterator[Setting]:
    if not values:
        yield Setting(name, None, "not set: as the stack has them")
    for key, value in sorted(values.items()):
        yield Setting(f"{name}.{key}", value, settings.section)


def _sizes(settings: SuffixSettings, source: StreamSource, default: StreamSource) -> Iterator[Setting]:
    chosen = settings.sizes.get(source.name, {})
    for size in SIZES:
        place = settings.section if size in chosen else DEFAULT_SOURCE
        yield Setting(f"sizes.{source.name}.{size}", str(chosen.get(size, getattr(default, size))), place)


def _protection_source(settings: SuffixSettings) -> str:
    if settings.suffix in PROTECTED_SUFFIXES:
        return "the suffix, which is always protected"
    return settings.section if settings.protected else DEFAULT_SOURCE
