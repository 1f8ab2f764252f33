"""What a deployment puts into the artifact bucket: the archives, and a template too large to be sent along."""

from hashlib import sha256
from typing import Any

from build.deployment.artifacts.bucket import ArtifactBucket
from build.deployment.clients import Clients
from build.deployment.deployed_stack import DeployedStack
from build.deployment.progress import Progress
from build.deployment.template_body import MOST_BYTES_INLINE
from build.packaging import Package


def artifact_bucket(clients: Clients, stack: DeployedStack | None = None) -> ArtifactBucket:
    """The bucket for artifacts; a deployed stack says whose account it is, without another call."""
    return ArtifactBucket(clients, stack.account if stack else clients.account)


def upload_package(bucket: ArtifactBucket, package: Package, progress: Progress) -> None:
    """Upload the archives that the bucket does not have, making the bucket when there is none.

    Raises:
        CommandError: when the bucket's name is taken, or an archive changed since it was packaged.
    """
    if bucket.ensure():
        progress.step(f"made the bucket {bucket.name}")
    for archive in package.archives:
        if bucket.upload(archive.object_key, archive.read, "application/zip"):
            progress.step(f"uploaded {archive.name}, {archive.size:,} bytes")


def template_argument(bucket: ArtifactBucket, template: str) -> dict[str, Any]:
    """How CreateChangeSet gets a template: in the call, or from the bucket when it is too large for that."""
    content = template.encode()
    if len(content) <= MOST_BYTES_INLINE:
        return {"TemplateBody": template}
    key = f"templates/{sha256(content).hexdigest()}.json"
    bucket.ensure()
    bucket.upload(key, lambda: content, "application/json")
    return {"TemplateURL": bucket.url(key)}
