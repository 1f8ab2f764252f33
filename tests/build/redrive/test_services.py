"""The clients that replaying takes."""

from typing import Any

import boto3

from build.aws import Clients
from build.redrive.services import connect
from stack.config import StackConfig

ENDPOINT = "http://127.0.0.1:1"


def test_an_answer_is_awaited_for_as_long_as_a_function_may_run() -> None:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    services: Any = connect(Clients(session, "us-west-2", ENDPOINT), StackConfig())
    assert services.functions.meta.config.read_timeout > 300
    for client in (services.functions, services.workflow):
        assert client.meta.config.retries["mode"] == "adaptive"
        assert (client.meta.region_name, client.meta.endpoint_url) == ("us-west-2", ENDPOINT)
