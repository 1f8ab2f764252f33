"""One local cloud for all system tests, its mappings without batching windows so that nothing waits."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from build.local.cloud import LocalCloud, running_cloud
from build.packaging import Package, package
from build.progress import NullProgress
from stack.config import SOURCES, StackConfig

SUFFIX = "system"


@pytest.fixture(scope="session")
def config() -> StackConfig:
    """The stack under test."""
    sources = tuple(replace(source, batching_window=0) for source in SOURCES)
    return StackConfig(SUFFIX, sources=sources, activity_shards=((0, 2),))


@pytest.fixture(scope="session")
def packaged(config: StackConfig) -> Package:
    """The zips that are deployed."""
    return package(config)


@pytest.fixture(scope="session")
def cloud(config: StackConfig, packaged: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The deployed stack."""
    with running_cloud(config, packaged, tmp_path_factory.mktemp("logs"), NullProgress()) as running:
        yield running
