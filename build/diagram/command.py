"""`python -m build diagram`: draws the pictures of the documentation, or says which of them are stale."""

import argparse

from build.diagram.documents import DOCUMENTS, stale_documents
from build.errors import CommandError

EXAMPLE = "python -m build diagram --check"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument("--check", action="store_true", help="draw nothing; exit 1 and name the stale pictures, if any")


def run(arguments: argparse.Namespace) -> int:
    """Draw what is stale, or only say so.

    Returns:
        0 when every picture shows the template.

    Raises:
        CommandError: when `--check` found stale pictures, or a file cannot be written.
    """
    stale = stale_documents(DOCUMENTS)
    names = ", ".join(document.path.name for document in stale)
    if arguments.check and stale:
        raise CommandError(f"stale in {DOCUMENTS.name}/: {names}; draw them again with `python -m build diagram`.")
    for document in stale:
        document.write()
    print(f"Drawn in {DOCUMENTS.name}/: {names}." if stale else "Every picture shows the template.")
    return 0
