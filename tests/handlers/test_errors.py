"""What an execution shows as its cause."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from handlers.errors import AnalyticsTableError, naming_the_table


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ResourceNotFoundException", "deploy the stack again"),
        ("AccessDeniedException", "let the function's role query it"),
        ("ThrottlingException", "start the execution again"),
    ],
)
def test_a_refusal_names_the_table_the_reason_and_what_to_do(code: str, advice: str) -> None:
    with pytest.raises(AnalyticsTableError, match=f"^the table my-table cannot be used: .*{code}.*; {advice}"):
        with naming_the_table("my-table"):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Query")


def test_a_lost_connection_names_the_table_too() -> None:
    with pytest.raises(AnalyticsTableError, match="^the table my-table cannot be reached: .*; start the execution"):
        with naming_the_table("my-table"):
            raise EndpointConnectionError(endpoint_url="https://dynamodb")


def test_what_works_and_other_errors_pass() -> None:
    with naming_the_table("my-table"):
        pass
    with pytest.raises(KeyError), naming_the_table("my-table"):
        raise KeyError
