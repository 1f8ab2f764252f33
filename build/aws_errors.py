"""What AWS and the way to it refuse: the kinds of errors, and each as one sentence that says what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from build.errors import CommandError
from build.iam_actions import iam_action

UNKNOWN_ACTION = frozenset({"InvalidAction", "NotImplemented", "UnknownOperationException"})
"""The codes of an endpoint that does not implement an action, as emulators may not."""
_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
UNREACHABLE = (exceptions.ConnectionError, exceptions.HTTPClientError)
"""What botocore raises for a lost network: names, connections, time-outs, proxies."""

_REFUSALS = (
    (
        {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"},
        "the credentials have expired; log in again (`aws sso login`, or fetch new ones) and repeat the command.",
    ),
    (
        {"AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"},
        "AWS does not know these credentials in {region}; check AWS_PROFILE or the access key, "
        "and that the region is enabled for the account.",
    ),
    (
        {"IncompleteSignature", "InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch"},
        "AWS refused the signature; check that the secret access key belongs to the access key "
        "and that this machine's clock is right.",
    ),
    (
        {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"},
        "permission denied: these credentials may not do {action}; "
        "have it granted, or choose others with --profile. AWS says: {message}",
    ),
    (_THROTTLED, "AWS throttles {operation}; wait a minute and repeat the command."),
)
"""Codes of errors that AWS answers with, and the sentence for each."""
_FAILURES: tuple[tuple[tuple[type[BotoCoreError], ...], str], ...] = (
    (
        (exceptions.NoCredentialsError, exceptions.PartialCredentialsError),
        "there are no complete AWS credentials; log in (`aws sso login` or `aws configure`), "
        "or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    (
        (exceptions.ProfileNotFound,),
        "{message}; `aws configure list-profiles` shows those there are.",
    ),
    (
        (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.LoginError),
        "the login has expired or is missing ({message}); run `aws sso login` or `aws login` and repeat the command.",
    ),
    (
        (exceptions.CredentialRetrievalError, exceptions.MetadataRetrievalError),
        "the credentials could not be fetched ({message}); correct the profile or log in again.",
    ),
    (
        (exceptions.InvalidRegionError, exceptions.UnknownRegionError, exceptions.BaseEndpointResolverError),
        "{region!r} is not a region of AWS; give one like us-west-2 with --region or AWS_REGION.",
    ),
    (
        UNREACHABLE,
        "AWS cannot be reached ({message}); check the network, any proxy, "
        "and that {region!r} is the region that you mean.",
    ),
)
"""Types of errors of calls that AWS never answered, and the sentence for each."""


def error_code(error: ClientError) -> str:
    """AWS's code of an error: `AccessDenied`, or the status alone for a HEAD request."""
    return error.response["Error"]["Code"]


def error_message(error: ClientError) -> str:
    """AWS's sentence about an error, without its full stop."""
    return error.response["Error"]["Message"].strip().rstrip(".")


def is_transient(error: ClientError) -> bool:
    """Whether the same call may succeed a little later: AWS throttled it, or failed itself."""
    return error_code(error) in _THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500


def may_have_been_done(error: BaseException) -> bool:
    """Whether AWS may have done what a call asked for although no answer says so: lost, interrupted, or AWS failed."""
    if isinstance(error, ClientError):
        return error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    return isinstance(error, (KeyboardInterrupt, *UNREACHABLE))


def explanation(error: ClientError | BotoCoreError, region: str) -> str:
    """The sentence that a user is shown for what botocore raised.

    Args:
        error: raised by a call.
        region: that the call went to.
    """
    return _refusal(error, region) if isinstance(error, ClientError) else _failure(error, region)


@contextmanager
def aws_errors_explained(region: str) -> Iterator[None]:
    """Turn what botocore raises into the sentence that a user is shown.

    Args:
        region: that the calls went to.

    Raises:
        CommandError: for a botocore error.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise CommandError(explanation(error, region)) from error


def _refusal(error: ClientError, region: str) -> str:
    sentence = next(
        (sentence for codes, sentence in _REFUSALS if error_code(error) in codes),
        "AWS refused {operation}: {message}; correct that and repeat the command.",
    )
    return sentence.format(
        action=_denied_action(error), message=error_message(error), operation=error.operation_name, region=region
    )


def _failure(error: BotoCoreError, region: str) -> str:
    sentence = next(
        (sentence for types, sentence in _FAILURES if isinstance(error, types)),
        "AWS could not be called ({message}); correct the AWS settings of this machine and repeat the command.",
    )
    return sentence.format(message=str(error).rstrip("."), region=region)


def _denied_action(error: ClientError) -> str:
    """`s3:PutObject`, as AWS says in the message or else as IAM names the operation."""
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", error_message(error))
    return named[1] if named else iam_action(error.operation_name)
