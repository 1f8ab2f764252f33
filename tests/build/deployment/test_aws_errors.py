import re

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from build.deployment.aws_errors import FAILURES, REFUSALS, aws_errors_explained
from build.errors import CommandError


def explained(error: Exception) -> str:
    with pytest.raises(CommandError) as caught:
        with aws_errors_explained("us-west-2"):
            raise error
    assert caught.value.exit_code == 1
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
    assert "may not do CreateChangeSet;" in explained(refused("AccessDenied", "Access Denied"))


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
    assert advice in explained(error)


def test_every_sentence_is_one_line_with_a_full_stop() -> None:
    for _, sentence in REFUSALS:
        assert "\n" not in sentence
    for _, sentence in FAILURES:
        assert re.search(r"\.$", sentence)


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), aws_errors_explained("us-west-2"):
        raise ZeroDivisionError


def test_nothing_happens_when_nothing_happens() -> None:
    with aws_errors_explained("us-west-2"):
        pass
