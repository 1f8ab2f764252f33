from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from build.aws import Clients, Reconnection, open_clients, until
from build.aws_errors import aws_errors_explained, may_have_been_done
from build.errors import CommandError
from tests.build.support import dummy_session


@pytest.fixture
def no_region(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    return monkeypatch


def test_the_region_is_us_west_2_when_nothing_names_one(no_region: pytest.MonkeyPatch) -> None:
    assert open_clients(None, None).region == "us-west-2"


def test_an_option_wins_over_the_environment() -> None:
    assert open_clients(None, "eu-west-1", {"AWS_REGION": "eu-north-1"}).region == "eu-west-1"


def test_aws_region_wins_over_aws_default_region(no_region: pytest.MonkeyPatch) -> None:
    no_region.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    assert open_clients(None, None, {"AWS_REGION": "eu-north-1"}).region == "eu-north-1"
    assert open_clients(None, None, {}).region == "ap-south-1"


def test_a_profile_brings_its_region(no_region: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile ops]\nregion = sa-east-1\n")
    no_region.setenv("AWS_CONFIG_FILE", str(config))
    assert open_clients("ops", None, {}).region == "sa-east-1"


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ProfileNotFound, match="nobody"):
        open_clients("nobody", None)


def test_clients_are_made_once_for_the_region_and_retry_adaptively() -> None:
    clients = Clients(dummy_session(), "eu-west-1", "http://127.0.0.1:9")
    assert clients.cloudformation is clients.cloudformation
    made: list[Any] = [clients.s3, clients.dynamodb, clients.logs, clients.functions, clients.cloudwatch]
    for client in made:
        assert client.meta.region_name == "eu-west-1"
        assert client.meta.endpoint_url == "http://127.0.0.1:9"
        assert client.meta.config.retries["mode"] == "adaptive"


def test_the_endpoint_of_the_environment_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert Clients(dummy_session(), "us-west-2").cloudformation.meta.endpoint_url == "http://127.0.0.1:9"


def test_other_time_outs_win_over_the_usual_ones_and_leave_the_rest(cloud: Clients) -> None:
    patient = cloud.configured(read_timeout=900, max_pool_connections=50)
    assert (patient.session, patient.region, patient.endpoint_url) == (cloud.session, cloud.region, cloud.endpoint_url)
    config: Any = patient.functions.meta.config
    assert (config.read_timeout, config.max_pool_connections, config.connect_timeout) == (900, 50, 10)
    assert config.retries["mode"] == "adaptive"
    once: Any = cloud.configured(retries={"total_max_attempts": 1}).streams.meta.config
    assert once.retries["total_max_attempts"] == 1


def test_threads_share_clients(cloud: Clients) -> None:
    services = ["cloudformation", "cloudwatch", "dynamodb", "functions", "logs", "s3", "streams", "workflow"] * 4
    with ThreadPoolExecutor(len(services)) as pool:
        endpoints = {client.meta.endpoint_url for client in pool.map(lambda service: getattr(cloud, service), services)}
    assert endpoints == {cloud.endpoint_url}


@pytest.mark.parametrize(("region", "partition"), [("us-west-2", "aws"), ("cn-north-1", "aws-cn")])
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert Clients(dummy_session(), region).partition == partition


def test_the_account_is_asked_for_once(cloud: Clients) -> None:
    assert cloud.account == cloud.account == "000000000000"


def explained(error: Exception) -> str:
    with pytest.raises(CommandError) as caught:
        with aws_errors_explained("us-west-2"):
            raise error
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateChangeSet")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ExpiredToken", "log in again"),
        ("ExpiredTokenException", "log in again"),
        ("InvalidClientTokenId", "does not know these credentials in us-west-2"),
        ("UnrecognizedClientException", "that the region is enabled"),
        ("SignatureDoesNotMatch", "clock is right"),
        ("AccessDenied", "permission denied"),
        ("403", "permission denied"),
        ("Throttling", "wait a minute"),
        ("ValidationError", "AWS refused CreateChangeSet: no; correct that"),
    ],
)
def test_what_aws_refuses_says_what_to_do(code: str, advice: str) -> None:
    assert advice in explained(refused(code))


def test_a_denied_permission_is_named() -> None:
    message = "User: arn:aws:iam::1:user/x is not authorized to perform: cloudformation:CreateChangeSet on resource: y"
    assert "may not do cloudformation:CreateChangeSet;" in explained(refused("AccessDenied", message))
    assert "may not do cloudformation:CreateChangeSet;" in explained(refused("AccessDenied", "Access Denied"))


