"""The command line: one table of commands, each imported only when it is asked for."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from build.errors import INTERRUPTED, NOBODY_READS, CommandError

_FAILED = 1


class CommandModule(Protocol):
    """What the module of a command offers: `add_arguments` adds its options, `run` does it."""

    EXAMPLE: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


@dataclass(frozen=True)
class Command:
    """A command's module and the line that `--help` shows for it."""

    module: str
    summary: str

    def load(self) -> CommandModule:
        return cast(CommandModule, importlib.import_module(self.module))


COMMANDS = {
    "package": Command("build.packaging.command", "make the function zips and the layer"),
    "plan": Command("build.commands.plan", "show what a deployment would change, and change nothing"),
    "deploy": Command("build.commands.deploy", "package, upload, and create or update a stack"),
    "settings": Command("build.commands.settings", "show what holds for a suffix and where it comes from"),
    "size": Command("build.sizing.command", "show what a stack needs for a number of records a day, and what it costs"),
    "list": Command("build.commands.list", "list this project's stacks in the account and region"),
    "outputs": Command("build.commands.outputs", "show the outputs of a stack"),
    "status": Command("build.commands.status", "show how a stack, its functions, mappings and alarms are"),
    "logs": Command("build.commands.logs", "show and follow what a stack logs"),
    "trace": Command("build.commands.trace", "show the way of a record, from its table to its summary or its failure"),
    "drift": Command("build.commands.drift", "find resources that differ from the template"),
    "prune": Command("build.commands.prune", "remove artifacts that no stack needs any more"),
    "redrive": Command("build.redrive.command", "replay what failed, from the bucket of failed events"),
    "reconcile": Command("build.reconcile.command", "prove that every record of the streams is recorded exactly once"),
    "days": Command("build.days.command", "say of every day whether its summary is exact, stale or missing"),
    "backfill": Command("build.days.backfill", "make the summaries that are missing or stale"),
    "restore": Command("build.commands.restore", "restore a table of a stack as it was at a time"),
    "adopt": Command("build.commands.adopt", "import what outlived its stack into a new one, and deploy the rest"),
    "sweep": Command("build.commands.sweep", "destroy the stacks that are past their expiry"),
    "destroy": Command("build.commands.destroy", "delete a stack and what it stores"),
    "local": Command("build.local.command", "run the whole system on this machine, with no account"),
    "console": Command("build.console.command", "open a page on this machine that shows a stack at work"),
    "diagram": Command("build.diagram.command", "draw the architecture and the workflow from the template"),
}


def main(arguments: Sequence[str]) -> int:
    """Run a command.

    Args:
        arguments: the words after `python -m build`.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage, 3 AWS goes on but could not be followed,
        130 interrupted, 141 when nobody reads the output any more.
    """
    _replace_closed_streams()
    name = arguments[0] if arguments else "build"
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return NOBODY_READS
    except OSError as error:
        _discard_output()
        print(f"{name}: {_system_error(error)}", file=sys.stderr)
        return _FAILED


def command_parser(name: str, command: Command, module: CommandModule) -> argparse.ArgumentParser:
    """The argument parser of one command, its help ending with an example."""
    parser = argparse.ArgumentParser(
        prog=f"python -m build {name}",
        description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        epilog=f"example:\n  {module.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return parser


def _run(arguments: Sequence[str]) -> int:
    name = _chosen_command(arguments)
    command = COMMANDS[name]
    try:
        module = command.load()
        return module.run(command_parser(name, command, module).parse_args(arguments[1:]))
    except CommandError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED


def _replace_closed_streams() -> None:
    """Have what is written to a standard stream that was closed (`>&-`) vanish, as its user wants.

    Python has None for such a stream, and its descriptor would be that of the next file that is opened.
    """
    sys.stdin = sys.stdin or open(os.devnull)
    sys.stdout = sys.stdout or open(os.devnull, "w")
    sys.stderr = sys.stderr or open(os.devnull, "w")


def _system_error(error: OSError) -> str:
    """The operating system's words as a sentence."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}; correct that and repeat the command."
    return (
        f"writing failed ({error.strerror or error}); make room, or send the output elsewhere, and repeat the command."
    )


def _chosen_command(arguments: Sequence[str]) -> str:
    """Prints help and exits when there is none."""
    parser = argparse.ArgumentParser(
        prog="python -m build", epilog=_overview(), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command", help="one of the commands below")
    name: str = parser.parse_args(arguments[:1] or ["--help"]).command
    return name


def _overview() -> str:
    return "commands:\n" + "\n".join(f"  {name:10} {command.summary}" for name, command in COMMANDS.items())


def _discard_output() -> None:
    """Keep what is still in the buffer from meeting the closed pipe when the interpreter ends.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
