"""The command `package`: makes the archives and lists them."""

import argparse
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from build.options import presenting
from build.packaging.archive import Archive, Package
from build.packaging.packager import OUTPUT, package
from build.text import TextTable
from stack.config import RUNTIME_PYTHON, StackConfig

EXAMPLE = "python -m build package --output /tmp/archives --bytecode"

_DIGITS_SHOWN = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("--json", action="store_true", help="print what happens as one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Package every function and the layer; the archives are the same for every suffix, account and region.

    Raises:
        CommandError: when something cannot be packaged.
    """
    with presenting(arguments.json) as presenter:
        presenter.step("Packaging the functions and the layer")
        made = package(StackConfig(), arguments.output, arguments.bytecode)
        document = {"output": str(arguments.output), "archives": [_archive_document(each) for each in made.archives]}
        presenter.result(document, [_archive_table(made, arguments.output)])
    return 0


def _archive_document(archive: Archive) -> dict[str, Any]:
    return {
        "name": archive.name,
        "path": str(archive.path),
        "key": archive.object_key,
        "sha256": archive.checksum,
        "size": archive.size,
        "rebuilt": archive.rebuilt,
    }


def _archive_table(made: Package, output: Path) -> TextTable:
    title = f"{len(made.archives)} archives, {decimal(made.size)}, in {output}"
    return TextTable(
        title, ("archive", "size", "digest", "state"), [_archive_row(archive) for archive in made.archives]
    )


def _archive_row(archive: Archive) -> tuple[str, ...]:
    state = "built" if archive.rebuilt else "unchanged"
    return archive.name, decimal(archive.size), archive.digest[:_DIGITS_SHOWN], state
