import json
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from build.aws import Clients
from build.cloudformation.stacks import DesiredStack
from build.deploy.artifacts import (
    ArtifactBucket,
    artifact_bucket,
    record_deployment,
    record_key,
    recorded_keys,
    template_argument,
    upload_package,
)
from build.errors import CommandError
from tests.build.support import ACCOUNT, NAME, REGION, Recorder, Stubs, a_stack, tiny_package

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


def expect_configuration(stubs: Stubs) -> None:
    for operation, parameters in CONFIGURATION:
        stubs.answer("s3", operation, {**parameters, **TARGET}, {})


def expect_region(stubs: Stubs, region: str = REGION) -> None:
    stubs.answer("s3", "head_bucket", TARGET, {"BucketRegion": region})


def test_a_bucket_that_is_complete_is_left_alone(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.answer("s3", "get_bucket_policy", TARGET, {"Policy": "{}"})
    expect_region(stubs)
    assert not bucket.ensure()


def test_a_missing_bucket_is_made_private_encrypted_versioned_and_its_policy_comes_last(
    stubs: Stubs, bucket: ArtifactBucket
) -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, "NoSuchBucket", status=404)
    stubs.answer("s3", "create_bucket", CREATION, {})
    expect_configuration(stubs)
    assert bucket.ensure()


def test_a_bucket_whose_making_was_interrupted_is_finished(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, "NoSuchBucketPolicy", status=404)
    expect_region(stubs)
    expect_configuration(stubs)
    assert bucket.ensure()


def test_in_us_east_1_there_is_no_location(stubs: Stubs) -> None:
    name = f"tapstack-artifacts-{ACCOUNT}-us-east-1"
    stubs.clients = replace(stubs.clients, region="us-east-1")
    target = {"Bucket": name, "ExpectedBucketOwner": ACCOUNT}
    stubs.refuse("s3", "get_bucket_policy", target, "NoSuchBucket", status=404)
    stubs.answer("s3", "create_bucket", {"Bucket": name, "ObjectOwnership": "BucketOwnerEnforced"}, {})
    stubs.refuse("s3", "put_public_access_block", {**CONFIGURATION[0][1], **target}, "Reached", "the end")
    with pytest.raises(ClientError, match="Reached"):
        ArtifactBucket(stubs.clients, ACCOUNT).ensure()


def test_a_bucket_made_by_another_deployment_at_the_same_time_will_do(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, "NoSuchBucket", status=404)
    stubs.refuse("s3", "create_bucket", CREATION, "BucketAlreadyOwnedByYou", status=409)
    expect_configuration(stubs)
    assert bucket.ensure()


def test_a_name_that_somebody_else_has_is_an_error(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, "NoSuchBucket", status=404)
    stubs.refuse("s3", "create_bucket", CREATION, "BucketAlreadyExists", status=409)
    with pytest.raises(CommandError, match="belongs to another account; ask AWS Support"):
        bucket.ensure()


def expect_denial(stubs: Stubs, message: str = "Access Denied") -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, "AccessDenied", message, status=403)


def expect_owned(stubs: Stubs, *names: str) -> None:
    stubs.answer("s3", "list_buckets", {"Prefix": BUCKET}, {"Buckets": [{"Name": name} for name in names]})


def test_a_denied_look_at_the_bucket_is_not_hidden(stubs: Stubs, bucket: ArtifactBucket) -> None:
    expect_denial(stubs)
    expect_owned(stubs, f"{BUCKET}-2", BUCKET)
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.ensure()


def test_a_denial_that_names_the_action_is_one_of_permissions(stubs: Stubs, bucket: ArtifactBucket) -> None:
    expect_denial(stubs, "User: x is not authorized to perform: s3:GetBucketPolicy on resource: y")
    with pytest.raises(ClientError, match="s3:GetBucketPolicy"):
        bucket.ensure()


def test_a_denial_whose_cause_cannot_be_found_out_names_both(stubs: Stubs, bucket: ArtifactBucket) -> None:
    expect_denial(stubs)
    stubs.refuse("s3", "list_buckets", {"Prefix": BUCKET}, "AccessDenied", status=403)
    with pytest.raises(CommandError, match="another account, or these credentials may not do s3:GetBucketPolicy"):
        bucket.ensure()


def test_a_bucket_of_another_account_is_no_lack_of_permission(stubs: Stubs, bucket: ArtifactBucket) -> None:
    expect_denial(stubs)
    expect_owned(stubs, f"{BUCKET}-2")
    with pytest.raises(CommandError, match=f"{BUCKET} belongs to another account; ask AWS Support"):
        bucket.ensure()


@pytest.mark.parametrize("code", ["301", "PermanentRedirect", "AuthorizationHeaderMalformed"])
def test_a_bucket_that_s3_finds_elsewhere_is_named(stubs: Stubs, bucket: ArtifactBucket, code: str) -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, code, status=301)
    with pytest.raises(CommandError, match=f"{BUCKET} is in another region and not in us-west-2"):
        bucket.ensure()
    stubs.answer("s3", "get_bucket_policy", TARGET, {"Policy": "{}"})
    stubs.refuse("s3", "head_bucket", TARGET, code, status=301)
    with pytest.raises(CommandError, match="is in another region"):
        bucket.ensure()


