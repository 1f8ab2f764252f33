"""Colours and strokes that the Mermaid and the SVG pictures share.

Text has a contrast of at least 4.5 to 1 to what it stands on (https://www.w3.org/TR/WCAG22/#contrast-minimum), and
arrows of at least 3 to 1 to a light and to a dark page.
"""

from dataclasses import dataclass

from build.diagram.picture import Line

INK = "#1f2328"
FAINT_INK = "#48505a"
PAPER = "#ffffff"
FRAME = "#8c959f"
GROUP = "#f6f8fa"

PLAIN = "#444c56"
COLOURS = {
    "Choice": "#1b4f91",
    "CloudWatch": "#7d1f4e",
    "DynamoDB": "#26418f",
    "Events": "#6b2380",
    "Fail": "#8f1d14",
    "Lambda": "#8a3f00",
    "S3": "#2f5d1e",
    "SNS": "#7d1f4e",
    "SQS": "#6b2380",
    "StepFunctions": "#6b2380",
    "Succeed": "#2f5d1e",
    "Task": "#8a3f00",
}
"""By service or type of state; anything else is plain."""


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn.

    Args:
        colour: of the line and its text.
        width: in pixels.
        style: what Graphviz calls it.
        dashes: the same in SVG's stroke-dasharray, for Mermaid.
        weight: how hard it pulls its ends together; data makes the layout, permissions follow it.
    """

    colour: str
    width: float
    style: str
    dashes: str
    weight: int


STROKES = {
    Line.DATA: Stroke("#1a63d8", 2.2, "solid", "", 1),
    Line.FAILURE: Stroke("#c7222d", 1.6, "dashed", "6 4", 1),
    Line.PERMISSION: Stroke("#636c76", 1.3, "dotted", "1 4", 0),
    Line.REFERENCE: Stroke("#8250df", 1.3, "dotted", "1 4", 0),
}


def colour(key: str) -> str:
    """The colour of a service or type of state."""
    return COLOURS.get(key, PLAIN)
