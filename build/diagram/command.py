"""The command `diagram`: draws the pictures of the documentation, or says which of them are stale."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from build.diagram.architecture import architecture, permissions
from build.diagram.graph import extract
from build.diagram.mermaid import mermaid
from build.diagram.picture import Picture
from build.diagram.svg import svg
from build.diagram.workflow import workflow
from build.errors import CommandError
from stack.config import StackConfig
from stack.template import render

EXAMPLE = "python -m build diagram --check"
FOLDER = Path(__file__).parents[2] / "docs"

_FORMATS: dict[str, Callable[[Picture], str]] = {".mmd": mermaid, ".svg": svg}


@dataclass(frozen=True)
class GeneratedFile:
    """A picture as a file."""

    path: Path
    text: str

    def is_stale(self) -> bool:
        """Whether the file is missing or was drawn from another template."""
        return not self.path.exists() or self.path.read_bytes() != self.text.encode()

    def write(self) -> None:
        """Draw the file.

        Raises:
            CommandError: when it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.text, "utf-8", newline="\n")
        except OSError as error:
            reason = error.strerror
            raise CommandError(f"{self.path} cannot be written ({reason}): make its folder writable.") from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="draw nothing; exit 1 and name the stale pictures, if any")


def run(arguments: argparse.Namespace) -> int:
    """Draw what is stale, or only say so.

    Raises:
        CommandError: when `--check` found stale pictures, or a file cannot be written.
    """
    stale = stale_files(FOLDER)
    names = ", ".join(file.path.name for file in stale)
    if arguments.check and stale:
        raise CommandError(f"stale in {FOLDER.name}/: {names}; draw them again with `python -m build diagram`.")
    for file in stale:
        file.write()
    print(f"Drawn in {FOLDER.name}/: {names}." if stale else "Every picture shows the template.")
    return 0


def stale_files(folder: Path) -> list[GeneratedFile]:
    """The files of a folder that no longer show the template, in the order in which they are drawn."""
    return [file for file in _generated_files(folder) if file.is_stale()]


def _generated_files(folder: Path) -> Iterator[GeneratedFile]:
    """Every picture in every format."""
    graph = extract(json.loads(render(StackConfig())))
    for picture in (architecture(graph), permissions(graph), workflow(graph)):
        for suffix, draw in _FORMATS.items():
            yield GeneratedFile(folder / f"{picture.title.lower()}{suffix}", draw(picture))
