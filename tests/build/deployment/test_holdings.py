from typing import Any

import pytest
from botocore.exceptions import ClientError

from build.deployment.clients import Clients
from build.deployment.holdings import content_of, holdings
from build.deployment.stack_resources import StackResource
from tests.build.deployment.support import Stubs

TABLE = StackResource("Table", "dev-userdata", "AWS::DynamoDB::Table", "CREATE_COMPLETE")
BUCKET = StackResource("Bucket", "dev-failures", "AWS::S3::Bucket", "CREATE_COMPLETE")
GROUP = StackResource("Group", "/aws/lambda/dev", "AWS::Logs::LogGroup", "CREATE_COMPLETE")
QUEUE = StackResource("Queue", "dev-queue", "AWS::SQS::Queue", "CREATE_COMPLETE")


def test_items_of_a_table_are_about_right(stubs: Stubs) -> None:
    answer = {"Table": {"ItemCount": 12_345}}
    stubs.answer("dynamodb", "describe_table", {"TableName": "dev-userdata"}, answer)
    assert content_of(stubs.clients, TABLE) == "about 12,345 items"


def test_log_groups_that_only_begin_alike_do_not_count(stubs: Stubs) -> None:
    groups = [{"logGroupName": "/aws/lambda/dev", "storedBytes": 2_048}, {"logGroupName": "/aws/lambda/dev2"}]
    stubs.answer("logs", "describe_log_groups", {"logGroupNamePrefix": "/aws/lambda/dev"}, {"logGroups": groups})
    assert content_of(stubs.clients, GROUP) == "about 2,048 bytes of log events"


@pytest.mark.parametrize(
    ("page", "content"),
    [
        ({"Versions": [{"Key": "a"}]}, "1 object versions"),
        ({"Versions": [{"Key": "a"}] * 1_000, "IsTruncated": True}, "1,000 object versions or more"),
        ({}, "0 object versions"),
    ],
)
def test_a_page_of_versions_says_enough_of_a_bucket(
    stubs: Stubs, monkeypatch: pytest.MonkeyPatch, page: dict[str, Any], content: str
) -> None:
    monkeypatch.setattr(Clients, "account", "1")
    parameters = {"Bucket": "dev-failures", "ExpectedBucketOwner": "1"}
    stubs.answer("s3", "list_object_versions", parameters, page)
    assert content_of(stubs.clients, BUCKET) == content


def test_what_is_gone_holds_nothing_and_what_is_denied_is_no_detail(stubs: Stubs) -> None:
    stubs.refuse("dynamodb", "describe_table", {"TableName": "dev-userdata"}, "ResourceNotFoundException")
    assert content_of(stubs.clients, TABLE) == "gone"
    stubs.refuse("dynamodb", "describe_table", {"TableName": "dev-userdata"}, "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        content_of(stubs.clients, TABLE)


def test_only_what_holds_data_is_looked_at(stubs: Stubs) -> None:
    stubs.answer("dynamodb", "describe_table", {"TableName": "dev-userdata"}, {"Table": {"ItemCount": 1}})
    (held,) = holdings(stubs.clients, [TABLE, QUEUE], frozenset({"Table"}))
    assert (held.kind, held.retained, held.resource) == ("table", True, TABLE)
