from build.deployment.changes.resource_changes import PropertyChange, ResourceChange
from build.deployment.presenting.change_text import change_lines, summary

FUNCTION = "AWS::Lambda::Function"
TABLE = "AWS::DynamoDB::Table"


def change(
    action: str, *properties: PropertyChange, replacement: str = "", policy: str = "", kind: str = TABLE
) -> ResourceChange:
    return ResourceChange(action, "Thing", kind, replacement, policy, properties)


MEMORY = PropertyChange("MemorySize", "256", "512", "Never")
KEYS = PropertyChange("KeySchema", None, None, "Always")


def test_a_changed_property_is_a_line_with_both_values() -> None:
    assert change_lines([change("Modify", MEMORY, replacement="False", kind=FUNCTION)]) == [
        "~ Thing.MemorySize 256 → 512"
    ]


def test_a_value_that_is_set_or_removed_has_no_other() -> None:
    added = PropertyChange("TracingConfig", None, "Active", "Never")
    removed = PropertyChange("Layers", "x", None, "Never")
    assert change_lines([change("Modify", added, removed)]) == [
        "~ Thing.TracingConfig (none) → Active",
        "~ Thing.Layers x → (none)",
    ]


def test_replacements_and_deletions_are_marked() -> None:
    lines = change_lines(
        [
            change("Add"),
            change("Remove", policy="Delete"),
            change("Remove", policy="Retain"),
            change("Modify", KEYS, replacement="True"),
            change("Modify", replacement="Conditional"),
        ]
    )
    assert lines == [
        "+ Thing (AWS::DynamoDB::Table)",
        "- Thing (AWS::DynamoDB::Table) DELETE",
        "- Thing (AWS::DynamoDB::Table) TAKE OUT OF THE STACK",
        "! Thing (AWS::DynamoDB::Table) REPLACE",
        "~ Thing.KeySchema (replaces it)",
        "! Thing (AWS::DynamoDB::Table) PERHAPS REPLACE",
    ]


def test_a_change_without_known_properties_is_still_a_line() -> None:
    assert change_lines([change("Modify", replacement="False", kind=FUNCTION)]) == ["~ Thing (AWS::Lambda::Function)"]


def test_long_values_are_cut_and_stay_in_one_line() -> None:
    (line,) = change_lines([change("Modify", PropertyChange("Body", "a\nb", "x" * 100, "Never"))])
    assert line == f"~ Thing.Body a b → {'x' * 59}…"


def test_the_summary_counts_each_fate() -> None:
    changes = [change("Add"), change("Add"), change("Modify", MEMORY), change("Remove", policy="Delete")]
    assert summary(changes) == "2 to add, 1 to change, 1 to delete"
    assert summary([]) == "outputs alone change"
