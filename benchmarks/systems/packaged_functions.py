"""Functions as they are deployed: imported from their archives."""

import importlib
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from build.packaging import package
from stack.config import FunctionSpecification, StackConfig


def packaged_modules(config: StackConfig, *functions: FunctionSpecification) -> list[ModuleType]:
    """The entry modules of functions, imported from their archives and not from the project.

    Their environment variables have to be set before.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        archives = {archive.name: str(archive.path) for archive in package(config, Path(folder)).archives}
        return [_module_of(function, archives[function.logical_id]) for function in functions]


def _module_of(function: FunctionSpecification, archive: str) -> ModuleType:
    for name in [name for name in sys.modules if name.split(".")[0] == "handlers"]:
        del sys.modules[name]
    sys.path.insert(0, archive)
    module = importlib.import_module(f"handlers.{function.handler_module}")
    sys.path.pop(0)
    return module