@pytest.mark.parametrize("endpoint", ["localhost:4566", "127.0.0.1:4566", "http//x"])
def test_an_endpoint_without_a_scheme_is_refused(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    for client in ("cloudformation", "s3"):
        with pytest.raises(CommandError, match=f"{endpoint} is no URL; give it a scheme"):
            getattr(Clients(dummy_session(), "us-west-2"), client)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (exceptions.NoCredentialsError(), "log in"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "AWS_SECRET_ACCESS_KEY"),
        (exceptions.ProfileNotFound(profile="ops"), "aws configure list-profiles"),
        (exceptions.UnauthorizedSSOTokenError(), "aws sso login"),
        (exceptions.LoginRefreshRequired(), "aws login"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="gone"), "aws sso login"),
        (exceptions.CredentialRetrievalError(provider="process", error_msg="exit 1"), "correct the profile"),
        (exceptions.InvalidRegionError(region_name="us west"), "'us-west-2' is not a region"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), "check the network"),
        (exceptions.ConnectTimeoutError(endpoint_url="https://x"), "the region that you mean"),
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), "check the network"),
        (exceptions.ConnectionClosedError(endpoint_url="https://x"), "check the network"),
        (exceptions.ProxyConnectionError(proxy_url="http://proxy"), "any proxy"),
        (exceptions.SSLError(endpoint_url="https://x", error=OSError("certificate")), "certificate"),
        (exceptions.InvalidConfigError(error_msg="two sources"), "two sources"),
    ],
)
def test_what_never_got_an_answer_says_what_to_do(error: BotoCoreError, advice: str) -> None:
    sentence = explained(error)
    assert advice in sentence
    assert sentence.endswith(".")


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), aws_errors_explained("us-west-2"):
        raise ZeroDivisionError


def test_nothing_happens_when_nothing_happens() -> None:
    with aws_errors_explained("us-west-2"):
        pass


def client_error(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeStacks")


def answers(*given: object) -> Callable[[], object]:
    remaining = iter(given)

    def read() -> object:
        answer = next(remaining)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return read


def test_pauses_grow_from_one_second_to_five(pauses: list[float]) -> None:
    until(answers(*[None] * 12, "done"), lambda: None)
    assert pauses[0] == 1.0
    assert pauses == sorted(pauses)
    assert max(pauses) == pauses[-1] == 5.0


def test_an_answer_needs_no_pause(pauses: list[float]) -> None:
    assert until(answers("done"), lambda: None) == "done"
    assert pauses == []


@pytest.mark.parametrize(
    "error",
    [
        client_error("Throttling"),
        client_error("ThrottlingException"),
        client_error("RequestLimitExceeded"),
        client_error("TooManyRequestsException", 429),
        client_error("InternalFailure", 500),
        client_error("ServiceUnavailable", 503),
    ],
)
def test_throttling_and_faults_of_aws_are_no_failure(error: ClientError, pauses: list[float]) -> None:
    heard: list[str] = []
    assert until(answers(error, error, "done"), lambda: heard.append("waiting")) == "done"
    assert len(heard) == len(pauses) == 2


def test_other_errors_are_failures() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        until(answers(client_error("AccessDenied", 403)), lambda: None)


LOST = [
    exceptions.EndpointConnectionError(endpoint_url="https://x"),
    exceptions.ConnectTimeoutError(endpoint_url="https://x"),
    exceptions.ReadTimeoutError(endpoint_url="https://x"),
    exceptions.ConnectionClosedError(endpoint_url="https://x"),
    exceptions.ProxyConnectionError(proxy_url="http://proxy"),
]


@pytest.mark.parametrize("error", LOST)
def test_a_lost_network_is_told_once_and_so_is_its_return(error: Exception) -> None:
    told: list[str] = []
    reconnection = Reconnection(told.append)
    read = answers(error, error, "done", "more")
    assert [reconnection.attempt(read) for _ in range(4)] == [None, None, "done", "more"]
    lost, back = told
    assert lost.startswith("AWS cannot be reached (")
    assert back == "AWS can be reached again"


def test_a_network_that_is_refused_is_reached_again() -> None:
    told: list[str] = []
    reconnection = Reconnection(told.append)
    read = answers(LOST[0], client_error("ExpiredToken"))
    assert reconnection.attempt(read) is None
    with pytest.raises(ClientError, match="ExpiredToken"):
        reconnection.attempt(read)
    assert len(told) == 2


@pytest.mark.parametrize("error", [*LOST, client_error("InternalFailure", 500), KeyboardInterrupt()])
def test_what_has_no_answer_may_have_been_done(error: BaseException) -> None:
    assert may_have_been_done(error)


@pytest.mark.parametrize("error", [client_error("AccessDenied", 403), exceptions.NoCredentialsError(), ValueError()])
def test_what_was_refused_or_never_sent_was_not_done(error: BaseException) -> None:
    assert not may_have_been_done(error)
