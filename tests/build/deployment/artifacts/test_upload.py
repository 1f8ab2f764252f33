from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from build.deployment.artifacts.bucket import ArtifactBucket
from build.deployment.artifacts.upload import artifact_bucket, template_argument, upload_package
from build.deployment.clients import Clients
from build.errors import CommandError
from tests.build.deployment.support import ACCOUNT, Recorder, Stubs, a_stack, tiny_package


@pytest.fixture
def bucket(cloud: Clients) -> ArtifactBucket:
    return artifact_bucket(cloud)


def test_a_stack_says_whose_account_it_is(stubs: Stubs) -> None:
    assert artifact_bucket(stubs.clients, a_stack()).account == ACCOUNT


def test_the_bucket_is_made_when_it_is_missing(cloud: Clients, tmp_path: Path, progress: Recorder) -> None:
    elsewhere = artifact_bucket(replace(cloud, region="eu-north-1"))
    upload_package(elsewhere, tiny_package(tmp_path), progress)
    assert progress.steps[0] == f"made the bucket {elsewhere.name}"
    assert elsewhere.problem() is None
    versioning = elsewhere.s3.get_bucket_versioning(Bucket=elsewhere.name)
    assert versioning["Status"] == "Enabled"


def test_archives_are_uploaded_once(bucket: ArtifactBucket, tmp_path: Path, progress: Recorder) -> None:
    package = tiny_package(tmp_path, b"uploaded once")
    upload_package(bucket, package, progress)
    assert [text for text in progress.steps if text.startswith("uploaded")] == [
        f"uploaded {one.name}, {one.size:,} bytes" for one in package.archives
    ]
    assert bucket.read(package.archives[0].object_key) == package.archives[0].read()
    again = Recorder()
    upload_package(bucket, package, again)
    assert again.steps == []


def test_an_archive_that_changed_since_it_was_packaged_is_not_uploaded(
    bucket: ArtifactBucket, tmp_path: Path, progress: Recorder
) -> None:
    package = tiny_package(tmp_path, b"to be changed")
    package.archives[-1].path.write_bytes(b"another")
    with pytest.raises(CommandError, match="has changed since it was packaged"):
        upload_package(bucket, package, progress)
    assert not bucket.has(package.archives[-1].object_key)


def test_a_template_of_up_to_51200_bytes_goes_along(bucket: ArtifactBucket) -> None:
    template = "ä" * 25_600
    assert template_argument(bucket, template) == {"TemplateBody": template}


def test_a_larger_template_goes_through_the_bucket(bucket: ArtifactBucket) -> None:
    template = "ä" * 25_600 + "x"
    key = f"templates/{sha256(template.encode()).hexdigest()}.json"
    assert template_argument(bucket, template) == {"TemplateURL": bucket.url(key)}
    assert bucket.read(key) == template.encode()
