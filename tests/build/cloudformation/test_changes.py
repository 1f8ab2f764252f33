import json
from dataclasses import replace
from typing import Any

import pytest

from build.cloudformation.changes import (
    LOSSES,
    ChangeKind,
    PropertyChange,
    ResourceChange,
    aws_refusal,
    change_lines,
    data_losses,
    guard_data,
    guard_refusals,
    resource_change,
    reverted_drift,
    summary,
)
from build.errors import CommandError
from stack.config import StackConfig
from stack.template import render
from tests.build.support import a_change

FUNCTION = "AWS::Lambda::Function"
TABLE = "AWS::DynamoDB::Table"


@pytest.mark.parametrize(
    ("action", "replacement", "policy_action", "kind"),
    [
        ("Add", "", "", ChangeKind.ADD),
        ("Import", "", "", ChangeKind.IMPORT),
        ("Modify", "False", "", ChangeKind.CHANGE),
        ("SyncWithActual", "", "", ChangeKind.CHANGE),
        ("Modify", "Conditional", "", ChangeKind.POSSIBLY_REPLACE),
        ("Dynamic", "", "", ChangeKind.POSSIBLY_REPLACE),
        ("Modify", "True", "", ChangeKind.REPLACE),
        ("Modify", "Conditional", "ReplaceAndDelete", ChangeKind.REPLACE),
        ("Modify", "True", "ReplaceAndRetain", ChangeKind.REPLACE),
        ("Modify", "True", "ReplaceAndSnapshot", ChangeKind.REPLACE),
        ("Remove", "", "", ChangeKind.DELETE),
        ("Remove", "", "Delete", ChangeKind.DELETE),
        ("Remove", "", "Retain", ChangeKind.STOP_MANAGING),
        ("Remove", "", "Snapshot", ChangeKind.STOP_MANAGING),
    ],
)
def test_what_becomes_of_a_resource(action: str, replacement: str, policy_action: str, kind: ChangeKind) -> None:
    entry = a_change("Table", "AWS::DynamoDB::Table", action, Replacement=replacement, PolicyAction=policy_action)
    assert resource_change(entry["ResourceChange"]).kind is kind


def test_only_additions_and_changes_keep_what_a_resource_stores() -> None:
    assert set(ChangeKind) - LOSSES == {ChangeKind.ADD, ChangeKind.IMPORT, ChangeKind.CHANGE}


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


def change(logical_id: str, resource_type: str, action: str = "Modify", **more: Any) -> ResourceChange:
    return resource_change(a_change(logical_id, resource_type, action, **more)["ResourceChange"])


REMOVED_TABLE = change("UserDataTable", "AWS::DynamoDB::Table", "Remove", PolicyAction="Delete")


REPLACED_BUCKET = change("FailedEventsBucket", "AWS::S3::Bucket", Replacement="True")


POSSIBLY_REPLACED_GROUP = change("WorkerLogGroup", "AWS::Logs::LogGroup", Replacement="Conditional")


UNMANAGED_TABLE = change("OrderDataTable", "AWS::DynamoDB::Table", "Remove", PolicyAction="Retain")


HARMLESS = [
    change("AnalyticsTable", "AWS::DynamoDB::Table", Replacement="False"),
    change("NewTable", "AWS::DynamoDB::Table", "Add"),
    change("Worker", "AWS::Lambda::Function", Replacement="True"),
    change("Alarm", "AWS::CloudWatch::Alarm", "Remove"),
]


@pytest.mark.parametrize(
    ("losing", "words"),
    [
        (REMOVED_TABLE, "delete the table UserDataTable"),
        (REPLACED_BUCKET, "replace the bucket FailedEventsBucket"),
        (POSSIBLY_REPLACED_GROUP, "possibly replace the log group WorkerLogGroup"),
        (UNMANAGED_TABLE, "stop managing the table OrderDataTable"),
    ],
)
def test_what_would_lose_data_is_refused_by_name(losing: ResourceChange, words: str) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        guard_data([*HARMLESS, losing], [])
    assert str(caught.value).endswith(f"repeat the command with --allow-replace {losing.logical_id}.")


def test_all_losses_are_named_at_once() -> None:
    with pytest.raises(CommandError, match="--allow-replace UserDataTable --allow-replace FailedEventsBucket"):
        guard_data([REMOVED_TABLE, REPLACED_BUCKET], ["SomethingElse"])


def test_naming_one_does_not_allow_another() -> None:
    assert data_losses([REMOVED_TABLE, REPLACED_BUCKET], ["UserDataTable"]) == [REPLACED_BUCKET]


