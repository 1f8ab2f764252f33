"""Pictures as the page draws them: places from the same layout as the files in docs/, colours from the stylesheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from build.diagram.layout import Layout
from build.diagram.picture import PADDING, TITLE_HEIGHT, Line, Picture, Rectangle, Shape
from build.diagram.routes import Route
from build.diagram.svg import rounded_path

_HEAD = 8
_FIRST_LINE = 7


@dataclass(frozen=True)
class Appearance:
    """What is true of a box or an arrow now.

    Args:
        lines: below the title of a box, or beside an arrow.
        state: `well`, `ill`, `busy`, or nothing when it is not known; a class of the stylesheet.
    """

    lines: tuple[str, ...] = ()
    state: str = ""


NOTHING_KNOWN = Appearance()


@dataclass(frozen=True)
class DrawnBox:
    """A box with its place.

    Args:
        link: where a click on it leads, or nothing.
    """

    id: str
    title: str
    service: str
    place: Rectangle
    shape: Shape
    appearance: Appearance
    link: str

    @property
    def title_y(self) -> float:
        """The baseline of its title."""
        return self.place.middle + 5 if self.shape is not Shape.CARD else self.place.y + PADDING + 10

    @property
    def rows(self) -> list[tuple[float, str]]:
        """Its further lines with their baselines."""
        first = self.place.y + PADDING + TITLE_HEIGHT + _FIRST_LINE
        return [(first + 16 * number, line) for number, line in enumerate(self.appearance.lines)]

    @property
    def corners(self) -> str:
        """The corners of a choice's diamond."""
        middle, place = self.place.x + self.place.width / 2, self.place
        corners = ((place.x, place.middle), (middle, place.y), (place.right, place.middle), (middle, place.bottom))
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


@dataclass(frozen=True)
class DrawnArrow:
    """An arrow with its way."""

    source: str
    path: str
    head: str
    failure: bool
    label: str
    label_x: float
    label_y: float
    state: str


@dataclass(frozen=True)
class Drawing:
    """A picture with all places, ready for the template `drawing.svg`."""

    title: str
    width: float
    height: float
    frames: Mapping[str, Rectangle]
    boxes: tuple[DrawnBox, ...]
    arrows: tuple[DrawnArrow, ...]

    @property
    def in_reading_order(self) -> list[DrawnBox]:
        """The boxes, each after those that stand above it and left of it."""
        return sorted(self.boxes, key=lambda box: (self._frame_of(box), box.place.x, box.place.y))

    def flowing_from(self, box_id: str) -> str:
        """What stands beside the arrow on which something flows from a box; nothing when nothing does."""
        return next((arrow.label for arrow in self.arrows if arrow.source == box_id and arrow.state), "")

    def _frame_of(self, box: DrawnBox) -> float:
        return max((frame.y for frame in self.frames.values() if frame.y <= box.place.y), default=0)


@dataclass(frozen=True)
class Sheet:
    """A picture and its layout, which stay the same while what is true of its boxes and arrows changes.

    Args:
        links: where a click on a box leads, by the box's id.
    """

    picture: Picture
    layout: Layout
    links: Mapping[str, str] = field(default_factory=dict)

    def drawn(
        self, boxes: Mapping[str, Appearance], arrows: Mapping[tuple[str, str], Appearance] | None = None
    ) -> Drawing:
        """The picture as it is now.

        Args:
            boxes: by id; a box without an appearance keeps the lines of the picture.
            arrows: by the ids of both ends.
        """
        shown = arrows or {}
        return Drawing(
            self.picture.title,
            self.layout.width,
            self.layout.height,
            self.layout.frames,
            tuple(
                DrawnBox(
                    box.id,
                    box.title,
                    box.colour,
                    self.layout.boxes[box.id],
                    box.shape,
                    boxes.get(box.id, Appearance(box.lines)),
                    self.links.get(box.id, ""),
                )
                for box in self.picture.boxes
            ),
            tuple(
                _drawn_arrow(route, shown.get((route.arrow.source, route.arrow.target))) for route in self.layout.routes
            ),
        )


def _drawn_arrow(route: Route, appearance: Appearance | None) -> DrawnArrow:
    *corners, (x, y) = route.corners
    label_x, label_y = route.label_place
    return DrawnArrow(
        source=route.arrow.source,
        path=rounded_path((*corners, (x - _HEAD + 1, y))),
        head=f"{x:.1f},{y:.1f} {x - _HEAD:.1f},{y - _HEAD / 2:.1f} {x - _HEAD:.1f},{y + _HEAD / 2:.1f}",
        failure=route.arrow.line is Line.FAILURE,
        label=" · ".join(appearance.lines) if appearance else route.label,
        label_x=label_x,
        label_y=label_y + 4,
        state=appearance.state if appearance else "",
    )
