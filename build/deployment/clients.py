"""Connections to AWS: one session, its clients made when they are first used."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stack.config import DEFAULT_REGION

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class Clients:
    """The clients of one identity in one region; they retry as adaptive mode does and slow down when AWS says so
    (https://docs.aws.amazon.com/boto3/latest/guide/retries.html).

    Args:
        session: whose credentials sign the calls.
        region: where the stack is, `us-west-2`.
        endpoint_url: another place than AWS to talk to; AWS_ENDPOINT_URL and profiles are followed without it.
    """

    session: "boto3.Session"
    region: str
    endpoint_url: str | None = None

    @cached_property
    def account(self) -> str:
        """The twelve digits of the account that the credentials belong to."""
        return self.session.client("sts", **self._settings).get_caller_identity()["Account"]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.session.get_partition_for_region(self.region)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """Stacks."""
        return self.session.client("cloudformation", **self._settings)

    @cached_property
    def s3(self) -> "S3Client":
        """Artifacts, and the buckets of stacks."""
        return self.session.client("s3", **self._settings)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The tables of stacks."""
        return self.session.client("dynamodb", **self._settings)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """The log groups of stacks."""
        return self.session.client("logs", **self._settings)

    @cached_property
    def functions(self) -> "LambdaClient":
        """Functions and event source mappings."""
        return self.session.client("lambda", **self._settings)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """Alarms."""
        return self.session.client("cloudwatch", **self._settings)

    @cached_property
    def workflow(self) -> "SFNClient":
        return self.session.client("stepfunctions", **self._settings)

    @cached_property
    def _settings(self) -> dict[str, Any]:
        from botocore.config import Config

        config = Config(connect_timeout=10, retries={"mode": "adaptive", "total_max_attempts": 5})
        return {"region_name": self.region, "endpoint_url": self.endpoint_url, "config": config}


def open_clients(profile: str | None, region: str | None, environment: Mapping[str, str] = os.environ) -> Clients:
    """Connect as the standard settings of AWS tools say, in us-west-2 when they name no region.

    Args:
        profile: of the AWS configuration files; without it AWS_PROFILE and the environment decide.
        region: wins over AWS_REGION, which wins over AWS_DEFAULT_REGION and the profile.

    Raises:
        ProfileNotFound: when the configuration files have no such profile.
    """
    import boto3

    session = boto3.Session(profile_name=profile, region_name=region or environment.get("AWS_REGION") or None)
    return Clients(session, session.region_name or DEFAULT_REGION)
