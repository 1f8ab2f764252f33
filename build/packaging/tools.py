"""Running pip and the compiler: quiet when they succeed, their own last words when they fail."""

import subprocess
from collections.abc import Sequence

from build.errors import CommandError


def output_of(arguments: Sequence[str], failure: str) -> str:
    """Run a program to its end; Ctrl-C ends it too.

    Args:
        arguments: the program and its arguments; no shell is involved.
        failure: what to tell the user when it fails.

    Returns:
        What it wrote to standard output.

    Raises:
        CommandError: when it fails: `failure`, with the last error that it printed.
    """
    finished = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if finished.returncode:
        said = last_error(finished.stdout + finished.stderr) or f"exit code {finished.returncode}"
        raise CommandError(f"{failure} ({said}).")
    return finished.stdout


def last_error(printed: str) -> str:
    """The last line marked as an error, or else the last line."""
    lines = [line.strip().rstrip(".") for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return next(reversed(errors or lines), "")
