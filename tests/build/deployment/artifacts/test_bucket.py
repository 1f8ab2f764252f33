import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from build.deployment.artifacts.bucket import ArtifactBucket
from build.errors import CommandError
from tests.build.deployment.support import ACCOUNT, REGION, Stubs

BUCKET = f"tapstack-artifacts-{ACCOUNT}-{REGION}"
TARGET = {"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT}
CREATION = {
    "Bucket": BUCKET,
    "ObjectOwnership": "BucketOwnerEnforced",
    "CreateBucketConfiguration": {"LocationConstraint": REGION},
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "OnlyOverTLS",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
FIRST_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "ensure": ("get_bucket_policy", TARGET),
    "create": ("create_bucket", CREATION),
}
CONFIGURATION: list[tuple[str, dict[str, Any]]] = [
    (
        "put_public_access_block",
        {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            }
        },
    ),
    (
        "put_bucket_encryption",
        {
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            }
        },
    ),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
    (
        "put_bucket_lifecycle_configuration",
        {
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "ID": "AbortStaleUploads",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    }
                ]
            }
        },
    ),
    ("put_bucket_policy", {"Policy": json.dumps(POLICY)}),
]


@pytest.fixture
def bucket(stubs: Stubs) -> ArtifactBucket:
    return ArtifactBucket(stubs.clients, ACCOUNT)


def foretell_configuration(stubs: Stubs) -> None:
    for operation, parameters in CONFIGURATION:
        stubs.answer("s3", operation, {**parameters, **TARGET}, {})


def test_a_bucket_that_is_complete_is_left_alone(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.answer("s3", "get_bucket_policy", TARGET, {"Policy": "{}"})
    assert not bucket.ensure()


def test_a_missing_bucket_is_made_private_encrypted_versioned_and_its_policy_comes_last(
    stubs: Stubs, bucket: ArtifactBucket
) -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, "NoSuchBucket", status=404)
    stubs.answer("s3", "create_bucket", CREATION, {})
    foretell_configuration(stubs)
    assert bucket.ensure()


def test_a_bucket_whose_making_was_interrupted_is_finished(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, "NoSuchBucketPolicy", status=404)
    foretell_configuration(stubs)
    assert bucket.ensure()


def test_in_us_east_1_there_is_no_location(stubs: Stubs) -> None:
    name = f"tapstack-artifacts-{ACCOUNT}-us-east-1"
    stubs.clients = replace(stubs.clients, region="us-east-1")
    stubs.answer("s3", "create_bucket", {"Bucket": name, "ObjectOwnership": "BucketOwnerEnforced"}, {})
    ArtifactBucket(stubs.clients, ACCOUNT).create()


def test_a_bucket_made_by_another_deployment_at_the_same_time_will_do(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "create_bucket", CREATION, "BucketAlreadyOwnedByYou", status=409)
    bucket.create()


def test_a_name_that_somebody_else_has_is_an_error(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "create_bucket", CREATION, "BucketAlreadyExists", status=409)
    with pytest.raises(CommandError, match="belongs to another account; ask AWS Support"):
        bucket.create()


@pytest.mark.parametrize("call", FIRST_CALLS)
def test_other_refusals_are_not_hidden(stubs: Stubs, bucket: ArtifactBucket, call: str) -> None:
    operation, parameters = FIRST_CALLS[call]
    stubs.refuse("s3", operation, parameters, "AccessDenied", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(bucket, call)()


def test_an_object_that_is_there_is_not_read_nor_uploaded(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.answer("s3", "head_object", {"Key": "Layer/1.zip", **TARGET}, {})
    assert not bucket.upload("Layer/1.zip", lambda: pytest.fail("read"), "application/zip")


def test_a_missing_object_is_uploaded_with_a_checksum(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "head_object", {"Key": "Layer/1.zip", **TARGET}, "404", status=404)
    parameters = {"Key": "Layer/1.zip", "Body": b"zip", "ContentType": "application/zip", "ChecksumAlgorithm": "SHA256"}
    stubs.answer("s3", "put_object", {**parameters, **TARGET}, {})
    assert bucket.upload("Layer/1.zip", lambda: b"zip", "application/zip")


def test_an_object_that_may_not_be_looked_for_is_no_missing_one(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "head_object", {"Key": "Layer/1.zip", **TARGET}, "403", status=403)
    with pytest.raises(ClientError, match="403"):
        bucket.has("Layer/1.zip")


def test_reading(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.answer("s3", "get_object", {"Key": "a", **TARGET}, {"Body": StreamingBody(BytesIO(b"note"), 4)})
    assert bucket.read("a") == b"note"
    stubs.refuse("s3", "get_object", {"Key": "b", **TARGET}, "NoSuchKey", status=404)
    assert bucket.read("b") is None
    stubs.refuse("s3", "get_object", {"Key": "c", **TARGET}, "AccessDenied", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.read("c")


def test_cloudformation_finds_an_object_by_its_url(bucket: ArtifactBucket) -> None:
    assert bucket.url("templates/1.json") == f"https://s3.us-west-2.amazonaws.com/{BUCKET}/templates/1.json"
