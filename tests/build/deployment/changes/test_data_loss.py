from typing import Any

import pytest

from build.deployment.changes.data_loss import data_losses, guard_data
from build.deployment.changes.resource_changes import ResourceChange, resource_change
from build.errors import CommandError
from tests.build.deployment.support import a_change


def change(logical_id: str, resource_type: str, action: str = "Modify", **more: Any) -> ResourceChange:
    return resource_change(a_change(logical_id, resource_type, action, **more)["ResourceChange"])


REMOVED_TABLE = change("UserDataTable", "AWS::DynamoDB::Table", "Remove", PolicyAction="Delete")
REPLACED_BUCKET = change("FailedEventsBucket", "AWS::S3::Bucket", Replacement="True")
PERHAPS_REPLACED_GROUP = change("WorkerLogGroup", "AWS::Logs::LogGroup", Replacement="Conditional")
RELEASED_TABLE = change("OrderDataTable", "AWS::DynamoDB::Table", "Remove", PolicyAction="Retain")
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
        (PERHAPS_REPLACED_GROUP, "perhaps replace the log group WorkerLogGroup"),
        (RELEASED_TABLE, "take out of the stack the table OrderDataTable"),
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
