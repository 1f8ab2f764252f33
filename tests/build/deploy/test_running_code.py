"""Code and layers that were replaced behind the back of a stack on the emulated AWS, and who tells."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from threading import Barrier

import pytest

from build.aws import Clients
from build.cloudformation.stacks import LAYER_TYPE, DeployedStack, stack_resources
from build.command_line import main
from build.commands.deploy import deploy
from build.deploy.artifacts import artifact_bucket
from build.deploy.desired import Deployment
from build.deploy.running_code import AHEAD, Drift, code_drifts, restore_code
from build.errors import CommandError
from build.packaging import package
from build.packaging.archive import zip_of
from stack.config import StackConfig
from stack.parameters import LAYER_KEY, STREAM_PROCESSING
from stack.template import render
from tests.build.support import Recorder

CONFIG = StackConfig("behind")
STACK = CONFIG.stack_name
FUNCTION = CONFIG.name("datavalidator")
FOREIGN = zip_of({"handlers/data_validator.py": b"def handler(event, context): return {}"})
OPTIONS = ("--suffix", "behind", "--no-bytecode", "--parameter", f"{STREAM_PROCESSING}=Disabled")
ANOTHER_LAYER = "with another layer than its template"
Ran = tuple[int, str]


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment(CONFIG, render(CONFIG), package(CONFIG), parameters={STREAM_PROCESSING: "Disabled"})


@pytest.fixture
def stack(cloud: Clients, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeployedStack]:
    """A stack that runs what was deployed, and commands that find it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(cloud.endpoint_url))
    deployed = deploy(cloud, deployment, Recorder())
    yield deployed
    restore_code(cloud, CONFIG, deployed, code_drifts(cloud, CONFIG, deployed), Recorder())


def sha256(content: bytes) -> str:
    """As S3 and Lambda write it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def put_foreign_code(cloud: Clients) -> None:
    cloud.functions.update_function_code(FunctionName=FUNCTION, ZipFile=FOREIGN)


def attach_foreign_layer(cloud: Clients) -> str:
    """The ARN of a layer that is no version of the stack's."""
    content = zip_of({"python/foreign.py": b""})
    arn = cloud.functions.publish_layer_version(LayerName="foreign", Content={"ZipFile": content})["LayerVersionArn"]
    cloud.functions.update_function_configuration(FunctionName=FUNCTION, Layers=[arn])
    return arn


def layer_of(cloud: Clients, stack: DeployedStack) -> str:
    resources = stack_resources(cloud.cloudformation, stack.stack_id)
    return next(resource.physical_id for resource in resources if resource.resource_type == LAYER_TYPE)


def ran(capsys: pytest.CaptureFixture[str], command: str, *words: str) -> Ran:
    """The exit code of a command, and what it printed on stdout."""
    capsys.readouterr()
    return main([command, *words]), capsys.readouterr().out


