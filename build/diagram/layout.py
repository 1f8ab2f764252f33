"""Where everything of a picture is drawn: boxes in columns that follow the arrows, groups below each other."""

from dataclasses import dataclass, replace

from build.diagram.picture import Arrow, Box, Group, Picture, Rectangle, Shape, box_height, box_width
from build.diagram.routes import FRAME_PADDING, Columns, Route, Router

MARGIN = 20

_FRAME_TITLE = 36
"""Pixels from the top of a frame to its first box."""
_ROW_GAP = 24
_GROUP_GAP = 18


@dataclass(frozen=True)
class Layout:
    """A picture's size in pixels, the places of its boxes by id, the frames of its groups, and its arrows' routes."""

    width: float
    height: float
    boxes: dict[str, Rectangle]
    frames: dict[str, Rectangle]
    routes: tuple[Route, ...]


def lay_out(picture: Picture) -> Layout:
    """Place everything of a picture; the frames are found by the titles of the groups."""
    columns = Columns(picture, _columns(picture))
    left = MARGIN + (columns.gap_width(0) if columns.channels(0) else FRAME_PADDING)
    stack = _Stack(columns, _boxes_in_columns(columns, left))
    for group in picture.groups:
        stack.add(group)
    routes = tuple(Router(columns, stack.boxes, MARGIN).routes())
    corners = [corner for route in routes for corner in route.corners]
    right = max([0, *(frame.right for frame in stack.frames.values()), *(x for x, _ in corners)])
    bottom = max([0, *(frame.bottom for frame in stack.frames.values()), *(y for _, y in corners)])
    return Layout(right + MARGIN, bottom + MARGIN, stack.boxes, stack.frames, routes)


def _columns(picture: Picture) -> dict[str, int]:
    """The column of each box: one after the last of those that lead to it; a box without arrows ends its group."""
    homes = picture.homes()
    followers: dict[str, list[str]] = {box.id: [] for box in picture.boxes}
    for arrow in picture.arrows:
        followers[homes[arrow.source].id].append(arrow.target)
    columns = _columns_of_flow(followers)
    joined = {end for name, targets in followers.items() if targets for end in (name, *targets)}
    for group in picture.groups:
        columns |= dict.fromkeys((box.id for box in group.boxes if box.id not in joined), _end(group, columns, joined))
    return columns


def _columns_of_flow(followers: dict[str, list[str]]) -> dict[str, int]:
    place = {name: number for number, name in enumerate(_flow_order(followers))}
    columns = dict.fromkeys(place, 0)
    for name in place:
        for follower in followers[name]:
            if place[follower] > place[name]:
                columns[follower] = max(columns[follower], columns[name] + 1)
    return columns


def _end(group: Group, columns: dict[str, int], joined: set[str]) -> int:
    """The column after the last of a group's joined boxes, or the only one that they have."""
    used = sorted({columns[box.id] for box in group.boxes if box.id in joined}) or [0]
    return used[0] if len(used) == 1 else used[-1] + 1


def _flow_order(followers: dict[str, list[str]]) -> list[str]:
    """Boxes so that each stands before those that follow it, except for arrows that lead back."""
    finished: dict[str, None] = {}
    entered: set[str] = set()

    def visit(name: str) -> None:
        entered.add(name)
        for follower in reversed(followers[name]):
            if follower not in entered:
                visit(follower)
        finished[name] = None

    targets = {target for ends in followers.values() for target in ends}
    roots = [name for name in followers if name not in targets]
    # What is finished last stands first, so roots are visited backwards; after them remain loops that nothing enters.
    for name in (*reversed(roots), *followers):
        if name not in entered:
            visit(name)
    return list(reversed(finished))


def _boxes_in_columns(columns: Columns, left: float) -> dict[str, Rectangle]:
    """The boxes, all at the top; the cards of a column are equally wide."""
    boxes: dict[str, Rectangle] = {}
    for column in range(max(columns.columns.values(), default=-1) + 1):
        members = [box for box in columns.picture.boxes if columns.columns[box.id] == column]
        widest = max(map(box_width, members))
        for box in members:
            width = widest if box.shape is Shape.CARD else box_width(box)
            boxes[box.id] = Rectangle(left + (widest - width) / 2, 0, width, box_height(box))
        left += widest + columns.gap_width(column + 1)
    return boxes


class _Stack:
    """Moves boxes down, each group below those before it that reach into its columns."""

    def __init__(self, columns: Columns, boxes: dict[str, Rectangle]) -> None:
        self.columns = columns
        self.boxes = boxes
        self.frames: dict[str, Rectangle] = {}
        self._placed: set[str] = set()
        self._bottoms: dict[int, float] = {}

    def add(self, group: Group) -> None:
        """Place the boxes of a group in rows, and frame them."""
        inside = [self.columns.columns[box.id] for box in group.boxes]
        span = range(min(inside), max(inside) + 1)
        top = max(self._bottoms.get(column, MARGIN - _GROUP_GAP) for column in span) + _GROUP_GAP + _FRAME_TITLE
        y = top
        for row in self._rows(group):
            height = max(self.boxes[box.id].height for box in row)
            y = max(y, self._wanted(row, height)) if len(span) == 1 else y
            for box in row:
                place = self.boxes[box.id]
                self.boxes[box.id] = replace(place, y=y + (height - place.height) / 2)
            y += height + _ROW_GAP
        self.frames[group.title] = self._frame(group)
        self._bottoms |= dict.fromkeys(span, self.frames[group.title].bottom)
        self._placed |= {box.id for box in group.boxes}

    def _rows(self, group: Group) -> list[list[Box]]:
        """A box stands in the row of the one that leads to it, or in the next that is free in its column."""
        rows: dict[str, int] = {}
        columns = self.columns.columns
        for box in sorted(group.boxes, key=lambda box: columns[box.id]):
            leading = [self.columns.home(arrow.source).id for arrow in self._arrows_to(box)]
            taken = {row for name, row in rows.items() if columns[name] == columns[box.id]}
            first = next((rows[name] for name in leading if name in rows), 0)
            rows[box.id] = next(row for row in range(first, first + len(taken) + 1) if row not in taken)
        return [[box for box in group.boxes if rows[box.id] == row] for row in sorted(set(rows.values()))]

    def _wanted(self, row: list[Box], height: float) -> float:
        """The y at which a row stands half way between what leads to it; 0 when that has no place yet."""
        router = Router(self.columns, self.boxes, MARGIN)
        arrows = [arrow for box in row for arrow in self._arrows_to(box)]
        if not arrows or not all(self.columns.home(arrow.source).id in self._placed for arrow in arrows):
            return 0
        return sum(map(router.exit, arrows)) / len(arrows) - height / 2

    def _arrows_to(self, box: Box) -> list[Arrow]:
        return [arrow for arrow in self.columns.picture.arrows if arrow.target == box.id]

    def _frame(self, group: Group) -> Rectangle:
        places = [self.boxes[box.id] for box in group.boxes]
        left, top = min(place.x for place in places) - FRAME_PADDING, min(place.y for place in places) - _FRAME_TITLE
        right, bottom = max(place.right for place in places), max(place.bottom for place in places)
        return Rectangle(left, top, right + FRAME_PADDING - left, bottom + FRAME_PADDING - top)
