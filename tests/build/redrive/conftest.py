"""One local cloud for the tests that replay through the packaged functions."""

from collections.abc import Iterator

import pytest

from build.local.cloud import LocalCloud, running_cloud
from build.packaging import package
from build.progress import NullProgress
from stack.config import StackConfig

SUFFIX = "redrive"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The deployed stack."""
    config = StackConfig(SUFFIX)
    with running_cloud(config, package(config), tmp_path_factory.mktemp("logs"), NullProgress()) as running:
        yield running
