"""Where data is stored: a table with a stream for each source, the analytics table, the bucket of failed events."""

from dataclasses import dataclass
from typing import Any

from troposphere import Ref, Template
from troposphere.dynamodb import (
    AttributeDefinition,
    KeySchema,
    PointInTimeRecoverySpecification,
    SSESpecification,
    StreamSpecification,
    Table,
    TimeToLiveSpecification,
)
from troposphere.s3 import (
    AbortIncompleteMultipartUpload,
    Bucket,
    BucketEncryption,
    BucketPolicy,
    LifecycleConfiguration,
    LifecycleRule,
    NoncurrentVersionExpiration,
    OwnershipControls,
    OwnershipControlsRule,
    PublicAccessBlockConfiguration,
    ServerSideEncryptionByDefault,
    ServerSideEncryptionRule,
    VersioningConfiguration,
)

from stack.config import StackConfig, StreamSource
from stack.parameters import KMS_KEY_ARN, with_kms_key
from stack.policies import private_bucket

EXPIRY_ATTRIBUTE = "expiresAt"
"""The attribute of an activity with the second since 1970 in which it expires."""


@dataclass(frozen=True)
class Storage:
    """The tables and the bucket; `source_tables` is by name of the source."""

    source_tables: dict[str, Table]
    analytics_table: Table
    failed_events_bucket: Bucket


def retention(config: StackConfig) -> dict[str, Any]:
    """What happens to data when its resource leaves the stack."""
    policy = "Retain" if config.protected else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}


def _on_demand_table(config: StackConfig, logical_id: str, name_part: str, keys: tuple[str, str], **more: Any) -> Table:
    """A table billed by request, with a string partition key and a number sort key, recoverable to any second."""
    partition_key, sort_key = keys
    return Table(
        logical_id,
        TableName=config.name(name_part),
        AttributeDefinitions=[
            AttributeDefinition(AttributeName=partition_key, AttributeType="S"),
            AttributeDefinition(AttributeName=sort_key, AttributeType="N"),
        ],
        KeySchema=[
            KeySchema(AttributeName=partition_key, KeyType="HASH"),
            KeySchema(AttributeName=sort_key, KeyType="RANGE"),
        ],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=config.protected,
        PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
        SSESpecification=with_kms_key(
            SSESpecification(KMSMasterKeyId=Ref(KMS_KEY_ARN), SSEEnabled=True, SSEType="KMS")
        ),
        **retention(config),
        **more,
    )


def _source_table(config: StackConfig, source: StreamSource) -> Table:
    """The table of a source, its stream holding each item before and after a change."""
    return _on_demand_table(
        config,
        f"{source.name}Table",
        source.name.lower(),
        (source.id_attribute, source.time_attribute),
        StreamSpecification=StreamSpecification(StreamViewType="NEW_AND_OLD_IMAGES"),
    )


def _analytics_table(config: StackConfig) -> Table:
    """The table of activities and summaries; what has no time to live never expires.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    expiry = TimeToLiveSpecification(AttributeName=EXPIRY_ATTRIBUTE, Enabled=True)
    expires = {} if config.activity_retention_days is None else {"TimeToLiveSpecification": expiry}
    return _on_demand_table(config, "AnalyticsTable", "analytics", ("dataType", "processedAt"), **expires)


def _failed_events_lifecycle() -> LifecycleConfiguration:
    """Failed events are kept until they are replayed; what is deleted, for 30 days more."""
    return LifecycleConfiguration(
        Rules=[
            LifecycleRule(
                Id="ForgetDeleted",
                Status="Enabled",
                AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
                ExpiredObjectDeleteMarker=True,
                NoncurrentVersionExpiration=NoncurrentVersionExpiration(NoncurrentDays=30),
            ),
        ]
    )


def _bucket_encryption() -> BucketEncryption:
    """The stack's key when there is one, with a bucket key that saves calls of KMS; else the key of S3.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    of_the_stack = ServerSideEncryptionRule(
        BucketKeyEnabled=True,
        ServerSideEncryptionByDefault=ServerSideEncryptionByDefault(
            KMSMasterKeyID=Ref(KMS_KEY_ARN), SSEAlgorithm="aws:kms"
        ),
    )
    of_s3 = ServerSideEncryptionRule(ServerSideEncryptionByDefault=ServerSideEncryptionByDefault(SSEAlgorithm="AES256"))
    return BucketEncryption(ServerSideEncryptionConfiguration=[with_kms_key(of_the_stack, of_s3)])


def _failed_events_bucket(config: StackConfig) -> Bucket:
    """The on-failure destination of the mappings: private, encrypted, versioned."""
    return Bucket(
        "FailedEventsBucket",
        BucketEncryption=_bucket_encryption(),
        LifecycleConfiguration=_failed_events_lifecycle(),
        OwnershipControls=OwnershipControls(Rules=[OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        PublicAccessBlockConfiguration=PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        VersioningConfiguration=VersioningConfiguration(Status="Enabled"),
        **retention(config),
    )


def add_storage(template: Template, config: StackConfig) -> Storage:
    """Add the tables and the bucket of failed events."""
    bucket = template.add_resource(_failed_events_bucket(config))
    template.add_resource(
        BucketPolicy("FailedEventsBucketPolicy", Bucket=bucket.ref(), PolicyDocument=private_bucket(bucket))
    )
    return Storage(
        source_tables={source.name: template.add_resource(_source_table(config, source)) for source in config.sources},
        analytics_table=template.add_resource(_analytics_table(config)),
        failed_events_bucket=bucket,
    )
