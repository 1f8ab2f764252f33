"""Tables and the bucket of failed events: what is kept, how long, and for whom."""

import pytest

from tests.stack.resolve import properties, template

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
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"


def test_a_failed_event_never_expires_before_it_is_replayed() -> None:
    rules = properties("prod", "FailedEventsBucket")["LifecycleConfiguration"]["Rules"]
    assert not any("ExpirationInDays" in rule or "ExpirationDate" in rule for rule in rules)
    assert any(rule.get("NoncurrentVersionExpiration") == {"NoncurrentDays": 30} for rule in rules)