def test_what_is_named_may_go() -> None:
    guard_data([REMOVED_TABLE, REPLACED_BUCKET], ["UserDataTable", "FailedEventsBucket"])


def test_what_loses_nothing_passes() -> None:
    guard_data(HARMLESS, [])


def table_change(
    action: str, *properties: PropertyChange, replacement: str = "", policy: str = "", kind: str = TABLE
) -> ResourceChange:
    return ResourceChange(action, "Thing", kind, replacement, policy, properties)


MEMORY = PropertyChange("MemorySize", "256", "512", "Never")


KEYS = PropertyChange("KeySchema", None, None, "Always")


def test_a_changed_property_is_a_line_with_both_values() -> None:
    assert change_lines([table_change("Modify", MEMORY, replacement="False", kind=FUNCTION)]) == [
        "~ Thing.MemorySize 256 → 512"
    ]


def test_a_value_that_is_set_or_removed_has_no_other() -> None:
    added = PropertyChange("TracingConfig", None, "Active", "Never")
    removed = PropertyChange("Layers", "x", None, "Never")
    assert change_lines([table_change("Modify", added, removed)]) == [
        "~ Thing.TracingConfig (none) → Active",
        "~ Thing.Layers x → (none)",
    ]


def test_replacements_and_deletions_are_marked() -> None:
    lines = change_lines(
        [
            table_change("Add"),
            table_change("Remove", policy="Delete"),
            table_change("Remove", policy="Retain"),
            table_change("Modify", KEYS, replacement="True"),
            table_change("Modify", replacement="Conditional"),
        ]
    )
    assert lines == [
        "+ Thing (AWS::DynamoDB::Table)",
        "- Thing (AWS::DynamoDB::Table) DELETE",
        "- Thing (AWS::DynamoDB::Table) STOP MANAGING",
        "! Thing (AWS::DynamoDB::Table) REPLACE",
        "~ Thing.KeySchema (replaces it)",
        "! Thing (AWS::DynamoDB::Table) POSSIBLY REPLACE",
    ]


def test_a_change_without_known_properties_is_still_a_line() -> None:
    lines = change_lines([table_change("Modify", replacement="False", kind=FUNCTION)])
    assert lines == ["~ Thing (AWS::Lambda::Function)"]


def test_long_values_are_cut_and_stay_in_one_line() -> None:
    (line,) = change_lines([table_change("Modify", PropertyChange("Body", "a\nb", "x" * 100, "Never"))])
    assert line == f"~ Thing.Body a b → {'x' * 59}…"


def test_the_summary_counts_each_kind() -> None:
    added, removed = table_change("Add"), table_change("Remove", policy="Delete")
    changes = [added, added, table_change("Modify", MEMORY), removed]
    assert summary(changes) == "2 to add, 1 to change, 1 to delete"
    assert summary([]) == "only outputs change"


NAMED: dict[str, Any] = {
    "Resources": {
        "Table": {"Type": TABLE, "Properties": {"TableName": "dev-users"}},
        "Worker": {"Type": FUNCTION, "Properties": {"FunctionName": "dev-worker"}},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": "dev-worker"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
    }
}


def properties_of(change: ResourceChange) -> dict[str, Any]:
    properties: dict[str, Any] = NAMED["Resources"].get(change.logical_id, {}).get("Properties", {})
    return properties


def replaced(logical_id: str, resource_type: str, *changed: str, replacement: str = "True") -> ResourceChange:
    details = [{"Target": {"Path": f"/Properties/{path}", "RequiresRecreation": "Always"}} for path in changed]
    return change(logical_id, resource_type, Replacement=replacement, Details=details)


def test_a_resource_that_keeps_its_name_cannot_be_replaced_whatever_is_allowed() -> None:
    key = replaced("Table", TABLE, "KeySchema", "BillingMode")
    role = replaced("Worker", FUNCTION, "PackageType")
    with pytest.raises(CommandError) as caught:
        guard_refusals([replace(change, refusal=aws_refusal(change, properties_of(change))) for change in (key, role)])
    assert str(caught.value) == (
        "refused, nothing was changed: AWS cannot replace Table (AWS::DynamoDB::Table): it keeps its TableName; "
        "change that too where stack/ sets it, or undo the change of BillingMode, KeySchema; "
        "AWS cannot replace Worker (AWS::Lambda::Function): it keeps its FunctionName; "
        "change that too where stack/ sets it, or undo the change of PackageType."
    )


