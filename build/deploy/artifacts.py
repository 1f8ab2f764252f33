"""The bucket of archives and large templates, shared by all stacks of an account in a region."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from build.aws import Clients
from build.aws_errors import error_code, error_message
from build.cloudformation.stacks import DeployedStack, DesiredStack
from build.errors import CommandError
from build.packaging import Package
from build.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

_MOST_BYTES_INLINE = 51_200
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
_ABORT_UPLOADS_AFTER_DAYS = 7
_MISSING = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})
_CHANGED = frozenset({"ConditionalRequestConflict", "NoSuchKey", "PreconditionFailed"})
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""
_DENIED = frozenset({"403", "AccessDenied"})
_ELSEWHERE = frozenset({"301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}) | {
    "PermanentRedirect"
}
"""The codes of a bucket that is in another region
(https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList)."""


@dataclass(frozen=True)
class ArtifactBucket:
    """A private, encrypted, versioned bucket; every call says whose it must be.

    Args:
        clients: of the region that it is in.
        account: that it belongs to.
    """

    clients: Clients
    account: str

    @property
    def name(self) -> str:
        return f"tapstack-artifacts-{self.account}-{self.clients.region}"

    @property
    def s3(self) -> "S3Client":
        return self.clients.s3

    @property
    def target(self) -> dict[str, Any]:
        """The arguments that say which bucket, and whose."""
        return {"Bucket": self.name, "ExpectedBucketOwner": self.account}

    def ensure(self) -> bool:
        """Create the bucket when it is missing, and finish one whose configuration was interrupted.

        Its policy comes last, so a bucket that has one is complete.

        Returns:
            Whether anything had to be done.

        Raises:
            CommandError: when a bucket of another account or in another region has the name.
        """
        problem = self._problem()
        if problem == "NoSuchBucket":
            self._create()
        else:
            self._require_region()
        if problem:
            self._configure()
        return bool(problem)

    def upload(self, key: str, read: Callable[[], bytes], content_type: str) -> bool:
        """Put an object under a key that stands for its content, unless it is there.

        Args:
            key: other content has another key.
            read: returns the content, called only when it is needed.
            content_type: `application/zip`.

        Returns:
            Whether it had to be uploaded.
        """
        if self._has(key):
            return False
        self.write(key, read(), content_type)
        return True

    def write(self, key: str, content: bytes, content_type: str) -> None:
        """Put an object, replacing what is there."""
        self.s3.put_object(Key=key, Body=content, ContentType=content_type, ChecksumAlgorithm="SHA256", **self.target)

    def replace(self, key: str, content: bytes, etag: str) -> str | None:
        """Put a JSON document in the place of the one that was read; the new one's ETag, None when that is not there.

        Args:
            key: of the object.
            content: to write.
            etag: of what was read; empty when there was nothing.
        """
        condition: Any = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        document: Any = {"Key": key, "Body": content, "ContentType": "application/json", **self.target}
        try:
            return self.s3.put_object(ChecksumAlgorithm="SHA256", **document, **condition)["ETag"]
        except ClientError as error:
            if error_code(error) in _CHANGED:
                return None
            raise

    def read(self, key: str) -> bytes | None:
        """The content of an object; None when there is none, or no bucket."""
        return self.read_version(key)[0]

    def read_version(self, key: str) -> tuple[bytes | None, str]:
        """The content of an object and its ETag; None and an empty one when there is none, or no bucket."""
        try:
            answer = self.s3.get_object(Key=key, **self.target)
        except ClientError as error:
            if error_code(error) in _MISSING:
                return None, ""
            raise
        return answer["Body"].read(), answer.get("ETag", "")

    def url(self, key: str) -> str:
        """Where CloudFormation finds an object."""
        return f"{self.s3.meta.endpoint_url}/{self.name}/{key}"

    def _has(self, key: str) -> bool:
        try:
            self.s3.head_object(Key=key, **self.target)
        except ClientError as error:
            if error_code(error) in _MISSING:
                return False
            raise
        return True

    def _problem(self) -> str | None:
        """`NoSuchBucket`, `NoSuchBucketPolicy`, or None for a complete bucket."""
        try:
            self.s3.get_bucket_policy(**self.target)
        except ClientError as error:
            if error_code(error) in {"NoSuchBucket", "NoSuchBucketPolicy"}:
                return error_code(error)
            if error_code(error) in _ELSEWHERE:
                raise self._elsewhere("another region") from error
            if error_code(error) in _DENIED and "not authorized to perform" not in error_message(error):
                self._require_ownership()
            raise
        return None

    def _require_ownership(self) -> None:
        """Tell a missing permission from a bucket of another account, of which S3 says no more than that it is denied.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
        """
        try:
            owned = self.s3.list_buckets(Prefix=self.name)["Buckets"]
        except ClientError as error:
            raise CommandError(
                f"the bucket {self.name} belongs to another account, or these credentials may not do "
                "s3:GetBucketPolicy on it; have that granted, and s3:ListAllMyBuckets, which tells the one from the "
                "other, or choose others with --profile."
            ) from error
        if self.name not in {bucket.get("Name") for bucket in owned}:
            raise self._somebody_elses()

    def _require_region(self) -> None:
        """botocore follows a bucket to another region, where Lambda does not take code from."""
        try:
            region = self.s3.head_bucket(**self.target).get("BucketRegion")
        except ClientError as error:
            if error_code(error) not in _ELSEWHERE:
                raise
            raise self._elsewhere("another region") from error
        if region and region != self.clients.region:
            raise self._elsewhere(region)

    def _somebody_elses(self) -> CommandError:
        return CommandError(
            f"the bucket {self.name} belongs to another account; ask AWS Support about it, or deploy to another region."
        )

    def _elsewhere(self, region: str) -> CommandError:
        return CommandError(
            f"the bucket {self.name} is in {region} and not in {self.clients.region}, where Lambda needs its code; "
            "move what is needed out of it, delete it, and repeat the command."
        )

    def _create(self) -> None:
        """One that this account has just created elsewhere will do."""
        try:
            self.s3.create_bucket(Bucket=self.name, ObjectOwnership="BucketOwnerEnforced", **self._location)
        except ClientError as error:
            if error_code(error) == "BucketAlreadyExists":
                raise self._somebody_elses() from error
            if error_code(error) != "BucketAlreadyOwnedByYou":
                raise

    @property
    def _location(self) -> dict[str, Any]:
        if self.clients.region == "us-east-1":
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": self.clients.region}}

    def _configure(self) -> None:
        """Nothing in the bucket expires by itself."""
        self._block_public_access()
        self._encrypt()
        self.s3.put_bucket_versioning(VersioningConfiguration={"Status": "Enabled"}, **self.target)
        self._abort_stale_uploads()
        self._require_tls()

    def _block_public_access(self) -> None:
        self.s3.put_public_access_block(
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
            **self.target,
        )

    def _encrypt(self) -> None:
        self.s3.put_bucket_encryption(
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            **self.target,
        )

    def _abort_stale_uploads(self) -> None:
        rule: "LifecycleRuleTypeDef" = {
            "ID": "AbortStaleUploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABORT_UPLOADS_AFTER_DAYS},
        }
        self.s3.put_bucket_lifecycle_configuration(LifecycleConfiguration={"Rules": [rule]}, **self.target)

    def _require_tls(self) -> None:
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


def artifact_bucket(clients: Clients, stack: DeployedStack | None = None) -> ArtifactBucket:
    """The bucket for artifacts; a deployed stack says whose account it is, without another call."""
    return ArtifactBucket(clients, stack.account if stack else clients.account)


def upload_package(bucket: ArtifactBucket, package: Package, progress: Progress) -> None:
    """Upload the archives that the bucket does not have, creating the bucket when there is none.

    Raises:
        CommandError: when the bucket's name is taken, or an archive changed since it was packaged.
    """
    if bucket.ensure():
        progress.step(f"created the bucket {bucket.name}")
    for archive in package.archives:
        if bucket.upload(archive.object_key, archive.read, "application/zip"):
            progress.step(f"uploaded {archive.name}, {archive.size:,} bytes")


def template_argument(bucket: ArtifactBucket, template: str) -> dict[str, Any]:
    """How CreateChangeSet gets a template: in the call, or from the bucket when it is too large for that."""
    content = template.encode()
    if len(content) <= _MOST_BYTES_INLINE:
        return {"TemplateBody": template}
    key = f"templates/{sha256(content).hexdigest()}.json"
    bucket.ensure()
    bucket.upload(key, lambda: content, "application/json")
    return {"TemplateURL": bucket.url(key)}


def record_deployment(bucket: ArtifactBucket, desired: DesiredStack, before: Mapping[str, str]) -> None:
    """Write down what a stack was deployed from, so that what came before it is kept for one more deployment.

    Args:
        bucket: that the record is written to.
        desired: what is deployed now.
        before: the stack's parameters until then.
    """
    record = {"deployed": archive_keys(desired.parameters), "before": archive_keys(before)}
    bucket.write(record_key(desired.name), json.dumps(record).encode(), "application/json")


def recorded_keys(bucket: ArtifactBucket, stack_name: str) -> set[str]:
    """The keys of the archives in a stack's record."""
    record = json.loads(bucket.read(record_key(stack_name)) or b"{}")
    return {key for keys in record.values() for key in keys}


def record_key(stack_name: str) -> str:
    """Where a stack's record is stored in the bucket."""
    return f"deployments/{stack_name}.json"


def restoration_key(stack_name: str) -> str:
    """Where the journal of a restoration of one of a stack's tables is stored in the bucket."""
    return f"restorations/{stack_name}.json"


def restoration_under_way(bucket: ArtifactBucket, stack: DeployedStack) -> tuple[dict[str, Any] | None, str]:
    """What is written of the restoration of one of a stack's tables, None when none is under way; and its ETag.

    A stack that was deleted took its restoration along.
    """
    content, etag = bucket.read_version(restoration_key(stack.name))
    record = json.loads(content or b"{}")
    return (record if record.get("stack_id") == stack.stack_id and record["under_way"] else None), etag


def archive_keys(parameters: Mapping[str, str]) -> list[str]:
    """The keys of archives among a stack's parameters."""
    return sorted(value for value in parameters.values() if value.endswith(".zip"))
