"""Reading mappings from Lambda's answers."""

import math
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from build.errors import CommandError
from build.poller.configuration import EventSourceMapping, find_mappings, get_mapping, mapping_from_response
from tests.build.poller.fakes import FUNCTION_ARN, STREAM_ARN

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

MINIMAL = {"UUID": "8c7bb6b3-a273-493a-950f-69d47494b995", "EventSourceArn": STREAM_ARN, "FunctionArn": FUNCTION_ARN}
COMPLETE = {
    **MINIMAL,
    "BatchSize": 10,
    "MaximumBatchingWindowInSeconds": 5,
    "StartingPosition": "LATEST",
    "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
    "ParallelizationFactor": 2,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 3,
    "MaximumRecordAgeInSeconds": 3600,
    "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failed-events"}},
    "State": "Disabled",
}


@pytest.fixture
def client() -> "LambdaClient":
    return boto3.client("lambda")


def test_every_setting_is_read_and_the_state_is_not_looked_at() -> None:
    assert mapping_from_response(COMPLETE) == EventSourceMapping(
        uuid="8c7bb6b3-a273-493a-950f-69d47494b995",
        function_arn=FUNCTION_ARN,
        stream_arn=STREAM_ARN,
        batch_size=10,
        batching_window=5,
        starting_position="LATEST",
        filters=({"eventName": ["INSERT"]},),
        parallelization_factor=2,
        report_batch_item_failures=True,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=3,
        maximum_record_age=3600,
        destination_arn="arn:aws:s3:::failed-events",
    )


def test_defaults_are_those_of_the_documentation() -> None:
    mapping = mapping_from_response(MINIMAL)
    assert mapping == EventSourceMapping("8c7bb6b3-a273-493a-950f-69d47494b995", FUNCTION_ARN, STREAM_ARN)
    assert (mapping.batch_size, mapping.batching_window, mapping.parallelization_factor) == (100, 0, 1)
    assert not mapping.bisect_batch_on_function_error and not mapping.report_batch_item_failures


def test_minus_one_means_until_the_record_expires() -> None:
    mapping = mapping_from_response({**MINIMAL, "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1})
    assert (mapping.maximum_retry_attempts, mapping.maximum_record_age) == (math.inf, 86400)


def test_a_quota_of_no_retries_is_kept() -> None:
    assert mapping_from_response({**MINIMAL, "MaximumRetryAttempts": 0}).maximum_retry_attempts == 0


def test_no_record_lives_longer_than_the_stream_keeps_it() -> None:
    assert mapping_from_response({**MINIMAL, "MaximumRecordAgeInSeconds": 604800}).maximum_record_age == 86400


@pytest.mark.parametrize(
    "unsupported",
    [
        {"EventSourceArn": "arn:aws:sqs:us-west-2:123456789012:queue"},
        {"StartingPosition": "AT_TIMESTAMP"},
        {"TumblingWindowInSeconds": 60},
    ],
)
def test_a_mapping_that_cannot_be_polled_here_is_refused(unsupported: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="8c7bb6b3-a273-493a-950f-69d47494b995"):
        mapping_from_response({**MINIMAL, **unsupported})


def test_mappings_of_streams_are_found_on_every_page(client: "LambdaClient") -> None:
    queue = {**MINIMAL, "EventSourceArn": "arn:aws:sqs:us-west-2:123456789012:queue"}
    with Stubber(client) as stub:
        stub.add_response("list_event_source_mappings", {"EventSourceMappings": [MINIMAL, queue], "NextMarker": "m"})
        stub.add_response("list_event_source_mappings", {"EventSourceMappings": [COMPLETE]}, {"Marker": "m"})
        assert find_mappings(client) == (mapping_from_response(MINIMAL), mapping_from_response(COMPLETE))


def test_one_mapping_is_read_by_its_id(client: "LambdaClient") -> None:
    with Stubber(client) as stub:
        stub.add_response("get_event_source_mapping", COMPLETE, {"UUID": "8c7bb6b3-a273-493a-950f-69d47494b995"})
        assert get_mapping(client, "8c7bb6b3-a273-493a-950f-69d47494b995") == mapping_from_response(COMPLETE)
