"""Every test process gets dummy credentials and nothing of the user's AWS settings."""

import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest
from botocore.loaders import Loader, create_loader

DUMMY = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

_EMULATOR_STARTERS = {"running_cloud", "running_emulator"}


def pytest_configure() -> None:
    """Replace the AWS settings before anything is imported that reads them."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTOOLS_"))]:
        del os.environ[name]
    os.environ.pop("ENVIRONMENT_SUFFIX", None)
    os.environ.update(DUMMY)
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that starts the emulator, itself or by a fixture that it uses; run the longest files first."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/system/"))
    for item in items:
        if any(_EMULATOR_STARTERS & set(function.__code__.co_names) for function in _functions_of(item)):
            item.add_marker(pytest.mark.emulator)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking at what every test needs: that was a fifth of the tests' time."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def service_models() -> Iterator[None]:
    """Sessions share what they read of botocore's models; to read them again takes a command half of its time."""
    read: dict[Any, Any] = {}

    def created(data_path: str | None = None) -> Loader:
        loader = create_loader(data_path)
        vars(loader)["_cache"] = read
        return loader

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", created)
        yield


def _functions_of(item: pytest.Item) -> Iterator[Callable[..., Any]]:
    """A test function, and the functions of its fixtures and theirs."""
    if isinstance(item, pytest.Function):
        yield item.function
        for definitions in item._fixtureinfo.name2fixturedefs.values():
            yield from (definition.func for definition in definitions if hasattr(definition.func, "__code__"))
