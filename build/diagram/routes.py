"""How arrows run: along channels in the gaps between the columns, so that they cross no box.

Gap 0 is left of the first column, gap n right of column n - 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from build.diagram.picture import LINE_HEIGHT, LINE_SIZE, Arrow, Box, Line, Picture, Rectangle, row_tops, text_width

FRAME_PADDING = 16
"""Pixels that a group's frame reaches into the gaps beside its boxes."""

_SMALLEST_GAP = 76
_CHANNEL = 12
_PORT = 12
"""Pixels from the middle of a box to where an arrow that is not data leaves and arrives."""
_LABEL_OFFSET = 11
"""Pixels between an arrow and the middle of the text beside it."""
_CLEARANCE = 8
"""Pixels between a box and an arrow that passes it."""

Corner = tuple[float, float]
ChannelKey = tuple[Line, str]


@dataclass(frozen=True)
class Route:
    """An arrow's corners, and the text beside its last piece: where it begins and the y of its middle.

    Of the arrows that arrive together, one has the text of them all.
    """

    arrow: Arrow
    corners: tuple[Corner, ...]
    label: str
    label_place: Corner


@dataclass(frozen=True)
class Columns:
    """A picture whose boxes are in columns, by id."""

    picture: Picture
    columns: dict[str, int]

    def home(self, end: str) -> Box:
        """The box in which an arrow begins or ends."""
        return self.picture.homes()[end]

    def gaps_of(self, arrow: Arrow) -> tuple[int, int]:
        """The gap into which an arrow leaves its source, and the one from which it enters its target."""
        return self.columns[self.home(arrow.source).id] + 1, self.columns[arrow.target]

    def channels(self, gap: int) -> dict[ChannelKey, list[Arrow]]:
        """The channels of a gap, with the arrows that run in each."""
        channels: dict[ChannelKey, list[Arrow]] = {}
        for arrow in self.picture.arrows:
            if gap in self.gaps_of(arrow):
                channels.setdefault(self.channel_key(arrow), []).append(arrow)
        return channels

    def channel_key(self, arrow: Arrow) -> ChannelKey:
        """Arrows with the same key share a channel: those that meet at a target, else those of one source."""
        meet = len(self._meeting(arrow)) > 1
        return arrow.line, f"to {arrow.target}" if meet else f"from {arrow.source}"

    def label(self, arrow: Arrow) -> str:
        """The text beside an arrow and those that it meets at its target."""
        texts = dict.fromkeys(text for other in self._meeting(arrow) for text in other.labels)
        return ", ".join(filter(None, texts))

    def _meeting(self, arrow: Arrow) -> list[Arrow]:
        return [other for other in self.picture.arrows if (other.target, other.line) == (arrow.target, arrow.line)]

    def gap_width(self, gap: int) -> float:
        """What the channels of a gap need, with the labels and the frames that reach into it."""
        labels = [self.label(arrow) for arrow in self.picture.arrows if self.columns[arrow.target] == gap]
        text = max((text_width(label, LINE_SIZE) for label in labels), default=0)
        return max(_SMALLEST_GAP, self.channels_width(gap) + text + 2 * FRAME_PADDING)

    def channels_width(self, gap: int) -> float:
        """How far into a gap its channels reach; labels begin there."""
        return FRAME_PADDING + _CHANNEL * (len(self.channels(gap)) + 1.5)


