"""How changes reach the functions: one event source mapping for each source."""

import json

from troposphere import If, Template
from troposphere.awslambda import (
    DestinationConfig,
    EventSourceMapping,
    Filter,
    FilterCriteria,
    Function,
    MetricsConfig,
    OnFailure,
)
from troposphere.dynamodb import Table
from troposphere.s3 import Bucket

from stack.config import StackConfig, StreamSource
from stack.functions import Functions
from stack.parameters import STREAM_PROCESSING_ENABLED
from stack.storage import Storage

_EVENT_NAME_FILTER = {"eventName": ["INSERT", "MODIFY"]}
_RETRY_ATTEMPTS = 3
_MAXIMUM_RECORD_AGE = 20 * 60 * 60
"""Seconds; before its stream loses it after 24 hours, a throttled record is sent to the failure destination."""


def _event_source_mapping(
    source: StreamSource, table: Table, function: Function, failed_events: Bucket
) -> EventSourceMapping:
    """The mapping of a source: what fails is isolated by bisection, and stored when retries are exhausted.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    return EventSourceMapping(
        f"{source.name}EventSourceMapping",
        BatchSize=source.batch_size,
        BisectBatchOnFunctionError=True,
        DestinationConfig=DestinationConfig(OnFailure=OnFailure(Destination=failed_events.get_att("Arn"))),
        Enabled=If(STREAM_PROCESSING_ENABLED, True, False),
        EventSourceArn=table.get_att("StreamArn"),
        FilterCriteria=FilterCriteria(Filters=[Filter(Pattern=json.dumps(_EVENT_NAME_FILTER))]),
        FunctionName=function.ref(),
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumBatchingWindowInSeconds=source.batching_window,
        MaximumRecordAgeInSeconds=_MAXIMUM_RECORD_AGE,
        MaximumRetryAttempts=_RETRY_ATTEMPTS,
        MetricsConfig=MetricsConfig(Metrics=["EventCount"]),
        ParallelizationFactor=source.parallelization_factor,
        StartingPosition="TRIM_HORIZON",
    )


def add_streams(
    template: Template, config: StackConfig, storage: Storage, functions: Functions
) -> dict[str, EventSourceMapping]:
    """Add the mappings; the result is by name of the source."""
    return {
        source.name: template.add_resource(
            _event_source_mapping(
                source,
                storage.source_tables[source.name],
                functions.stream_processors[source.name],
                storage.failed_events_bucket,
            )
        )
        for source in config.sources
    }
