"""What an execution shows as its cause."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from handlers.errors import AnalyticsTableError, cut_answer, table_errors


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ResourceNotFoundException", "deploy the stack again, or correct the function's ANALYTICS_TABLE_NAME"),
        ("AccessDeniedException", "let the function's role query it and put items into it"),
        ("ThrottlingException", "start the execution again when DynamoDB answers"),
    ],
)
def test_a_refusal_names_the_table_the_reason_and_what_to_do(code: str, advice: str) -> None:
    with pytest.raises(AnalyticsTableError, match=rf"^the table my-table cannot be used: .*{code}.*: no; {advice}\.$"):
        with table_errors("my-table"):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Query")


def test_a_lost_connection_names_the_table_too() -> None:
    advice = "start the execution again when DynamoDB answers"
    with pytest.raises(
        AnalyticsTableError, match=rf'^the table my-table cannot be reached: .*"https://dynamodb"; {advice}\.$'
    ):
        with table_errors("my-table"):
            raise EndpointConnectionError(endpoint_url="https://dynamodb")


def test_an_answer_that_was_cut_short_names_the_table_too() -> None:
    assert str(cut_answer("my-table")) == (
        "the table my-table sent an answer that was cut short; start the execution again when DynamoDB answers."
    )


def test_what_works_and_other_errors_pass() -> None:
    with table_errors("my-table"):
        pass
    with pytest.raises(KeyError), table_errors("my-table"):
        raise KeyError
