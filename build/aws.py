"""Access to AWS: clients, and the loops that wait for an answer."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from build.aws_errors import UNREACHABLE, is_transient
from build.errors import CommandError
from stack.config import DEFAULT_REGION

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts.type_defs import GetCallerIdentityResponseTypeDef

MOST_MINUTES_UNREACHABLE = 10
"""How long AWS may be out of reach before following an operation ends."""
_FIRST_PAUSE, _PAUSE_GROWTH, _LONGEST_PAUSE = 1.0, 1.25, 5.0
_CREATING_A_CLIENT = Lock()

ADAPTIVE = Config(connect_timeout=10, retries={"mode": "adaptive", "total_max_attempts": 5})
"""Retries, and slows down when AWS throttles (https://docs.aws.amazon.com/boto3/latest/guide/retries.html)."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Clients:
    """The clients of one identity in one region, each created when it is first used; threads may share them.

    Args:
        session: whose credentials sign the calls.
        region: `us-west-2`.
        endpoint_url: another place than AWS to talk to; AWS_ENDPOINT_URL and profiles are followed without it.
        config: time-outs and retries of every client.
    """

    session: "boto3.Session"
    region: str
    endpoint_url: str | None = None
    config: Config = ADAPTIVE

    def configured(self, **settings: Any) -> "Clients":
        """The same clients with other time-outs or retries.

        Args:
            settings: arguments of botocore's Config, which win over those that these clients have.
        """
        return replace(self, config=self.config.merge(Config(**settings)))

    @property
    def account(self) -> str:
        """The twelve digits of the account that the credentials belong to."""
        return self._caller["Account"]

    @property
    def identity(self) -> str:
        """The ARN of the user or of the role's session that the calls are signed for."""
        return self._caller["Arn"]

    @cached_property
    def _caller(self) -> "GetCallerIdentityResponseTypeDef":
        with _creating_a_client():
            sts = self.session.client("sts", **self._settings)
        return sts.get_caller_identity()

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.session.get_partition_for_region(self.region)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        with _creating_a_client():
            return self.session.client("cloudformation", **self._settings)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        with _creating_a_client():
            return self.session.client("cloudwatch", **self._settings)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        with _creating_a_client():
            return self.session.client("dynamodb", **self._settings)

    @cached_property
    def functions(self) -> "LambdaClient":
        """Lambda, whose name is a word of Python."""
        with _creating_a_client():
            return self.session.client("lambda", **self._settings)

    @cached_property
    def iam(self) -> "IAMClient":
        with _creating_a_client():
            return self.session.client("iam", **self._settings)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        with _creating_a_client():
            return self.session.client("logs", **self._settings)

    @cached_property
    def s3(self) -> "S3Client":
        with _creating_a_client():
            return self.session.client("s3", **self._settings)

    @cached_property
    def sns(self) -> "SNSClient":
        with _creating_a_client():
            return self.session.client("sns", **self._settings)

    @cached_property
    def sqs(self) -> "SQSClient":
        with _creating_a_client():
            return self.session.client("sqs", **self._settings)

    @cached_property
    def streams(self) -> "DynamoDBStreamsClient":
        with _creating_a_client():
            return self.session.client("dynamodbstreams", **self._settings)

    @cached_property
    def workflow(self) -> "SFNClient":
        """Step Functions."""
        with _creating_a_client():
            return self.session.client("stepfunctions", **self._settings)

    @property
    def _settings(self) -> dict[str, Any]:
        return {"region_name": self.region, "endpoint_url": self.endpoint_url, "config": self.config}


@contextmanager
def _creating_a_client() -> Iterator[None]:
    """One thread at a time; for an endpoint that is no URL botocore raises a ValueError.

    Raises:
        CommandError: for such an endpoint.
    """
    try:
        with _CREATING_A_CLIENT:
            yield
    except ValueError as error:
        endpoint = str(error).removeprefix("Invalid endpoint: ")
        if endpoint == str(error):
            raise
        scheme = "give it a scheme, as in http://127.0.0.1:4566, where AWS_ENDPOINT_URL or the profile sets it."
        raise CommandError(f"the endpoint {endpoint} is no URL; {scheme}") from error


def open_clients(profile: str | None, region: str | None, environment: Mapping[str, str] = os.environ) -> Clients:
    """The clients that the standard settings of AWS tools choose, in us-west-2 when they name no region.

    Args:
        profile: of the AWS configuration files; without it AWS_PROFILE and the environment decide.
        region: wins over AWS_REGION, which wins over AWS_DEFAULT_REGION and the profile.
        environment: where AWS_REGION is read from.

    Raises:
        ProfileNotFound: when the configuration files have no such profile.
    """
    import boto3  # takes longer than the rest of a command's `--help`

    session = boto3.Session(profile_name=profile, region_name=region or environment.get("AWS_REGION") or None)
    return Clients(session, session.region_name or DEFAULT_REGION)


def until(read: Callable[[], Answer | None], waiting: Callable[[], None], first_pause: float = _FIRST_PAUSE) -> Answer:
    """Ask until there is an answer, after pauses that grow to five seconds.

    A transient error is no answer and never a failure.

    Args:
        read: returns the answer, or None to be asked again.
        waiting: called before each pause.
        first_pause: in seconds.
    """
    pause = first_pause
    while (answer := _unless_transient(read)) is None:
        waiting()
        sleep(pause)
        pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE)
    return answer


@dataclass
class Reconnection:
    """Asks AWS through a lost network, and says when it is lost and when it is back, once each.

    Args:
        tell: hears both.
    """

    tell: Callable[[str], None]
    _lost_at: float | None = field(default=None, init=False)

    def attempt(self, read: Callable[[], Answer | None]) -> Answer | None:
        """The answer; None while AWS cannot be reached.

        Raises:
            ConnectionError, HTTPClientError: botocore's, when that lasts longer than MOST_MINUTES_UNREACHABLE.
        """
        try:
            answer = read()
        except UNREACHABLE as error:
            self._lose(error)
            return None
        except ClientError:
            self._recover()
            raise
        self._recover()
        return answer

    def _lose(self, error: BotoCoreError) -> None:
        now = monotonic()
        if self._lost_at is None:
            self._lost_at = now
            reason = str(error).rstrip(".")
            self.tell(f"AWS cannot be reached ({reason}); trying again for up to {MOST_MINUTES_UNREACHABLE} minutes")
        elif now - self._lost_at > MOST_MINUTES_UNREACHABLE * 60:
            raise error

    def _recover(self) -> None:
        if self._lost_at is not None:
            self._lost_at = None
            self.tell("AWS can be reached again")


def _unless_transient(read: Callable[[], Answer | None]) -> Answer | None:
    try:
        return read()
    except ClientError as error:
        if not is_transient(error):
            raise
        return None
