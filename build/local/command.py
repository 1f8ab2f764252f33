"""`python -m build local`: the whole system on this machine."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from build.local.cloud import LocalCloud, running_cloud
from build.local.logs import new_log_folder, save_logs
from build.local.main_job import do_main_job, expectation
from build.local.report import Report, problems, show
from build.local.sample_records import Sample
from build.packaging import package
from build.progress import NullProgress
from stack.config import DEFAULT_SUFFIX, StackConfig, StreamSource

EXAMPLE = "python -m build local --users 500 --orders 200"
DEFAULT_COUNT = 20


class Narration(NullProgress):
    """Says on stderr what is being done, and nothing of the details of a deployment."""

    def step(self, text: str) -> None:
        """Print the step."""
        print(f"{text[0].upper()}{text[1:]}", file=sys.stderr, flush=True)


def option(source: StreamSource) -> str:
    """The option that says how many records of a source to write: `users`."""
    return f"{source.words[0].lower()}s"


def natural_number(text: str) -> int:
    """A number of records given on the command line."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the knobs of a local run."""
    for source in StackConfig().sources:
        parser.add_argument(
            f"--{option(source)}",
            type=natural_number,
            default=DEFAULT_COUNT,
            metavar="N",
            help=f"records of {source.title.lower()} to insert (default: %(default)s)",
        )
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else")
    parser.add_argument("--keep", action="store_true", help="stay up afterwards, until Ctrl-C")


def run(arguments: argparse.Namespace) -> int:
    """Run the system locally; 0 when every number is the one expected, else 1."""
    config, logs, narration = StackConfig(DEFAULT_SUFFIX), new_log_folder(), Narration()
    samples = [Sample(source, getattr(arguments, option(source))) for source in config.sources]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    narration.step("packaging the functions")
    with running_cloud(config, package(config), logs, narration) as cloud:
        report = do_main_job(cloud, samples, logs, narration)
        print_report(report, as_json=arguments.json)
        exit_code = judge(problems(report, expectation(samples)))
        if arguments.keep:
            stay_up(cloud, logs)
    return exit_code


def print_report(report: Report, as_json: bool) -> None:
    """Print what happened, for programs or for people."""
    if as_json:
        print(json.dumps(report.document(), indent=2), flush=True)
    else:
        show(report)


def judge(found: Iterable[str]) -> int:
    """Say what is not as expected; 0 when nothing is, else 1."""
    exit_code = 0
    for problem in found:
        print(f"local: {problem}", file=sys.stderr)
        exit_code = 1
    return exit_code


def stay_up(cloud: LocalCloud, logs: Path) -> None:
    """Say how to reach the system, and keep it running until Ctrl-C."""
    try:
        print(how_to_reach(cloud), file=sys.stderr)
        threading.Event().wait()
    except KeyboardInterrupt:
        save_logs(cloud.clients.logs, logs)
        print(f"\nStopped; the logs are in {logs}", file=sys.stderr)


def how_to_reach(cloud: LocalCloud) -> str:
    """The endpoint, and the environment variables that point the AWS CLI or boto3 at it."""
    exports = [f"export {name}={value}" for name, value in cloud.emulator.variables.items()]
    headline = f"The system stays up at {cloud.emulator.endpoint} until Ctrl-C. To point the AWS CLI or boto3 at it:"
    return "\n".join([headline, *exports])
