"""Clients of botocore with dummy credentials, to be stubbed."""

from typing import Any

import boto3
from botocore.config import Config


def client(service: str) -> Any:
    """A client that reaches nothing and does not try again."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-west-2")
    return session.client(service, config=Config(retries={"total_max_attempts": 1}))
