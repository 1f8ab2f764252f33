"""What AWS and the way to it can refuse, each as one sentence that says what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from build.errors import CommandError

THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
UNKNOWN_ACTION = frozenset({"InvalidAction", "NotImplemented", "UnknownOperationException"})
DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

REFUSALS = (
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
        DENIED,
        "permission denied: these credentials may not do {action}; "
        "have it granted, or choose others with --profile. AWS says: {message}",
    ),
    (THROTTLED, "AWS asks to slow down ({operation}); wait a minute and repeat the command."),
)
FAILURES: tuple[tuple[tuple[type[BotoCoreError], ...], str], ...] = (
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
        (exceptions.ConnectionError, exceptions.HTTPClientError),
        "AWS cannot be reached ({message}); check the network, any proxy, "
        "and that {region!r} is the region that you mean.",
    ),
)


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
    except ClientError as error:
        raise CommandError(refusal(error, region)) from error
    except BotoCoreError as error:
        raise CommandError(failure(error, region)) from error


def refusal(error: ClientError, region: str) -> str:
    """The sentence for a call that AWS answered with an error."""
    sentence = next(
        (sentence for codes, sentence in REFUSALS if error_code(error) in codes),
        "AWS refused {operation}: {message}; correct that and repeat the command.",
    )
    return sentence.format(
        action=denied_action(error), message=error_message(error), operation=error.operation_name, region=region
    )


def failure(error: BotoCoreError, region: str) -> str:
    """The sentence for a call that got no answer, or was never sent."""
    sentence = next(
        (sentence for kinds, sentence in FAILURES if isinstance(error, kinds)),
        "AWS could not be called ({message}); correct the AWS settings of this machine and repeat the command.",
    )
    return sentence.format(message=str(error).rstrip("."), region=region)


def error_code(error: ClientError) -> str:
    """AWS's code of an error: `AccessDenied`, or the status alone for a HEAD request."""
    return error.response["Error"]["Code"]


def error_message(error: ClientError) -> str:
    """AWS's sentence about an error, without its full stop."""
    return error.response["Error"]["Message"].strip().rstrip(".")


def denied_action(error: ClientError) -> str:
    """The action that was denied: `s3:PutObject` when AWS names it, else the operation."""
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", error_message(error))
    return named[1] if named else error.operation_name


def passes_by_itself(error: ClientError) -> bool:
    """Whether the same call may succeed a little later: AWS throttled it, or failed itself."""
    return error_code(error) in THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
