"""Reading mappings from Lambda's answers."""

import math
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from build.errors import CommandError
from build.poller.mapping import EventSourceMapping, find_mappings, mapping_from_response
from stack.template import build_template
from tests.build.poller.fakes import FUNCTION_ARN, STREAM_ARN
from tests.sources import USERS, two_sources

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
        event_names=frozenset({"INSERT"}),
        parallelization_factor=2,
        report_batch_item_failures=True,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=3,
        maximum_record_age=3600,
        on_failure_bucket="failed-events",
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


def refusal(response: dict[str, Any]) -> str:
    """The sentence with which a mapping is refused."""
    with pytest.raises(CommandError) as error:
        mapping_from_response(response)
    return str(error.value)


def filtered(*patterns: str) -> dict[str, Any]:
    """A mapping with these filters."""
    return {**MINIMAL, "FilterCriteria": {"Filters": [{"Pattern": pattern} for pattern in patterns]}}


def test_the_filter_of_the_stack_selects_what_it_records() -> None:
    resource = build_template(two_sources()).resources[f"{USERS.name}EventSourceMapping"]
    (pattern,) = [criterion.Pattern for criterion in resource.FilterCriteria.Filters]
    mapping = mapping_from_response(filtered(pattern))
    assert mapping.event_names == frozenset({"INSERT", "MODIFY"})


def test_a_record_may_match_any_of_several_filters() -> None:
    mapping = mapping_from_response(filtered('{"eventName": ["REMOVE"]}', '{"eventName": ["INSERT"]}'))
    assert mapping.event_names == frozenset({"REMOVE", "INSERT"})


@pytest.mark.parametrize("criteria", [{}, {"FilterCriteria": None}, {"FilterCriteria": {"Filters": []}}])
def test_without_filters_every_event_is_selected(criteria: dict[str, Any]) -> None:
    mapping = mapping_from_response({**MINIMAL, **criteria})
    assert all(mapping.selects(name) for name in ("INSERT", "MODIFY", "REMOVE", "an event of the future", None))


def test_a_filter_selects_the_names_in_it_and_no_others() -> None:
    mapping = mapping_from_response(filtered('{"eventName": ["INSERT", "MODIFY"]}'))
    assert [mapping.selects(name) for name in ("INSERT", "MODIFY", "REMOVE", None)] == [True, True, False, False]


@pytest.mark.parametrize(
    "pattern",
    [
        "{",
        "[]",
        "{}",
        '{"eventName": "INSERT"}',
        '{"eventName": []}',
        '{"eventName": ["insert"]}',
        '{"eventName": [["INSERT"]]}',
        '{"eventName": [{"prefix": "INS"}]}',
        '{"eventName": ["INSERT", {"anything-but": ["REMOVE"]}]}',
        '{"eventName": ["INSERT"], "dynamodb": {"SizeBytes": [26]}}',
        '{"dynamodb": {"NewImage": {"price": {"N": [{"exists": true}]}}}}',
        '{"$or": [{"eventName": ["INSERT"]}]}',
    ],
)
def test_a_filter_on_anything_but_event_names_is_refused(pattern: str) -> None:
    assert refusal(filtered('{"eventName": ["INSERT"]}', pattern)) == (
        f"the event source mapping 8c7bb6b3-a273-493a-950f-69d47494b995 has the filter pattern {pattern!r}, which "
        'cannot be applied here; select events by their names alone, as in {"eventName": ["INSERT", "MODIFY"]}.'
    )


def sending_failures_to(arn: str | None) -> dict[str, Any]:
    """A mapping with this on-failure destination."""
    return {**MINIMAL, "DestinationConfig": {"OnFailure": {"Destination": arn}}}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_a_bucket_may_be_the_destination(partition: str) -> None:
    mapping = mapping_from_response(sending_failures_to(f"arn:{partition}:s3:::failed-events"))
    assert mapping.on_failure_bucket == "failed-events"


@pytest.mark.parametrize(
    "response",
    [
        MINIMAL,
        {**MINIMAL, "DestinationConfig": {}},
        {**MINIMAL, "DestinationConfig": {"OnFailure": {}}},
        sending_failures_to(None),
        sending_failures_to(""),
    ],
)
def test_a_mapping_may_have_no_destination(response: dict[str, Any]) -> None:
    assert mapping_from_response(response).on_failure_bucket is None


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sqs:us-west-2:123456789012:failed-events",
        "arn:aws:sns:us-west-2:123456789012:failed-events",
        "arn:aws:sqs:us-west-2:123456789012:failed-events.fifo",
        "arn:aws:sns:us-west-2:123456789012:failed-events.fifo",
        "arn:aws:lambda:us-west-2:123456789012:function:failed-events",
        "arn:aws:s3:::failed-events/prefix",
        "kafka://failed-events",
    ],
)
def test_other_destinations_are_refused(arn: str) -> None:
    assert refusal(sending_failures_to(arn)) == (
        "the event source mapping 8c7bb6b3-a273-493a-950f-69d47494b995 has the on-failure destination "
        f"{arn}, which cannot be used here; use an S3 bucket."
    )
