"""The command `package`."""

import argparse
from pathlib import Path

from rich.console import Console

from build.packaging.packager import OUTPUT, package
from build.packaging.report import show
from stack.config import RUNTIME_PYTHON, StackConfig

EXAMPLE = "python -m build package --output /tmp/archives --bytecode"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument(
        "--output",
        type=Path,
        default=OUTPUT,
        metavar="DIR",
        help="folder for the zips (default: .artifacts in the project)",
    )
    parser.add_argument(
        "--bytecode",
        action="store_true",
        help=f"add bytecode to the layer, which halves its import time in Lambda; needs python{RUNTIME_PYTHON} on PATH",
    )


def run(arguments: argparse.Namespace) -> int:
    """Package every function and the layer, and list what there is; 0 when done.

    Raises:
        CommandError: when something cannot be packaged.
    """
    console = Console()
    with console.status("Packaging the functions and the layer"):
        made = package(StackConfig(), arguments.output, arguments.bytecode)
    show(console, made, arguments.output)
    return 0