def test_a_bucket_that_botocore_followed_elsewhere_is_named(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.answer("s3", "get_bucket_policy", TARGET, {"Policy": "{}"})
    expect_region(stubs, "eu-west-1")
    with pytest.raises(CommandError, match="is in eu-west-1 and not in us-west-2, where Lambda needs its code"):
        bucket.ensure()


def test_a_denied_creation_is_not_hidden(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.refuse("s3", "get_bucket_policy", TARGET, "NoSuchBucket", status=404)
    stubs.refuse("s3", "create_bucket", CREATION, "AccessDenied", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.ensure()


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
        bucket.upload("Layer/1.zip", lambda: b"zip", "application/zip")


def test_reading(stubs: Stubs, bucket: ArtifactBucket) -> None:
    stubs.answer("s3", "get_object", {"Key": "a", **TARGET}, {"Body": StreamingBody(BytesIO(b"text"), 4)})
    assert bucket.read("a") == b"text"
    stubs.refuse("s3", "get_object", {"Key": "b", **TARGET}, "NoSuchKey", status=404)
    assert bucket.read("b") is None
    stubs.refuse("s3", "get_object", {"Key": "c", **TARGET}, "AccessDenied", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.read("c")


def test_cloudformation_finds_an_object_by_its_url(bucket: ArtifactBucket) -> None:
    assert bucket.url("templates/1.json") == f"https://s3.us-west-2.amazonaws.com/{BUCKET}/templates/1.json"


@pytest.fixture
def cloud_bucket(cloud: Clients) -> ArtifactBucket:
    return artifact_bucket(cloud)


def test_a_stack_says_whose_account_it_is(stubs: Stubs) -> None:
    assert artifact_bucket(stubs.clients, a_stack()).account == ACCOUNT


def test_the_bucket_is_made_when_it_is_missing(cloud: Clients, tmp_path: Path, progress: Recorder) -> None:
    elsewhere = artifact_bucket(replace(cloud, region="eu-north-1"))
    upload_package(elsewhere, tiny_package(tmp_path), progress)
    assert progress.steps[0] == f"created the bucket {elsewhere.name}"
    assert not elsewhere.ensure()
    versioning = elsewhere.s3.get_bucket_versioning(Bucket=elsewhere.name)
    assert versioning["Status"] == "Enabled"


def test_a_bucket_of_the_name_in_another_region_is_refused(cloud: Clients, tmp_path: Path, progress: Recorder) -> None:
    bucket = artifact_bucket(replace(cloud, region="eu-west-3"))
    replace(cloud, region="eu-west-2").s3.create_bucket(
        Bucket=bucket.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    with pytest.raises(CommandError, match="is in eu-west-2 and not in eu-west-3"):
        upload_package(bucket, tiny_package(tmp_path), progress)


def test_archives_are_uploaded_once(cloud_bucket: ArtifactBucket, tmp_path: Path, progress: Recorder) -> None:
    package = tiny_package(tmp_path, b"uploaded once")
    upload_package(cloud_bucket, package, progress)
    assert [text for text in progress.steps if text.startswith("uploaded")] == [
        f"uploaded {archive.name}, {archive.size:,} bytes" for archive in package.archives
    ]
    assert cloud_bucket.read(package.archives[0].object_key) == package.archives[0].read()
    again = Recorder()
    upload_package(cloud_bucket, package, again)
    assert again.steps == []


def test_an_archive_that_changed_since_it_was_packaged_is_not_uploaded(
    cloud_bucket: ArtifactBucket, tmp_path: Path, progress: Recorder
) -> None:
    package = tiny_package(tmp_path, b"to be changed")
    package.archives[-1].path.write_bytes(b"another")
    with pytest.raises(CommandError, match="has changed since it was packaged"):
        upload_package(cloud_bucket, package, progress)
    assert cloud_bucket.read(package.archives[-1].object_key) is None


def test_a_template_of_up_to_51200_bytes_goes_along(cloud_bucket: ArtifactBucket) -> None:
    template = "ä" * 25_600
    assert template_argument(cloud_bucket, template) == {"TemplateBody": template}


def test_a_larger_template_goes_through_the_bucket(cloud_bucket: ArtifactBucket) -> None:
    template = "ä" * 25_600 + "x"
    key = f"templates/{sha256(template.encode()).hexdigest()}.json"
    assert template_argument(cloud_bucket, template) == {"TemplateURL": cloud_bucket.url(key)}
    assert cloud_bucket.read(key) == template.encode()


def desired(**parameters: str) -> DesiredStack:
    return DesiredStack(NAME, "{}", parameters, {})


def test_what_is_deployed_and_what_was_before_is_recorded_without_other_parameters(cloud: Clients) -> None:
    bucket = artifact_bucket(cloud)
    bucket.ensure()
    record_deployment(bucket, desired(LayerKey="new.zip", AlertEmail="ops@example.com"), {"LayerKey": "old.zip"})
    assert json.loads(bucket.read(record_key(NAME)) or b"") == {"deployed": ["new.zip"], "before": ["old.zip"]}
    assert recorded_keys(bucket, NAME) == {"new.zip", "old.zip"}
    assert recorded_keys(bucket, "TapStackunknown") == set()
