"""Invoking the function with a batch, and what its answer says about the records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class FunctionUnreached(Exception):
    """The function did not run: it was throttled, or the service failed before it got there."""


class AnswerLost(Exception):
    """The function may have run, but no answer came."""


@dataclass(frozen=True)
class Response:
    """What the Invoke operation answers.

    Args:
        request_id: of the invocation.
        status_code: of the call, 200 for an error in the function too.
        executed_version: of the function.
        function_error: Handled or Unhandled, None when the function returned.
        payload: what the function returned, or the error, as JSON.
    """

    request_id: str
    status_code: int
    executed_version: str
    function_error: str | None
    payload: bytes


class Function(Protocol):
    """Something to invoke: takes the event as JSON, answers, or raises FunctionUnreached or AnswerLost."""

    def __call__(self, payload: bytes) -> Response: ...


@dataclass(frozen=True)
class LambdaFunction:
    """A function behind Lambda's Invoke operation.

    Args:
        client: one that does not retry by itself and waits as long as functions run.
        arn: of the function, with version or alias if there is one.
    """

    client: "LambdaClient"
    arn: str

    def __call__(self, payload: bytes) -> Response:
        """Invoke it and wait for the answer.

        Raises:
            FunctionUnreached: throttled, or any other error of the service; the API reports errors of the function
                itself in the answer.
            AnswerLost: the connection broke or timed out after the event was sent.
        """
        try:
            return self._invoke(payload)
        except (HTTPClientError, IncompleteReadError) as error:
            raise AnswerLost(str(error)) from error
        except (ClientError, BotoCoreError) as error:
            raise FunctionUnreached(str(error)) from error

    def _invoke(self, payload: bytes) -> Response:
        answer = self.client.invoke(FunctionName=self.arn, InvocationType="RequestResponse", Payload=payload)
        return Response(
            request_id=answer["ResponseMetadata"]["RequestId"],
            status_code=answer["StatusCode"],
            executed_version=answer.get("ExecutedVersion", "$LATEST"),
            function_error=answer.get("FunctionError"),
            payload=answer["Payload"].read(),
        )


@dataclass(frozen=True)
class Attempt:
    """How one try to have a batch processed ended.

    Args:
        reached: whether the function ran, as far as can be known.
        succeeded: how many records, from the first on, need not be tried again.
        response: the answer, if there was one.
        problem: why there was none.
    """

    reached: bool
    succeeded: int = 0
    response: Response | None = None
    problem: str | None = None


def invoke_batch(
    function: Function, payload: bytes, sequence_numbers: Sequence[str], report_batch_item_failures: bool
) -> Attempt:
    """Invoke the function with a batch, once.

    Args:
        function: what is invoked.
        payload: the event.
        sequence_numbers: of its records, in order.
        report_batch_item_failures: whether the answer names the records that failed.
    """
    try:
        response = function(payload)
    except FunctionUnreached as error:
        return Attempt(reached=False, problem=str(error))
    except AnswerLost as error:
        return Attempt(reached=True, problem=str(error))
    succeeded = _count_succeeded(sequence_numbers, response, report_batch_item_failures)
    return Attempt(reached=True, succeeded=succeeded, response=response)


def count_before_first_failure(sequence_numbers: Sequence[str], answer: bytes) -> int:
    """How many records come before the first failed one (LDG services-ddb-batchfailurereporting).

    An empty or null response or list means that none failed; an identifier that is empty, null, unknown or under
    another key, and anything that is no such response, means that all did.

    Args:
        sequence_numbers: of the batch, in order.
        answer: what the function returned, as JSON.
    """
    positions = {number: position for position, number in enumerate(sequence_numbers)}
    try:
        failures = (json.loads(answer or b"null") or {}).get("batchItemFailures") or ()
        return min((positions[failure["itemIdentifier"]] for failure in failures), default=len(positions))
    except (AttributeError, KeyError, TypeError, ValueError):
        return 0


def _count_succeeded(sequence_numbers: Sequence[str], response: Response, report_batch_item_failures: bool) -> int:
    if response.function_error:
        return 0
    if not report_batch_item_failures:
        return len(sequence_numbers)
    return count_before_first_failure(sequence_numbers, response.payload)
