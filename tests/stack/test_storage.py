"""Tables and the bucket of failed events: what is kept, how long, and for whom."""

import re

import pytest

from stack.config import StackConfig
from stack.template import build_template
from tests.stack.resolve import Json, decided, properties, resources_of, template

TABLES = ("UserDataTable", "OrderDataTable", "AnalyticsTable")
KEPT = (*TABLES, "FailedEventsBucket", "UserDataProcessorLogGroup", "DataProcessingLogGroup")


@pytest.mark.parametrize("logical_id", KEPT)
@pytest.mark.parametrize(("suffix", "policy"), [("dev", "Delete"), ("prod", "Retain")])
def test_data_outlives_its_resource_only_where_it_is_protected(logical_id: str, suffix: str, policy: str) -> None:
    resource = template(suffix)["Resources"][logical_id]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (policy, policy)


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_recoverable_and_protected_in_production(table: str) -> None:
    assert properties("dev", table)["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties("prod", table)["DeletionProtectionEnabled"] is True
    assert properties("dev", table)["DeletionProtectionEnabled"] is False


def test_only_sources_have_a_stream() -> None:
    assert properties("dev", "UserDataTable")["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert "StreamSpecification" not in properties("dev", "AnalyticsTable")


def test_failed_events_are_private_encrypted_and_versioned() -> None:
    bucket = properties("prod", "FailedEventsBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = decided("prod", bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"], {})
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"


KEY = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ENCRYPTED: dict[str, Json] = {
    "AWS::DynamoDB::Table": {"SSESpecification": {"KMSMasterKeyId": "key", "SSEEnabled": True, "SSEType": "KMS"}},
    "AWS::Logs::LogGroup": {"KmsKeyId": "key"},
    "AWS::S3::Bucket": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": True,
                    "ServerSideEncryptionByDefault": {"KMSMasterKeyID": "key", "SSEAlgorithm": "aws:kms"},
                }
            ]
        }
    },
    "AWS::SNS::Topic": {"KmsMasterKeyId": "key"},
    "AWS::SQS::Queue": {"KmsMasterKeyId": "key", "SqsManagedSseEnabled": False},
}
UNENCRYPTED_BY_US: dict[str, Json] = {kind: {} for kind in ENCRYPTED} | {
    "AWS::S3::Bucket": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        }
    },
    "AWS::SQS::Queue": {"SqsManagedSseEnabled": True},
}
"""What is encrypted with a key that AWS owns has no property that says so, but for two."""


@pytest.mark.parametrize(("key", "encryption"), [(KEY, ENCRYPTED), ("", UNENCRYPTED_BY_US)])
@pytest.mark.parametrize("kind", ENCRYPTED)
def test_all_that_stores_data_is_encrypted_with_the_key_that_is_given(
    kind: str, key: str, encryption: dict[str, Json]
) -> None:
    names = {name for properties in ENCRYPTED.values() for name in properties}
    resources = resources_of("prod", kind)
    assert resources
    for given in resources.values():
        found = decided("prod", {name: value for name, value in given.items() if name in names}, {"KmsKeyArn": key})
        assert with_key_as_word(found) == encryption[kind]


def with_key_as_word(value: Json) -> Json:
    """A value with `key` in the place of each reference to the key."""
    match value:
        case {"Ref": "KmsKeyArn"}:
            return "key"
        case dict():
            return {name: with_key_as_word(inner) for name, inner in value.items()}
        case list():
            return list(map(with_key_as_word, value))
    return value


@pytest.mark.parametrize(("arn", "taken"), [("", True), (KEY, True), ("alias/mine", False), (f"{KEY} ", False)])
def test_the_key_is_named_by_its_arn(arn: str, taken: bool) -> None:
    pattern = template("prod")["Parameters"]["KmsKeyArn"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, arn)) is taken


def test_no_failed_event_is_moved() -> None:
    rules = properties("prod", "FailedEventsBucket")["LifecycleConfiguration"]["Rules"]
    assert not any("Transition" in name for rule in rules for name in rule)


def test_a_failed_event_never_expires_before_it_is_replayed() -> None:
    rules = properties("prod", "FailedEventsBucket")["LifecycleConfiguration"]["Rules"]
    assert not any("ExpirationInDays" in rule or "ExpirationDate" in rule for rule in rules)
    assert any(rule.get("NoncurrentVersionExpiration") == {"NoncurrentDays": 30} for rule in rules)


def test_activities_expire_only_when_they_are_told_to() -> None:
    assert "TimeToLiveSpecification" not in properties("prod", "AnalyticsTable")
    resources = build_template(StackConfig(activity_retention_days=30)).to_dict()["Resources"]
    expiry = {"AttributeName": "expiresAt", "Enabled": True}
    assert resources["AnalyticsTable"]["Properties"]["TimeToLiveSpecification"] == expiry
    assert "TimeToLiveSpecification" not in resources["UserDataTable"]["Properties"]


def test_who_writes_and_who_counts_activities_know_how_long_they_are_kept() -> None:
    def retentions(config: StackConfig) -> dict[str, str]:
        resources = build_template(config).to_dict()["Resources"].items()
        functions = {name: body["Properties"] for name, body in resources if body["Type"] == "AWS::Lambda::Function"}
        variables = {name: function["Environment"]["Variables"] for name, function in functions.items()}
        key = "ACTIVITY_RETENTION_DAYS"
        return {name: values[key] for name, values in variables.items() if key in values}

    processors = {f"{source.name}Processor" for source in StackConfig().sources}
    kept = StackConfig(activity_retention_days=30)
    assert retentions(kept) == dict.fromkeys({*processors, "AnalyticsProcessor"}, "30")
    assert retentions(StackConfig()) == {}
