"""What an execution of the workflow shows as its error and cause."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

ADVICE = {
    "AccessDeniedException": "let the function's role query it and put items into it",
    "ResourceNotFoundException": "deploy the stack again, or correct the function's ANALYTICS_TABLE_NAME",
}
TRY_AGAIN = "start the execution again when DynamoDB answers"


class InvalidRequestError(ValueError):
    """The input asks for a summary that cannot be made; the message says what was wrong and what to do."""


class AnalyticsTableError(Exception):
    """The analytics table could not be read or written; the message names it, says why and what to do."""


@contextmanager
def naming_the_table(table_name: str) -> Iterator[None]:
    """Turn what DynamoDB or the way to it refuses into an error that names the table.

    Raises:
        AnalyticsTableError: when a call inside failed, its own retries included.
    """
    try:
        yield
    except ClientError as error:
        advice = ADVICE.get(error.response["Error"]["Code"], TRY_AGAIN)
        raise AnalyticsTableError(f"the table {table_name} cannot be used: {error}; {advice}.") from error
    except BotoCoreError as error:
        raise AnalyticsTableError(f"the table {table_name} cannot be reached: {error}; {TRY_AGAIN}.") from error
