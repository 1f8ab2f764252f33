import json
from pathlib import Path

import pytest

from build.deployment.artifacts.upload import artifact_bucket
from build.deployment.clients import Clients
from build.deployment.comparison import NO_TEMPLATE, Comparison, compare
from build.deployment.deployment import Deployment
from build.deployment.desired_stack import artifact_parameters, desired_stack, parameter_values
from build.deployment.template_body import declared_parameters, shortest
from build.errors import CommandError
from stack.config import StackConfig
from tests.build.deployment.support import ACCOUNT, REGION, STACK_ID, Stubs, a_stack, tiny_package, tiny_template

BUCKET = f"tapstack-artifacts-{ACCOUNT}-{REGION}"


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(StackConfig(), tiny_template({}, AlertEmail="", Mode="slow"), tiny_package(tmp_path))


def as_parameters(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def test_every_archive_has_its_parameter(deployment: Deployment) -> None:
    values = artifact_parameters(deployment.config, deployment.package, BUCKET)
    keys = {f"{archive.name}Key": archive.object_key for archive in deployment.package.archives}
    assert values == {"ArtifactBucket": BUCKET, **keys}
    assert "LayerKey" in keys


def test_a_new_stack_gets_every_parameter_and_no_tags(deployment: Deployment) -> None:
    desired = desired_stack(deployment, BUCKET, None, NO_TEMPLATE)
    assert desired.parameters.keys() == declared_parameters(deployment.template).keys()
    assert (desired.parameters["AlertEmail"], desired.parameters["Mode"], desired.tags) == ("", "slow", {})
    assert "\n" not in desired.template


def test_what_somebody_chose_stays_and_changed_defaults_take_effect(deployment: Deployment) -> None:
    stack = a_stack(Parameters=as_parameters({"AlertEmail": "ops@example.com", "Mode": "default of then"}))
    then = tiny_template({}, AlertEmail="", Mode="default of then")
    desired = desired_stack(deployment, BUCKET, stack, then)
    assert (desired.parameters["AlertEmail"], desired.parameters["Mode"]) == ("ops@example.com", "slow")


def test_what_is_given_now_wins(deployment: Deployment) -> None:
    stack = a_stack(Parameters=as_parameters({"AlertEmail": "ops@example.com"}))
    given = Deployment(deployment.config, deployment.template, deployment.package, {"AlertEmail": ""}, {"team": "data"})
    desired = desired_stack(given, BUCKET, stack, deployment.template)
    assert (desired.parameters["AlertEmail"], desired.tags) == ("", {"team": "data"})


def test_tags_stay_when_none_are_given(deployment: Deployment) -> None:
    stack = a_stack(Tags=[{"Key": "team", "Value": "data"}])
    assert desired_stack(deployment, BUCKET, stack, NO_TEMPLATE).tags == {"team": "data"}


def test_a_parameter_that_the_template_does_not_have_is_refused() -> None:
    with pytest.raises(CommandError, match="has no parameter Colour, Size; it has Mode") as caught:
        parameter_values({"Mode": "slow"}, {"Size": "1", "Colour": "red"}, {})
    assert caught.value.exit_code == 2


def test_a_parameter_without_a_value_is_refused() -> None:
    with pytest.raises(CommandError, match="the parameter Mode has no value; give one with --parameter"):
        parameter_values({"Mode": None}, {}, {})


def test_a_template_that_is_not_json_has_no_known_parameters() -> None:
    assert declared_parameters("Resources:\n  Queue: {}\n") == {}


def test_defaults_are_text() -> None:
    template = json.dumps({"Parameters": {"Days": {"Default": 14}, "Name": {"Type": "String"}}})
    assert declared_parameters(template) == {"Days": "14", "Name": None}


def test_the_shortest_form_is_the_same_for_the_same_content() -> None:
    assert shortest({"b": 1, "a": [1, 2]}) == shortest({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'


def compared(
    stubs: Stubs, deployment: Deployment, status: str = "UPDATE_COMPLETE", template: str | None = None, **changed: str
) -> Comparison:
    """A comparison with a stack that differs by what was changed."""
    asked = desired_stack(deployment, BUCKET, None, NO_TEMPLATE)
    stack = a_stack(status, Parameters=as_parameters({**asked.parameters, **changed}))
    answer = {"TemplateBody": template or asked.template}
    stubs.answer("cloudformation", "get_template", {"StackName": STACK_ID, "TemplateStage": "Original"}, answer)
    return compare(stubs.clients, deployment, stack)


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"]
)
def test_a_stack_that_is_as_asked_needs_one_call_to_tell(stubs: Stubs, deployment: Deployment, status: str) -> None:
    assert compared(stubs, deployment, status).settled


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_a_stack_that_failed_is_never_settled(stubs: Stubs, deployment: Deployment, status: str) -> None:
    assert not compared(stubs, deployment, status).settled


def test_other_code_is_a_change(stubs: Stubs, deployment: Deployment) -> None:
    assert not compared(stubs, deployment, LayerKey="Layer/old.zip").settled


def test_another_template_is_a_change(stubs: Stubs, deployment: Deployment) -> None:
    assert not compared(stubs, deployment, template=tiny_template({}, Mode="slow")).settled


def test_other_tags_are_a_change(stubs: Stubs, deployment: Deployment) -> None:
    tagged = Deployment(deployment.config, deployment.template, deployment.package, tags={"team": "data"})
    assert not compared(stubs, tagged).settled


def test_a_missing_stack_is_compared_with_nothing(cloud: Clients, deployment: Deployment) -> None:
    comparison = compare(cloud, deployment, None)
    assert (comparison.settled, comparison.template) == (None, NO_TEMPLATE)
    assert comparison.bucket == artifact_bucket(cloud)
