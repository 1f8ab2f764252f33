"""The errors of the analytics processor, which an execution shows as its error and cause."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

_ADVICE = {
    "AccessDeniedException": "let the function's role query it and put items into it",
    "ResourceNotFoundException": "deploy the stack again, or correct the function's ANALYTICS_TABLE_NAME",
}
_TRY_AGAIN = "start the execution again when DynamoDB answers"


class InvalidRequestError(ValueError):
    """The input asks for a summary that cannot be made; the message says what was wrong and what to do."""


class AnalyticsTableError(Exception):
    """The analytics table could not be read or written; the message names it, says why and what to do."""


def cut_answer(table_name: str) -> AnalyticsTableError:
    """The error for an answer without the members that it has to have, which is what botocore makes of half a body."""
    return AnalyticsTableError(f"the table {table_name} sent an answer that was cut short; {_TRY_AGAIN}.")


@contextmanager
def table_errors(table_name: str) -> Iterator[None]:
    """Turn errors of DynamoDB, and of the connection to it, into an error that names the table.

    Raises:
        AnalyticsTableError: when a call in the block failed after its own retries.
    """
    try:
        yield
    except ClientError as error:
        advice = _ADVICE.get(error.response["Error"]["Code"], _TRY_AGAIN)
        raise AnalyticsTableError(f"the table {table_name} cannot be used: {error}; {advice}.") from error
    except BotoCoreError as error:
        raise AnalyticsTableError(f"the table {table_name} cannot be reached: {error}; {_TRY_AGAIN}.") from error
