"""Event source mappings: nothing dropped, nothing unneeded delivered."""

import json

import pytest

from tests.stack.resolve import decided, properties, template

MAPPINGS = ("UserDataEventSourceMapping", "OrderDataEventSourceMapping")


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_what_fails_is_isolated_and_kept(mapping: str) -> None:
    given = properties("prod", mapping)
    assert given["BisectBatchOnFunctionError"] is True
    assert given["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert given["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": ["FailedEventsBucket", "Arn"]}}}


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_record_is_sent_to_the_failure_destination_before_its_stream_loses_it(mapping: str) -> None:
    assert 60 <= properties("prod", mapping)["MaximumRecordAgeInSeconds"] < 24 * 60 * 60


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_removals_never_reach_the_function(mapping: str) -> None:
    (pattern,) = properties("dev", mapping)["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_counts_events_for_the_alarms(mapping: str) -> None:
    assert properties("dev", mapping)["MetricsConfig"] == {"Metrics": ["EventCount"]}


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize(("partition", "tagged"), [("aws", True), ("aws-us-gov", False)])
def test_a_mapping_has_tags_where_mappings_can_have_them(mapping: str, partition: str, tagged: bool) -> None:
    assert ("Tags" in decided("dev", properties("dev", mapping), {"AWS::Partition": partition})) is tagged


def test_processing_can_be_paused_when_deploying() -> None:
    whole = template("dev")
    assert properties("dev", MAPPINGS[0])["Enabled"] == {"Fn::If": ["StreamProcessingEnabled", True, False]}
    assert whole["Parameters"]["StreamProcessing"]["Default"] == "Enabled"
