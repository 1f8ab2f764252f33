"""The project's own functions and layer, as Lambda gets them."""

import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import boto3
import pytest

from build.packaging.archive import write_tree, zip_of
from build.packaging.command import HANDLERS
from build.packaging.members import FUNCTION_ROOT, LAYER_ROOT, find_bytecode_compiler, function_members, layer_members
from stack.config import FunctionSpecification, StackConfig
from stack.template import build_template
from tests.build.packaging.test_members import THIS_VERSION

FUNCTION_LIMIT, FUNCTION_LIMIT_WITH_BYTECODE = 20_000, 60_000
LAYER_LIMIT = 2_000_000
LAYER_PACKAGES = {"aws_lambda_powertools", "aws_xray_sdk", "typing_extensions", "wrapt"}
RUNTIME_PACKAGES = ("boto3", "botocore", "jmespath", "s3transfer", "dateutil", "urllib3", "six.py")
ELF_MACHINE = slice(18, 20)
AARCH64 = (183).to_bytes(2, "little")
RESOURCES: dict[str, Any] = build_template(StackConfig()).to_dict()["Resources"]

USE_LAYER = """
import aws_lambda_powertools.utilities.typing
import aws_xray_sdk.core, boto3, jmespath, sys, typing_extensions, wrapt
aws_lambda_powertools.Tracer(service="test", patch_modules=["botocore"])
aws_lambda_powertools.Metrics(namespace="test", service="test")
aws_lambda_powertools.Logger(service="test").info("works")
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
print(*sorted({name.partition(".")[0] for name, file in files.items() if file.startswith(sys.argv[1])}))
"""


@pytest.fixture(scope="session")
def source_layer() -> dict[str, bytes]:
    return layer_members(HANDLERS / "requirements.txt")


@pytest.fixture(scope="session")
def bytecode_layer(source_layer: dict[str, bytes]) -> dict[str, bytes]:
    return dict(find_bytecode_compiler(THIS_VERSION).compiled(source_layer, LAYER_ROOT))


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's runtime brings along: boto3, and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    for package in RUNTIME_PACKAGES:
        (folder / package).symlink_to(Path(boto3.__file__).parents[1] / package)
    return folder


@pytest.fixture(params=["source_layer", "bytecode_layer"])
def layer(request: pytest.FixtureRequest) -> dict[str, bytes]:
    members: dict[str, bytes] = request.getfixturevalue(request.param)
    return members


def run_in_lambda(program: str, folders: list[Path], variables: dict[str, str]) -> str:
    """Run a program that can import from these folders and the standard library alone; returns what it printed."""
    program = f"import sys; sys.path[:0] = sys.argv[1:]\n{program}"
    arguments = [sys.executable, "-I", "-S", "-B", "-c", program, *map(str, folders)]
    environment = {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2", **variables}
    finished = subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment)
    assert finished.stderr == ""
    return finished.stdout


def variables_of(function: FunctionSpecification) -> dict[str, str]:
    """A function's environment in the template, its references replaced by a name."""
    variables = RESOURCES[function.logical_id]["Properties"]["Environment"]["Variables"]
    return {name: value if isinstance(value, str) else "reference" for name, value in variables.items()}


def test_the_layer_holds_the_dependencies_and_leaves_boto3_to_the_runtime(source_layer: dict[str, bytes]) -> None:
    tops = {PurePosixPath(name).parts[1] for name in source_layer}
    assert {top.removesuffix(".py") for top in tops if not top.endswith(".dist-info")} == LAYER_PACKAGES


def test_the_layer_holds_machine_code_for_the_runtime_alone(source_layer: dict[str, bytes]) -> None:
    libraries = {name: content for name, content in source_layer.items() if name.endswith(".so")}
    assert all(".cpython-313-aarch64" in name or ".abi3" in name for name in libraries)
    assert all(content[ELF_MACHINE] == AARCH64 for content in libraries.values())


def test_the_layer_is_small(layer: dict[str, bytes]) -> None:
    assert len(zip_of(layer)) <= LAYER_LIMIT


def test_the_layer_needs_nothing_but_the_runtime(layer: dict[str, bytes], runtime: Path, tmp_path: Path) -> None:
    write_tree(tmp_path, layer)
    printed = run_in_lambda(USE_LAYER, [tmp_path / "python", runtime], {})
    assert set(printed.splitlines()[-1].split()) == LAYER_PACKAGES


@pytest.mark.parametrize("function", StackConfig().functions, ids=lambda function: function.logical_id)
def test_a_function_is_small_and_needs_nothing_but_the_layer(
    function: FunctionSpecification, source_layer: dict[str, bytes], runtime: Path, tmp_path: Path
) -> None:
    sources = function_members(function.handler_module, HANDLERS)
    members = find_bytecode_compiler(THIS_VERSION).compiled(sources, FUNCTION_ROOT)
    assert len(zip_of(sources)) <= FUNCTION_LIMIT
    assert len(zip_of(members)) <= FUNCTION_LIMIT_WITH_BYTECODE
    write_tree(tmp_path / "task", members)
    write_tree(tmp_path / "opt", source_layer)
    module, _, attribute = RESOURCES[function.logical_id]["Properties"]["Handler"].rpartition(".")
    program = f"from {module} import {attribute}; print(callable({attribute}))"
    folders = [tmp_path / "task", tmp_path / "opt" / "python", runtime]
    assert run_in_lambda(program, folders, variables_of(function)) == "True\n"
