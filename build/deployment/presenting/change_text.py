"""Changes as lines for people."""

from collections import Counter
from collections.abc import Sequence

from build.deployment.changes.resource_changes import LOSSES, Fate, PropertyChange, ResourceChange
from build.deployment.one_line import one_line

MARKS = {
    Fate.ADD: "+",
    Fate.CHANGE: "~",
    Fate.PERHAPS_REPLACE: "!",
    Fate.REPLACE: "!",
    Fate.RELEASE: "-",
    Fate.DELETE: "-",
}
LONGEST_VALUE = 60


def change_lines(changes: Sequence[ResourceChange]) -> list[str]:
    """What would change: a line for each property, and one for each resource that comes, goes or is replaced."""
    return [line for change in changes for line in lines_of(change)]


def lines_of(change: ResourceChange) -> list[str]:
    """The lines about one resource."""
    properties = [property_line(change, one) for one in change.properties]
    return properties if properties and change.fate is Fate.CHANGE else [headline(change), *properties]


def headline(change: ResourceChange) -> str:
    """The line about a resource as a whole: `- OrderDataTable (AWS::DynamoDB::Table) DELETE`."""
    line = f"{MARKS[change.fate]} {change.logical_id} ({change.resource_type})"
    return f"{line} {change.fate.value.upper()}" if change.fate in LOSSES else line


def property_line(change: ResourceChange, one: PropertyChange) -> str:
    """The line about a property: `~ UserDataProcessor.MemorySize 256 → 512`."""
    line = f"~ {change.logical_id}.{one.path}"
    if one.before is not None or one.after is not None:
        line += f" {value_text(one.before)} → {value_text(one.after)}"
    return line + (" (replaces it)" if one.recreates == "Always" else "")


def value_text(value: str | None) -> str:
    """A value in one line, cut when it is long."""
    text = "(none)" if value is None else one_line(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def summary(changes: Sequence[ResourceChange]) -> str:
    """How many resources share each fate: `1 to add, 2 to change`."""
    counts = Counter(change.fate for change in changes)
    return ", ".join(f"{counts[fate]} to {fate.value}" for fate in Fate if counts[fate]) or "outputs alone change"
