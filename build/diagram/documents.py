"""The drawn files below `docs/`: which there are, which of them are stale, and drawing those again."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from build.diagram import mermaid, svg
from build.diagram.architecture import architecture
from build.diagram.extraction import extract
from build.diagram.picture import Picture
from build.diagram.workflow import workflow
from build.errors import CommandError
from stack.config import StackConfig
from stack.template import render

DOCUMENTS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class Format:
    """A kind of file: its ending, how a picture is drawn in it, and whether its text shows a picture."""

    suffix: str
    drawn: Callable[[Picture], str]
    is_current: Callable[[Picture, str], bool]


FORMATS = (Format(".mmd", mermaid.mermaid, mermaid.is_current), Format(".svg", svg.svg, svg.is_current))


@dataclass(frozen=True)
class Document:
    """A picture in one format, in one place."""

    path: Path
    picture: Picture
    format: Format

    def is_stale(self) -> bool:
        """Whether the file is missing or was drawn from something else than the template of now."""
        if not self.path.exists():
            return True
        return not self.format.is_current(self.picture, self.path.read_text("utf-8", errors="replace"))

    def write(self) -> None:
        """Draw the file.

        Raises:
            CommandError: when it cannot be drawn or written.
        """
        text = self.format.drawn(self.picture)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(text, "utf-8", newline="\n")
        except OSError as error:
            reason = error.strerror
            raise CommandError(f"{self.path} cannot be written ({reason}): make its folder writable.") from error


def pictures(config: StackConfig) -> tuple[Picture, ...]:
    """What there is to draw of a stack."""
    graph = extract(json.loads(render(config)))
    return architecture(graph), workflow(graph)


def documents(folder: Path) -> Iterator[Document]:
    """Every picture in every format, as files of a folder."""
    for picture in pictures(StackConfig()):
        for kind in FORMATS:
            yield Document(folder / f"{picture.title.lower()}{kind.suffix}", picture, kind)


def stale_documents(folder: Path) -> list[Document]:
    """The files of a folder that no longer show the template, in the order in which they are drawn."""
    return [document for document in documents(folder) if document.is_stale()]
