"""Lets `python -m build` run the command line, and says so when it is started otherwise."""

import sys
from collections.abc import Sequence
from pathlib import Path

_WRONG_USAGE = 2


def _run(arguments: Sequence[str]) -> int:
    if __package__ != "build":
        project = Path(__file__).resolve().parents[1]
        print(f"build: start it in the project's folder, with `cd {project}` and `python -m build`.", file=sys.stderr)
        return _WRONG_USAGE
    from build.command_line import main

    return main(arguments)


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
