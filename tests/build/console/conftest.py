"""One local cloud for all tests of the console, its mappings without batching windows so that nothing waits."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from build.cloudformation.stacks import DeployedStack, existing_stack
from build.local.cloud import LocalCloud, running_cloud
from build.packaging import package
from build.progress import NullProgress
from stack.config import SOURCES, StackConfig


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The deployed stack."""
    config = StackConfig("console", tuple(replace(source, batching_window=0) for source in SOURCES), activity_shards=2)
    with running_cloud(config, package(config), tmp_path_factory.mktemp("logs"), NullProgress()) as running:
        yield running


@pytest.fixture(scope="session")
def stack(cloud: LocalCloud) -> DeployedStack:
    """The stack as CloudFormation describes it."""
    return existing_stack(cloud.clients.cloudformation, cloud.config.stack_name)
