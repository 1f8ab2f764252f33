"""A picture as SVG: Graphviz lays it out, and the file says what it was drawn from."""

import hashlib
import importlib
import xml.etree.ElementTree as xml

from build.diagram.dot import dot
from build.diagram.palette import GROUP
from build.diagram.picture import Picture
from build.errors import CommandError

NAMESPACE = "http://www.w3.org/2000/svg"

HALO = f"paint-order:stroke;stroke:{GROUP};stroke-width:3px"
"""Keeps the text beside an arrow apart from the lines behind it."""


def digest(picture: Picture) -> str:
    """What the SVG of a picture was drawn from, as one line: the SHA-256 of its description and its DOT text.

    Graphviz measures text with the fonts of the machine, so coordinates differ between machines and cannot be compared.
    """
    drawn_from = picture.description + dot(picture)
    return f"sha256:{hashlib.sha256(drawn_from.encode()).hexdigest()}"


def layout(text: str) -> bytes:
    """DOT text as Graphviz draws it; needed to draw a picture, not to tell whether one is stale.

    Raises:
        CommandError: when Graphviz is not installed.
    """
    try:
        pygraphviz = importlib.import_module("pygraphviz")
    except ImportError as error:
        raise CommandError("pygraphviz, which lays pictures out, is not installed: run `make venv`.") from error
    drawn: bytes = pygraphviz.AGraph(string=text).draw(format="svg", prog="dot")
    return drawn


def is_current(picture: Picture, text: str) -> bool:
    """Whether the text of an SVG file says that it was drawn from this picture."""
    return digest(picture) in text


def element(name: str, text: str, **attributes: str) -> xml.Element:
    """An SVG element with text."""
    made = xml.Element(f"{{{NAMESPACE}}}{name}", attributes)
    made.text, made.tail = text, "\n"
    return made


def svg(picture: Picture) -> str:
    """The SVG of a picture, with its title and description for those who cannot see it, and its digest."""
    xml.register_namespace("", NAMESPACE)
    root = xml.fromstring(layout(dot(picture)))
    root.attrib |= {"role": "img", "aria-labelledby": "title description"}
    for text in root.iterfind(".//s:g[@class='edge']//s:text", {"s": NAMESPACE}):
        text.set("style", HALO)
    root[:0] = [
        element("title", picture.title, id="title"),
        element("desc", picture.description, id="description"),
        element("metadata", digest(picture)),
    ]
    return xml.tostring(root, encoding="unicode") + "\n"
