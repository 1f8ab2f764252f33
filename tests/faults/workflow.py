"""The workflow without its state machine: one function's answer is the other's input, as the template chains them."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from build.poller.invocation import Function
from tests.faults.faulty_dynamodb import FaultyDynamoDB
from tests.faults.template_settings import TemplateSettings

Summary = tuple[date, int, int]
MILLISECONDS = 86_400_000


@dataclass(frozen=True)
class WorkflowFunctions:
    """Validator and processor, one after the other."""

    template: TemplateSettings
    validator: Function
    processor: Function

    def run(self, **request: Any) -> dict[str, Any]:
        """What the processor answers to a request that the validator has accepted."""
        return answer_of(self.processor, self.validated(**request))

    def validated(self, **request: Any) -> dict[str, Any]:
        """What the validator hands on."""
        validated = answer_of(self.validator, request)
        assert validated["isValid"] is True
        return validated

    def scheduled(self, moment: datetime) -> dict[str, Any]:
        """The request that the schedule makes for a moment."""
        (target,) = self.template.properties("DailyAnalyticsRule")["Targets"]
        text = target["InputTransformer"]["InputTemplate"].replace("<time>", json.dumps(moment.isoformat()))
        request: dict[str, Any] = json.loads(text)
        return request

    def run_scheduled(self, moment: datetime) -> dict[str, Any]:
        """What comes of the run that is scheduled for a moment."""
        return self.run(**self.scheduled(moment))


def answer_of(function: Function, event: dict[str, Any]) -> dict[str, Any]:
    """What a function returns, which must not fail."""
    response = function(json.dumps(event).encode())
    assert response.function_error is None, response.payload
    answer: dict[str, Any] = json.loads(response.payload)
    return answer


def daily_summaries(dynamodb: FaultyDynamoDB) -> list[Summary]:
    """Every daily summary in the table, oldest first: its day, and how many users and orders it counts."""
    _, answer = dynamodb.answer(
        "Query",
        {
            "TableName": dynamodb.table_name,
            "KeyConditionExpression": "dataType = :summaries",
            "ExpressionAttributeValues": {":summaries": {"S": "DAILY_SUMMARY"}},
        },
    )
    return list(map(summary, answer["Items"]))


def summary(item: dict[str, Any]) -> Summary:
    """What a summary says, which must be of a whole UTC day."""
    number = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    assert number["windowStart"] % MILLISECONDS == 0
    assert number["processedAt"] == number["windowEnd"] == number["windowStart"] + MILLISECONDS
    assert number["totalRecords"] == number["userActivityCount"] + number["orderActivityCount"]
    day = datetime.fromtimestamp(number["windowStart"] / 1000, UTC).date()
    return day, number["userActivityCount"], number["orderActivityCount"]
