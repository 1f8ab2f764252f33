"""Saved queries of CloudWatch Logs Insights: what is asked first when something fails, is slow, or is looked for.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from collections.abc import Sequence
from typing import Any

from troposphere import Template
from troposphere.awslambda import Function
from troposphere.logs import QueryDefinition, QueryParameter

from stack.config import StackConfig
from stack.functions import Functions
from stack.parameters import HAS_SAVED_QUERIES

_FAILED_RECORDS = """\
filter message = "records failed"
| fields jsonParse(@message) as log
| unnest log.failures into failure
| stats count(*) as records, min(@timestamp) as firstSeen, max(@timestamp) as lastSeen by service, failure.reason
| sort records desc"""
"""A stream processor's log names the reasons of a batch's failures in a list of at most 20."""

_SLOW_BATCHES = """\
filter @type = "REPORT" or message = "batch processed"
| fields coalesce(function_request_id, @requestId) as request
| stats max(@duration) as milliseconds, max(@maxMemoryUsed / 1000 / 1000) as megabytes,
    max(records) as recordsOfBatch, max(written) as activities, max(failed) as failures, max(@timestamp) as ended
    by request
| sort milliseconds desc
| limit 50"""
"""Lambda reports the duration of an invocation, the handler what its batch was; the request's id joins them."""

_WAY_OF_A_RECORD = """\
filter strcontains(@message, "{{recordId}}")
| fields @timestamp, service, level, message, coalesce(function_request_id, @requestId) as request, @message, @log
| sort @timestamp asc"""


def add_saved_queries(template: Template, config: StackConfig, functions: Functions) -> None:
    """Add the queries, each over the log groups of the functions whose logs it understands."""
    processors = list(functions.stream_processors.values())
    record_id = QueryParameter(
        Name="recordId",
        Description="Sequence number of a failed record; where events are logged, anything that the record contains",
    )
    for query in (
        _query(config, "FailedRecordsQuery", "failed-records-by-reason", _FAILED_RECORDS, processors),
        _query(config, "SlowBatchesQuery", "slow-batches", _SLOW_BATCHES, processors),
        _query(config, "RecordQuery", "way-of-a-record", _WAY_OF_A_RECORD, functions.all(), Parameters=[record_id]),
    ):
        template.add_resource(query)


def _query(
    config: StackConfig, logical_id: str, name: str, text: str, functions: Sequence[Function], **more: Any
) -> QueryDefinition:
    """A query; the slash in its name makes a folder of each suffix in the console."""
    return QueryDefinition(
        logical_id,
        Condition=HAS_SAVED_QUERIES,
        LogGroupNames=[function.LoggingConfig.LogGroup for function in functions],
        Name=f"{config.suffix}/{name}",
        QueryString=text,
        **more,
    )
