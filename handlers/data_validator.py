"""Validates the workflow's input, the first state of an execution."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from handlers.validation import validated

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
tracer = Tracer(auto_patch=False)
metrics = Metrics()
metrics.set_default_dimensions(environment=os.environ["ENVIRONMENT"])

_DATA_TYPES = tuple(os.environ["DATA_TYPES"].split(","))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: object, context: "LambdaContext") -> dict[str, Any]:
    """Answer whether an input is valid; see `validated` for the answer. Raises nothing, whatever the input is."""
    answer = validated(event, _DATA_TYPES, datetime.now(UTC))
    metrics.add_metric("InvalidInputs", MetricUnit.Count, int(not answer["isValid"]))
    logger.info(
        "input validated",
        is_valid=answer["isValid"],
        error=answer.get("error"),
        warning=answer.get("warning"),
    )
    return answer
