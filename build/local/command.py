"""`python -m build local`: the whole system on this machine."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from build.errors import CommandError
from build.local.cloud import LocalCloud, new_log_folder, running_cloud, save_logs
from build.local.documents import BadLine
from build.local.drill import run_drill
from build.local.faults import FAULTS
from build.local.records import RecordFiles, Sample, SampleRecords, activity_shards, open_records
from build.local.report import print_report, report_problems
from build.local.scenario import Records, run_scenario
from build.local.tour import Tour, TourReport
from build.options import presenting
from build.packaging import package
from build.progress import StderrProgress
from stack.config import DEFAULT_SUFFIX, SOURCES, StackConfig, StreamSource

EXAMPLE = "python -m build local --user-data 500 --order-data 200\n  python -m build local --records users.json.gz"
_DEFAULT_COUNT = 20
_OWN_OPTIONS = ("--help", "--records", "--source", "--json", "--fault", "--drill", "--keep")
_ALIASES = {"UserData": "--users", "OrderData": "--orders"}
_MOST_LINES_NAMED = 20
_WRONG_USAGE = 2
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_EXIT_CODE_OF_SIGNALS = 128
"""Of a program that a signal ended, to which the signal's number is added
(https://tldp.org/LDP/abs/html/exitcodes.html)."""
_SIGNALS_TO_END_AT_ONCE = 3


class BadLines:
    """Names the first lines that are no record on stderr, and counts the others, so that a bad file floods nobody."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, path: Path, bad: BadLine) -> None:
        self._count += 1
        if self._count <= _MOST_LINES_NAMED:
            lines = f"line {bad.line}" if bad.last_line == bad.line else f"lines {bad.line} to {bad.last_line}"
            print(f"local: {path}, {lines}: {bad.reason}.", file=sys.stderr, flush=True)

    def say_how_many_more(self) -> None:
        """Say how many there were beyond those that are named."""
        if (more := self._count - _MOST_LINES_NAMED) > 0:
            print(f"local: and {more:,} more lines that hold no record.", file=sys.stderr, flush=True)


def count_options(sources: Sequence[StreamSource]) -> dict[str, list[str]]:
    """The options that say how many records of each source to generate, by its name: `--user-data` and, where no other
    option has that name, an alias."""
    own = {source.name: f"--{'-'.join(source.words).lower()}" for source in sources}
    own = {name: f"{option}-count" if option in _OWN_OPTIONS else option for name, option in own.items()}
    return {
        name: [option, *(alias for alias in [_ALIASES.get(name)] if alias and alias not in own.values())]
        for name, option in own.items()
    }


def add_arguments(parser: argparse.ArgumentParser, sources: Sequence[StreamSource] = SOURCES) -> None:
    options = count_options(sources)
    parser.add_argument(
        "--records",
        nargs="+",
        action="extend",
        type=Path,
        metavar="FILE",
        help="files of your own records instead of generated ones: JSON Lines, JSON, or DynamoDB JSON as `aws dynamodb "
        "scan` and exports to S3 write it; gzip too",
    )
    parser.add_argument(
        "--source",
        choices=[source.name for source in sources],
        help="the source of all records in the files (default: the one whose key attributes a record has)",
    )
    for source in sources:
        parser.add_argument(
            *options[source.name],
            dest=source.name,
            type=_natural_number,
            metavar="N",
            help=f"records of {source.title.lower()} to generate (default: {_DEFAULT_COUNT})",
        )
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else")
    parser.add_argument(
        "--fault",
        choices=list(FAULTS),
        help="show a fault instead, from the first alarm to all clear, in about a minute",
    )
    parser.add_argument(
        "--drill",
        action="store_true",
        help="lose the analytics table instead, restore it and make its summary again, in about a minute",
    )
    parser.add_argument("--keep", action="store_true", help="stay up afterwards, until Ctrl-C")


def run(arguments: argparse.Namespace) -> int:
    """Run the system locally; 0 when every number is the one expected and every line was a record, else 1.

    Raises:
        CommandError: when it cannot run, or a signal ends it.
    """
    with presenting(arguments.json):
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    config = StackConfig(DEFAULT_SUFFIX, protected_by_settings=arguments.drill)
    bad_lines, progress = BadLines(), StderrProgress()
    records = _records(arguments, config.sources, bad_lines)
    config = replace(config, activity_shards=activity_shards(records.most_writes))
    logs = new_log_folder()
    progress.step("packaging the functions")
    with ended_by_signals(), running_cloud(config, package(config), logs, progress) as cloud:
        if arguments.fault or arguments.drill:
            shown = run_drill(cloud, progress) if arguments.drill else _toured(cloud, arguments.fault, progress)
            save_logs(cloud.clients.logs, logs)
            shown.print(as_json=arguments.json)
            exit_code = _print_problems(shown.problems())
        else:
            report = run_scenario(cloud, records, logs, progress)
            bad_lines.say_how_many_more()
            print_report(report, as_json=arguments.json)
            exit_code = _print_problems(report_problems(report))
        if arguments.keep:
            _stay_up(cloud, logs)
    return exit_code


def _toured(cloud: LocalCloud, fault: str, progress: StderrProgress) -> TourReport:
    return Tour(cloud, fault, FAULTS[fault], progress).run()


def _natural_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of records; use 0, 1, 2 and so on.")
    return int(text)


def _records(arguments: argparse.Namespace, sources: Sequence[StreamSource], bad_lines: BadLines) -> Records:
    """What the options ask to be written.

    Raises:
        CommandError: when they do not fit together, or a file cannot be read.
    """
    counts = {source.name: getattr(arguments, source.name) for source in sources}
    given = any(count is not None for count in counts.values())
    _refuse_if(
        bool(arguments.drill and (arguments.fault or arguments.keep or arguments.records or arguments.source or given)),
        "--drill writes records of its own and ends by itself; leave --fault, --keep, --records, --source and the "
        "numbers of records out.",
    )
    _refuse_if(
        bool(arguments.fault and (arguments.records or arguments.source or given)),
        "--fault writes records of its own; leave --records, --source and the numbers of records out.",
    )
    if not arguments.records:
        _refuse_if(arguments.source is not None, "--source needs --records; name a file, or leave --source out.")
        return SampleRecords(
            [Sample(source, _DEFAULT_COUNT if (n := counts[source.name]) is None else n) for source in sources]
        )
    _refuse_if(given, "with --records nothing is generated; leave the numbers of records out.")
    for path in arguments.records:
        open_records(path).close()
    chosen = [source for source in sources if arguments.source in (None, source.name)]
    return RecordFiles(arguments.records, chosen, bad_lines)


def _refuse_if(wrong: bool, sentence: str) -> None:
    if wrong:
        raise CommandError(sentence, _WRONG_USAGE)


def _print_problems(problems: Iterable[str]) -> int:
    """Say what is not as expected; 0 when nothing is, else 1."""
    exit_code = 0
    for problem in problems:
        print(f"local: {problem}", file=sys.stderr)
        exit_code = 1
    return exit_code


def _stay_up(cloud: LocalCloud, logs: Path) -> None:
    """Say how to reach the system, and keep it running until Ctrl-C."""
    try:
        print("\n".join(_how_to_reach(cloud)), file=sys.stderr)
        threading.Event().wait()
    except KeyboardInterrupt:
        save_logs(cloud.clients.logs, logs)
        print(f"\nStopped; the logs are in {logs}", file=sys.stderr)


def _how_to_reach(cloud: LocalCloud) -> Iterator[str]:
    """The endpoint, and the lines for a shell that point the AWS CLI or boto3 at it."""
    yield f"The system stays up at {cloud.emulator.endpoint} until Ctrl-C. To point the AWS CLI or boto3 at it:"
    yield "unset AWS_PROFILE"
    yield from (f"export {name}={value}" for name, value in cloud.emulator.variables.items())


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let each of the signals end the block as Ctrl-C does.

    What follows the first is cleaning up, which a second does not cut short; a third ends the process at once, and its
    children then end by themselves. After the cleaning up, only the end of the process is left. Python gives a signal
    its default action there, which would replace the exit code, but leaves an ignored one ignored.

    Raises:
        CommandError: when a signal ended the block, whatever was raised because of it.
    """
    received: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) == _SIGNALS_TO_END_AT_ONCE:
            os._exit(_EXIT_CODE_OF_SIGNALS + received[0])
        if len(received) == 1:
            raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in _ENDING_SIGNALS}
    try:
        yield
    except (Exception, KeyboardInterrupt):
        if not received:
            raise
        raise CommandError("interrupted", _EXIT_CODE_OF_SIGNALS + received[0]) from None
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_IGN if received else handler)