@dataclass(frozen=True)
class Router:
    """Finds the way of each arrow between boxes that have their places.

    Args:
        left: where the first gap begins.
    """

    columns: Columns
    boxes: dict[str, Rectangle]
    left: float

    def routes(self) -> Iterator[Route]:
        """The routes of all arrows; of those that arrive together with the same words, the first has the label."""
        labelled: set[tuple[str, Line]] = set()
        for arrow in self.columns.picture.arrows:
            corners = self._corners(arrow)
            end = arrow.target, arrow.line
            label = "" if end in labelled else self.columns.label(arrow)
            yield Route(arrow, corners, label, self._label_place(arrow.target, corners[-1][1]))
            labelled.add(end)

    def _label_place(self, target: str, arriving: float) -> Corner:
        """Right of the gap's channels; above the arrow, or below one that arrives below the middle."""
        gap = self.columns.columns[target]
        middle = self.boxes[target].middle
        offset = _LABEL_OFFSET if arriving == middle + _PORT else -_LABEL_OFFSET
        return self._gap_start(gap) + self.columns.channels_width(gap), arriving + offset

    def exit(self, arrow: Arrow) -> float:
        """The y at which an arrow leaves: that of its row, else near the middle of its box."""
        box = self.columns.home(arrow.source)
        place = self.boxes[box.id]
        for row, top in row_tops(box):
            if row.id == arrow.source:
                return place.y + top + LINE_HEIGHT / 2
        lines = {other.line for other in self.columns.picture.arrows if other.source == arrow.source}
        return place.middle + _port(arrow, lines, self.boxes[arrow.target].middle - place.middle)

    def _entry(self, arrow: Arrow) -> float:
        """Near the middle of the target; just where a lone arrow comes from, when that spares it a tiny bend."""
        place = self.boxes[arrow.target]
        arriving = [other for other in self.columns.picture.arrows if other.target == arrow.target]
        leaving = self.exit(arrow)
        if len(arriving) == 1 and abs(leaving - place.middle) <= _PORT:
            return leaving
        return place.middle + _port(arrow, {other.line for other in arriving}, leaving - place.middle)

    def _corners(self, arrow: Arrow) -> tuple[Corner, ...]:
        start, end = self.boxes[self.columns.home(arrow.source).id], self.boxes[arrow.target]
        out, back = self.columns.gaps_of(arrow)
        leaving, arriving = self.exit(arrow), self._entry(arrow)
        bends: list[Corner] = []
        if out != back:
            passing = self._free_y(range(min(out, back), max(out, back)), leaving, arriving)
            first, last = self._channel_x(out, arrow), self._channel_x(back, arrow)
            bends = [(first, leaving), (first, passing), (last, passing), (last, arriving)]
        elif leaving != arriving:
            x = self._channel_x(out, arrow)
            bends = [(x, leaving), (x, arriving)]
        return ((start.right, leaving), *bends, (end.x, arriving))

    def _gap_start(self, gap: int) -> float:
        """The x at which a gap begins: at the right of the widest box of the column before it."""
        before = [self.boxes[name].right for name, column in self.columns.columns.items() if column == gap - 1]
        return max(before, default=self.left)

    def _channel_x(self, gap: int, arrow: Arrow) -> float:
        channels = self.columns.channels(gap)
        order = sorted(channels, key=lambda key: self._turn(channels[key]))
        return self._gap_start(gap) + FRAME_PADDING + _CHANNEL * (1 + order.index(self.columns.channel_key(arrow)))

    def _turn(self, arrows: list[Arrow]) -> float:
        """Orders channels so that few arrows cross: of those that lead down, the one that ends lowest turns first."""
        end = sum(self._entry(arrow) for arrow in arrows) / len(arrows)
        start = sum(self.exit(arrow) for arrow in arrows) / len(arrows)
        return -end if end >= start else end

    def _free_y(self, crossed: range, leaving: float, arriving: float) -> float:
        """The y nearest to both ends at which a line meets no box of the columns that it crosses."""
        met = [place for name, place in self.boxes.items() if self.columns.columns[name] in crossed]
        beside = [y for place in met for y in (place.y - _CLEARANCE, place.bottom + _CLEARANCE)]
        blocked = [(place.y - _CLEARANCE / 2, place.bottom + _CLEARANCE / 2) for place in met]
        free = [y for y in (leaving, arriving, *beside) if not any(top < y < bottom for top, bottom in blocked)]
        return min(free, key=lambda y: abs(y - leaving) + abs(y - arriving))


def _port(arrow: Arrow, lines: set[Line], direction: float) -> float:
    """Data keeps the middle; other lines keep apart from it, on the side to which they lead."""
    if arrow.line is Line.DATA or len(lines) == 1:
        return 0
    return _PORT if direction >= 0 else -_PORT
