import pytest

from build.deployment.changes.resource_changes import LOSSES, Fate, PropertyChange, resource_change
from tests.build.deployment.support import a_change


@pytest.mark.parametrize(
    ("action", "replacement", "policy_action", "fate"),
    [
        ("Add", "", "", Fate.ADD),
        ("Import", "", "", Fate.ADD),
        ("Modify", "False", "", Fate.CHANGE),
        ("SyncWithActual", "", "", Fate.CHANGE),
        ("Modify", "Conditional", "", Fate.PERHAPS_REPLACE),
        ("Dynamic", "", "", Fate.PERHAPS_REPLACE),
        ("Modify", "True", "", Fate.REPLACE),
        ("Modify", "Conditional", "ReplaceAndDelete", Fate.REPLACE),
        ("Modify", "True", "ReplaceAndRetain", Fate.REPLACE),
        ("Modify", "True", "ReplaceAndSnapshot", Fate.REPLACE),
        ("Remove", "", "", Fate.DELETE),
        ("Remove", "", "Delete", Fate.DELETE),
        ("Remove", "", "Retain", Fate.RELEASE),
        ("Remove", "", "Snapshot", Fate.RELEASE),
    ],
)
def test_what_becomes_of_a_resource(action: str, replacement: str, policy_action: str, fate: Fate) -> None:
    entry = a_change("Table", "AWS::DynamoDB::Table", action, Replacement=replacement, PolicyAction=policy_action)
    assert resource_change(entry["ResourceChange"]).fate is fate


def test_only_additions_and_changes_keep_what_a_resource_holds() -> None:
    assert set(Fate) - LOSSES == {Fate.ADD, Fate.CHANGE}


def test_properties_are_named_by_path_once_and_in_order() -> None:
    details = [
        {"Target": {"Attribute": "Properties", "Name": "MemorySize", "RequiresRecreation": "Never"}},
        {
            "Target": {
                "Attribute": "Properties",
                "Name": "Environment",
                "Path": "/Properties/Environment/Variables/LOG_LEVEL",
                "BeforeValue": "INFO",
                "AfterValue": "DEBUG",
                "RequiresRecreation": "Always",
            }
        },
        {"Target": {"Attribute": "Tags"}},
        {"Target": {"Attribute": "Tags"}},
    ]
    entry = a_change("Worker", "AWS::Lambda::Function", Details=details)
    assert resource_change(entry["ResourceChange"]).properties == (
        PropertyChange("Environment.Variables.LOG_LEVEL", "INFO", "DEBUG", "Always"),
        PropertyChange("MemorySize", None, None, "Never"),
        PropertyChange("Tags", None, None, "Never"),
    )