def test_replaced_code_is_told_by_all_who_compare_and_put_right_by_the_next_deployment(
    cloud: Clients, stack: DeployedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(capsys, "plan", *OPTIONS) == (0, f"{STACK}: no changes\n")
    assert ran(capsys, "drift", *OPTIONS[:2]) == (0, f"{STACK} is as its template says\n")
    put_foreign_code(cloud)
    assert ran(capsys, "plan", *OPTIONS) == (2, f"DataValidator runs {AHEAD}; `deploy` ends that\n")
    code, out = ran(capsys, "drift", *OPTIONS[:2], "--json")
    (drift,) = json.loads(out)["drifts"]
    assert (code, drift["logical_id"], drift["path"], drift["actual"]) == (
        2,
        "DataValidator",
        "CodeSha256",
        sha256(FOREIGN),
    )
    _, out = ran(capsys, "status", *OPTIONS[:2])
    assert [AHEAD in line for line in out.splitlines() if line.strip().startswith("DataValidator ")] == [True]
    code, out = ran(capsys, "deploy", *OPTIONS)
    assert (code, out.splitlines()[1]) == (0, f"DataValidator runs {AHEAD}; putting the template's back")
    running = cloud.functions.get_function_configuration(FunctionName=FUNCTION)["CodeSha256"]
    assert running == drift["expected"]
    assert ran(capsys, "plan", *OPTIONS)[0] == 0


def test_another_layer_is_told_and_put_right_together_with_the_code(
    cloud: Clients, stack: DeployedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    put_foreign_code(cloud)
    foreign = attach_foreign_layer(cloud)
    _, of_layer = code_drifts(cloud, CONFIG, stack)
    assert of_layer == Drift("DataValidator", "AWS::Lambda::Function", "Layers", layer_of(cloud, stack), foreign)
    code, out = ran(capsys, "plan", *OPTIONS)
    assert (code, f"DataValidator runs {ANOTHER_LAYER}; `deploy` ends that" in out) == (2, True)
    code, out = ran(capsys, "drift", *OPTIONS[:2], "--json")
    layers = [drift for drift in json.loads(out)["drifts"] if drift["path"].startswith("Layers")]
    assert (code, len(layers), layers[0]["actual"]) == (2, 1, foreign)
    assert f"{AHEAD}, {ANOTHER_LAYER}" in ran(capsys, "status", *OPTIONS[:2])[1]
    assert ran(capsys, "deploy", *OPTIONS)[0] == 0
    layers = cloud.functions.get_function_configuration(FunctionName=FUNCTION)["Layers"]
    assert [layer["Arn"] for layer in layers] == [layer_of(cloud, stack)]
    assert code_drifts(cloud, CONFIG, stack) == []


def test_an_archive_of_the_layer_that_was_replaced_cannot_be_put_right_and_says_how_it_is(
    cloud: Clients, stack: DeployedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket, key = artifact_bucket(cloud), stack.parameters[LAYER_KEY]
    original = bucket.read(key)
    assert original
    bucket.write(key, FOREIGN, "application/zip")
    try:
        (drift,) = code_drifts(cloud, CONFIG, stack)
        assert drift == Drift("DependenciesLayer", LAYER_TYPE, "Content.CodeSha256", sha256(FOREIGN), sha256(original))
        assert "DependenciesLayer" in ran(capsys, "status", *OPTIONS[:2])[1]
        assert ran(capsys, "plan", *OPTIONS)[0] == 2
        with pytest.raises(CommandError, match="was replaced since DependenciesLayer was made from it; restore"):
            restore_code(cloud, CONFIG, stack, [drift], Recorder())
    finally:
        bucket.write(key, original, "application/zip")


def test_the_code_of_a_protected_stack_is_put_right_only_when_somebody_agrees(
    cloud: Clients, stack: DeployedStack, deployment: Deployment
) -> None:
    put_foreign_code(cloud)
    progress = Recorder()

    def refuse() -> None:
        raise CommandError("nobody agrees.")

    with pytest.raises(CommandError, match="nobody agrees"):
        deploy(cloud, deployment, progress, refuse)
    assert progress.steps == [f"DataValidator runs {AHEAD}; putting the template's back"]
    assert cloud.functions.get_function_configuration(FunctionName=FUNCTION)["CodeSha256"] == sha256(FOREIGN)


def test_what_is_overwritten_beside_a_change_is_told_before_somebody_agrees(
    cloud: Clients, stack: DeployedStack, deployment: Deployment
) -> None:
    put_foreign_code(cloud)
    progress = Recorder()
    told: list[str] = []
    deploy(cloud, replace(deployment, tags={"team": "data"}), progress, lambda: told.extend(progress.steps))
    assert told[-1] == f"DataValidator runs {AHEAD}; putting the template's back"
    assert code_drifts(cloud, CONFIG, stack) == []


def test_an_unchanged_deployment_asks_about_the_functions_side_by_side(cloud: Clients, stack: DeployedStack) -> None:
    """Each question waits until all have been asked."""
    together = Barrier(len(CONFIG.functions), timeout=60)

    def wait(**call: object) -> None:
        together.wait()

    events = cloud.functions.meta.events
    events.register("before-send.lambda.GetFunctionConfiguration", wait)
    try:
        assert code_drifts(cloud, CONFIG, stack) == []
    finally:
        events.unregister("before-send.lambda.GetFunctionConfiguration", wait)
