"""The bucket that holds zips and large templates, shared by all stacks of an account in a region."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from build.deployment.aws_errors import error_code
from build.deployment.clients import Clients
from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

ABORT_UPLOADS_AFTER_DAYS = 7
MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


def artifact_bucket_name(account: str, region: str) -> str:
    """The name of an account's artifact bucket in a region."""
    return f"tapstack-artifacts-{account}-{region}"


@dataclass(frozen=True)
class ArtifactBucket:
    """A private, encrypted, versioned bucket; every call says whose it must be.

    Args:
        clients: connections to the region that it is in.
        account: that it belongs to.
    """

    clients: Clients
    account: str

    @property
    def name(self) -> str:
        """What it is called."""
        return artifact_bucket_name(self.account, self.clients.region)

    @property
    def s3(self) -> "S3Client":
        """The client to call with, made only when it is."""
        return self.clients.s3

    @property
    def target(self) -> dict[str, Any]:
        """The arguments that say which bucket, and whose."""
        return {"Bucket": self.name, "ExpectedBucketOwner": self.account}

    def ensure(self) -> bool:
        """Make the bucket when it is missing, and finish one whose making was interrupted.

        Its policy comes last, so a bucket that has one is complete.

        Returns:
            Whether anything had to be done.

        Raises:
            CommandError: when somebody else's bucket has the name.
        """
        problem = self.problem()
        if problem == "NoSuchBucket":
            self.create()
        if problem:
            self.configure()
        return bool(problem)

    def problem(self) -> str | None:
        """`NoSuchBucket`, `NoSuchBucketPolicy`, or None for a complete bucket."""
        try:
            self.s3.get_bucket_policy(**self.target)
        except ClientError as error:
            if error_code(error) in {"NoSuchBucket", "NoSuchBucketPolicy"}:
                return error_code(error)
            raise
        return None

    def create(self) -> None:
        """Make the bucket; one that this account has just made elsewhere will do.

        Raises:
            CommandError: when somebody else's bucket has the name.
        """
        try:
            self.s3.create_bucket(Bucket=self.name, ObjectOwnership="BucketOwnerEnforced", **self._location)
        except ClientError as error:
            if error_code(error) == "BucketAlreadyExists":
                raise CommandError(
                    f"the bucket {self.name} belongs to another account; "
                    "ask AWS Support about it, or deploy to another region."
                ) from error
            if error_code(error) != "BucketAlreadyOwnedByYou":
                raise

    def configure(self) -> None:
        """Make the bucket private, encrypted and versioned; nothing in it expires by itself."""
        self.block_public_access()
        self.encrypt()
        self.keep_versions()
        self.abort_stale_uploads()
        self.require_tls()

    def block_public_access(self) -> None:
        """Nobody outside the account gets in, whatever a policy says."""
        self.s3.put_public_access_block(
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
            **self.target,
        )

    def encrypt(self) -> None:
        """Objects are encrypted with keys of S3."""
        self.s3.put_bucket_encryption(
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            **self.target,
        )

    def keep_versions(self) -> None:
        """What is overwritten or deleted by mistake can be brought back."""
        self.s3.put_bucket_versioning(VersioningConfiguration={"Status": "Enabled"}, **self.target)

    def abort_stale_uploads(self) -> None:
        """Parts of uploads that never ended go after a week."""
        rule: "LifecycleRuleTypeDef" = {
            "ID": "AbortStaleUploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_UPLOADS_AFTER_DAYS},
        }
        self.s3.put_bucket_lifecycle_configuration(LifecycleConfiguration={"Rules": [rule]}, **self.target)

    def require_tls(self) -> None:
        """Nothing is read or written in plain HTTP."""
        bucket = f"arn:{self.clients.partition}:s3:::{self.name}"
        statement = {
            "Sid": "OnlyOverTLS",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.s3.put_bucket_policy(Policy=json.dumps(policy), **self.target)

    def upload(self, key: str, read: Callable[[], bytes], content_type: str) -> bool:
        """Put an object under a key that stands for its content, unless it is there.

        Args:
            key: another content has another key.
            read: gives the content, asked only when it is needed.
            content_type: `application/zip`.

        Returns:
            Whether it had to be uploaded.
        """
        if self.has(key):
            return False
        self.write(key, read(), content_type)
        return True

    def write(self, key: str, content: bytes, content_type: str) -> None:
        """Put an object, whatever is there."""
        self.s3.put_object(Key=key, Body=content, ContentType=content_type, ChecksumAlgorithm="SHA256", **self.target)

    def read(self, key: str) -> bytes | None:
        """The content of an object; None when there is none."""
        try:
            return self.s3.get_object(Key=key, **self.target)["Body"].read()
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise

    def has(self, key: str) -> bool:
        """Whether there is an object of a key."""
        try:
            self.s3.head_object(Key=key, **self.target)
        except ClientError as error:
            if error_code(error) in MISSING:
                return False
            raise
        return True

    def url(self, key: str) -> str:
        """Where CloudFormation finds an object."""
        return f"{self.s3.meta.endpoint_url}/{self.name}/{key}"

    @property
    def _location(self) -> dict[str, Any]:
        if self.clients.region == "us-east-1":
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": self.clients.region}}
