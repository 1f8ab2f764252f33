"""The services that replaying takes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from build.aws import Clients
from stack.config import StackConfig, stream_processor

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

SECONDS_ON_THE_WAY = 30


@dataclass(frozen=True)
class Services:
    """Clients of the services; they wait and try again when they are throttled."""

    s3: "S3Client"
    functions: "LambdaClient"
    workflow: "SFNClient"


def connect(clients: Clients, config: StackConfig) -> Services:
    """Connect; the client of Lambda waits for an answer longer than any stream processor may run.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, on functions with a long time-out.
    """
    longest = max(stream_processor(source).timeout for source in config.sources)
    patience = Config(read_timeout=longest + SECONDS_ON_THE_WAY, tcp_keepalive=True)
    settings: dict[str, Any] = {
        "region_name": clients.region,
        "endpoint_url": clients.endpoint_url,
        "config": clients.functions.meta.config.merge(patience),
    }
    return Services(
        s3=clients.s3,
        functions=clients.session.client("lambda", **settings),
        workflow=clients.workflow,
    )
