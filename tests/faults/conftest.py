"""A table and a failure bucket of a real API for each test, and the real handlers between them and a stream."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import botocore.endpoint
import pytest

from build.local.emulator import Emulator, running_emulator
from build.packaging import package
from stack.config import ANALYTICS_PROCESSOR, DATA_VALIDATOR, FunctionSpecification, StreamSource
from tests.build.poller.fakes import VirtualTime
from tests.conftest import DUMMY
from tests.faults.built_function import BuiltFunction, UnpackedArchives, unpack
from tests.faults.failure_buckets import FailureBucket, make_bucket
from tests.faults.faulty_dynamodb import FaultyDynamoDB, faulty_table
from tests.faults.functions import HandlerFunction, cold_start
from tests.faults.pipeline import SourcePipeline
from tests.faults.template_settings import TemplateSettings
from tests.faults.workflow import WorkflowFunctions


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulated AWS of all tests."""
    with running_emulator(tmp_path_factory.mktemp("faults") / "emulator.log") as running:
        yield running


@pytest.fixture(scope="session")
def template() -> TemplateSettings:
    """The template's settings."""
    return TemplateSettings()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """The time of the poller and the functions; the AWS client's own retries wait in it too."""
    virtual = VirtualTime()
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=virtual.sleep))
    return virtual


@pytest.fixture
def dynamodb(emulator: Emulator, template: TemplateSettings) -> Iterator[FaultyDynamoDB]:
    """An empty analytics table behind a way that can have faults."""
    with faulty_table(emulator.endpoint, template.table("AnalyticsTable")) as dynamodb:
        yield dynamodb


@pytest.fixture
def bucket(emulator: Emulator) -> FailureBucket:
    """An empty failure bucket."""
    return make_bucket(boto3.client("s3", endpoint_url=emulator.endpoint), f"failed-events-{uuid4()}")


@pytest.fixture(scope="session")
def archives(template: TemplateSettings, tmp_path_factory: pytest.TempPathFactory) -> UnpackedArchives:
    """The zips that are deployed."""
    return unpack(package(template.config), tmp_path_factory.mktemp("archives"))


@pytest.fixture
def built_function_of(
    template: TemplateSettings, archives: UnpackedArchives, dynamodb: FaultyDynamoDB
) -> Callable[[FunctionSpecification], BuiltFunction]:
    """A function as it is deployed."""

    def function(specification: FunctionSpecification) -> BuiltFunction:
        name = specification.logical_id
        lambda_variables = {"_HANDLER": template.properties(name)["Handler"], **DUMMY}
        return BuiltFunction(
            archives.of_function(name), lambda_variables | template.variables(name) | dynamodb.variables
        )

    return function


@pytest.fixture
def function_of(
    template: TemplateSettings, time: VirtualTime, dynamodb: FaultyDynamoDB
) -> Callable[[FunctionSpecification], HandlerFunction]:
    """A function in this process."""

    def function(specification: FunctionSpecification) -> HandlerFunction:
        variables = template.variables(specification.logical_id) | dynamodb.variables
        module = cold_start(specification.handler_module, variables, time)
        return HandlerFunction(module, time, specification.timeout)

    return function


@pytest.fixture
def follow(
    template: TemplateSettings, time: VirtualTime, dynamodb: FaultyDynamoDB, bucket: FailureBucket
) -> Callable[..., SourcePipeline]:
    """A pipeline from a source and its function to table and bucket; properties of the mapping may be changed."""

    def pipeline(source: StreamSource, function: Any, **changes: Any) -> SourcePipeline:
        return SourcePipeline(source, template.mapping(source, **changes), function, time, dynamodb, bucket)

    return pipeline


@pytest.fixture
def workflow(
    template: TemplateSettings, function_of: Callable[[FunctionSpecification], HandlerFunction]
) -> WorkflowFunctions:
    """The workflow over this test's table."""
    return WorkflowFunctions(template, function_of(DATA_VALIDATOR), function_of(ANALYTICS_PROCESSOR))