@pytest.mark.parametrize(
    "harmless",
    [
        replaced("Table", TABLE, "TableName"),
        change("Table", TABLE, Replacement="False", Details=[{"Target": {"Path": "/Properties/BillingMode"}}]),
        change("Table", TABLE, Replacement="Conditional"),
        replaced("Mapping", "AWS::Lambda::EventSourceMapping", "EventSourceArn"),
        replaced("Queue", "AWS::SQS::Queue", "FifoQueue"),
        replaced("Unknown", TABLE, "KeySchema"),
        change("Table", TABLE, "Add"),
    ],
)
def test_what_gets_another_name_or_has_none_of_its_own_can_be_replaced(harmless: ResourceChange) -> None:
    assert aws_refusal(harmless, properties_of(harmless)) == ""
    guard_refusals([harmless])


def test_every_name_in_the_template_is_known() -> None:
    resources: dict[str, Any] = json.loads(render(StackConfig()))["Resources"]
    for logical_id, resource in resources.items():
        named = [
            name
            for name, value in resource.get("Properties", {}).items()
            if name.endswith("Name") and isinstance(value, str) and "dev-" in value and name != "LayerName"
        ]
        refusal = aws_refusal(
            replaced(logical_id, resource["Type"], "FunctionName.Part"), resource.get("Properties", {})
        )
        assert ("it keeps its" in refusal) == bool(named), logical_id


def test_changes_of_permissions_are_marked() -> None:
    action = PropertyChange("Policies.Function.PolicyDocument.Statement.Read.Action", None, "dynamodb:Scan", "Never")
    role = PropertyChange("Role", "old", "new", "Never")
    lines = change_lines(
        [
            table_change("Modify", action, kind="AWS::IAM::Role"),
            table_change("Remove", policy="Delete", kind="AWS::SQS::QueuePolicy"),
            table_change("Modify", role, MEMORY, kind=FUNCTION),
        ]
    )
    assert lines == [
        "~ Thing.Policies.Function.PolicyDocument.Statement.Read.Action (none) → dynamodb:Scan [IAM]",
        "- Thing (AWS::SQS::QueuePolicy) DELETE [IAM]",
        "~ Thing.Role old → new [IAM]",
        "~ Thing.MemorySize 256 → 512",
    ]


def test_what_aws_will_refuse_is_marked_with_the_reason() -> None:
    refused = replace(table_change("Modify", KEYS, replacement="True"), refusal="it has a reason")
    assert change_lines([refused])[0] == "! Thing (AWS::DynamoDB::Table) REPLACE REFUSED BY AWS: it has a reason"
    in_place = replace(table_change("Modify", MEMORY, kind=FUNCTION), refusal="it has a reason")
    assert change_lines([in_place]) == [
        "~ Thing (AWS::Lambda::Function) REFUSED BY AWS: it has a reason",
        "~ Thing.MemorySize 256 → 512",
    ]


DRIFT = {"PreviousValue": "10", "ActualValue": "60"}


def drifted_queue(**target: Any) -> ResourceChange:
    """As a change set that reverts drift describes a queue whose time-out somebody changed."""
    told = {"Attribute": "Properties", "Path": "/Properties/VisibilityTimeout", "AfterValue": "10", "Drift": DRIFT}
    return change("Queue", "AWS::SQS::Queue", ResourceDriftStatus="MODIFIED", Details=[{"Target": {**told, **target}}])


@pytest.mark.parametrize("more", [{}, {"BeforeValue": "60", "BeforeValueFrom": "ACTUAL_STATE"}])
def test_drift_that_is_reverted_is_told_with_what_it_was(more: dict[str, str]) -> None:
    queue = drifted_queue(**more)
    assert change_lines([queue]) == ["~ Queue.VisibilityTimeout 60 → 10 [reverts drift]"]
    assert reverted_drift([queue, *HARMLESS]) == ["Queue.VisibilityTimeout 60 → 10"]


def test_a_resource_that_was_deleted_is_told_as_made_again() -> None:
    queue = change("Queue", "AWS::SQS::Queue", "Add", ResourceDriftStatus="DELETED")
    assert change_lines([queue]) == ["+ Queue (AWS::SQS::Queue) [reverts drift]"]
    assert reverted_drift([queue]) == ["Queue, which was deleted"]


def test_drift_that_the_template_adopts_is_not_reverted() -> None:
    assert reverted_drift([drifted_queue(AttributeChangeType="SyncWithActual")]) == []
