"""Prints the CloudFormation template: `python generate.py --suffix dev > template.json`."""

import argparse
import os
import sys
from collections.abc import Sequence

from stack.activity_shards import ActivityShardsError
from stack.config import SuffixError, suffix_from_environment
from stack.settings import SettingsError, read_settings
from stack.template import render


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python generate.py",
        description="Print the CloudFormation template of one stack as JSON.",
        epilog="example:\n  python generate.py --suffix dev > template.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--suffix",
        default=suffix_from_environment(),
        help="part of every name in the stack (default: the variable ENVIRONMENT_SUFFIX, else dev; now: %(default)s)",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Print the template.

    Returns:
        The exit code: 0 printed, 2 the suffix or its settings are none that a stack can have, 141 nobody reads on, as
        after `head`.
    """
    try:
        sys.stdout.write(render(read_settings(_parse(arguments).suffix).config))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ActivityShardsError, SettingsError, SuffixError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
