"""One local cloud for all tests of the console, and a console over it that answers."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from selenium import webdriver

from build.cloudformation.stacks import DeployedStack, existing_stack
from build.console.command import local_target
from build.console.target import Target
from build.local.cloud import LocalCloud, running_cloud
from build.packaging import package
from build.progress import NullProgress
from stack.activity_shards import FROM_THE_BEGINNING
from stack.config import SOURCES, StackConfig
from tests.build.console.browsing import problems
from tests.build.console.serving import RunningConsole, browser, let_in, running_console, why_no_browser

SECONDS_BETWEEN_READS = 0.5


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The deployed stack, its mappings without batching windows so that nothing waits."""
    sources = tuple(replace(source, batching_window=0) for source in SOURCES)
    config = StackConfig("console", sources, activity_shards=((FROM_THE_BEGINNING, 2),))
    with running_cloud(config, package(config), tmp_path_factory.mktemp("logs"), NullProgress()) as running:
        yield running


@pytest.fixture(scope="session")
def stack(cloud: LocalCloud) -> DeployedStack:
    """The stack as CloudFormation describes it."""
    return existing_stack(cloud.clients.cloudformation, cloud.config.stack_name)


@pytest.fixture(scope="session")
def target(cloud: LocalCloud) -> Target:
    """The stack as the console sees it, read often."""
    return replace(local_target(cloud), seconds_between_reads=SECONDS_BETWEEN_READS)


@pytest.fixture(scope="session")
def running(target: Target) -> Iterator[RunningConsole]:
    """A console that may do everything."""
    with running_console(target) as console:
        yield console


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser for all tests that do not need one of their own."""
    if problem := why_no_browser():
        pytest.skip(problem)
    with browser() as driver:
        yield driver


@pytest.fixture
def page(chromium: webdriver.Chrome, running: RunningConsole) -> webdriver.Chrome:
    """The browser, let in and on the console's first page."""
    let_in(chromium, running)
    chromium.get(running.address)
    problems(chromium)
    return chromium
