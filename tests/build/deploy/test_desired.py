import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.aws import Clients
from build.cloudformation.stacks import DeployedStack, DesiredStack
from build.deploy import desired as module
from build.deploy.artifacts import artifact_bucket
from build.deploy.desired import (
    NO_TEMPLATE,
    Comparison,
    Deployment,
    add_deployment_options,
    artifact_parameters,
    change_set_arguments,
    compare,
    declared_parameters,
    desired_stack,
    parameter_values,
    requested_deployment,
)
from build.deploy.expiry import NEVER
from build.deploy.recovery import unchanged_stack
from build.errors import CommandError
from build.options import add_stack_options
from build.packaging import Package, command
from build.packaging.members import BytecodeCompiler
from build.progress import NullProgress
from stack.activity_shards import ActivityShards
from stack.config import StackConfig
from stack.settings import SuffixSettings
from tests.build.support import (
    ACCOUNT,
    ANYTHING,
    NAME,
    REGION,
    STACK_ID,
    Recorder,
    Stubs,
    a_stack,
    tiny_deployment,
    tiny_package,
    tiny_template,
)

BUCKET = f"tapstack-artifacts-{ACCOUNT}-{REGION}"
ROLE = "arn:aws:iam::123456789012:role/deployer"
LATER = "2026-04-01T12:00:00Z"
TAGS = {"project": "TapStack", "suffix": "dev"}
WATCHED = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}


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


def test_a_new_stack_gets_every_parameter_and_the_default_tags(deployment: Deployment) -> None:
    desired = desired_stack(deployment, BUCKET, None, NO_TEMPLATE, TAGS)
    assert desired.parameters.keys() == declared_parameters(deployment.template).keys()
    assert (desired.parameters["AlertEmail"], desired.parameters["Mode"], desired.tags) == ("", "slow", TAGS)
    assert "\n" not in desired.template


def test_what_somebody_chose_stays_and_changed_defaults_take_effect(deployment: Deployment) -> None:
    stack = a_stack(Parameters=as_parameters({"AlertEmail": "ops@example.com", "Mode": "default of then"}))
    then = tiny_template({}, AlertEmail="", Mode="default of then")
    desired = desired_stack(deployment, BUCKET, stack, then, TAGS)
    assert (desired.parameters["AlertEmail"], desired.parameters["Mode"]) == ("ops@example.com", "slow")


def test_what_is_given_now_wins(deployment: Deployment) -> None:
    stack = a_stack(Parameters=as_parameters({"AlertEmail": "ops@example.com"}))
    given = Deployment(deployment.config, deployment.template, deployment.package, {"AlertEmail": ""}, {"team": "data"})
    desired = desired_stack(given, BUCKET, stack, deployment.template, TAGS)
    assert (desired.parameters["AlertEmail"], desired.tags) == ("", {**TAGS, "team": "data"})


def test_tags_stay_when_none_are_given(deployment: Deployment) -> None:
    stack = a_stack(Tags=[{"Key": "team", "Value": "data"}])
    assert desired_stack(deployment, BUCKET, stack, NO_TEMPLATE, TAGS).tags == {**TAGS, "team": "data"}


def test_a_tag_that_was_chosen_wins_over_the_default(deployment: Deployment) -> None:
    stack = a_stack(Tags=[{"Key": "project", "Value": "mine"}])
    assert desired_stack(deployment, BUCKET, stack, NO_TEMPLATE, TAGS).tags == {**TAGS, "project": "mine"}
    given = replace(deployment, tags={"suffix": "another"})
    assert desired_stack(given, BUCKET, stack, NO_TEMPLATE, TAGS).tags == {**TAGS, "suffix": "another"}


@pytest.mark.parametrize(("region", "tags"), [("us-gov-west-1", {}), ("eu-west-1", TAGS)])
def test_no_default_tag_reaches_a_mapping_of_govcloud(
    stubs: Stubs, deployment: Deployment, region: str, tags: dict[str, str]
) -> None:
    stubs.answer("cloudformation", "get_template", ANYTHING, {"TemplateBody": NO_TEMPLATE})
    object.__setattr__(stubs.clients, "region", region)
    assert compare(stubs.clients, deployment, a_stack()).desired.tags == tags


@pytest.mark.parametrize(
    ("tags", "deployed", "expiry", "expected"),
    [
        ({"team": "data"}, {"team": "ops"}, LATER, {"team": "data", "expires": LATER}),
        ({"team": "data"}, {"expires": LATER}, None, {"team": "data", "expires": LATER}),
        ({"team": "data", "expires": "x"}, {"expires": "x"}, LATER, {"team": "data", "expires": LATER}),
        ({"team": "data", "expires": LATER}, {"expires": "x"}, None, {"team": "data", "expires": LATER}),
        ({"team": "data", "expires": "x"}, {"expires": "x"}, NEVER, {"team": "data"}),
        ({"team": "data"}, {"expires": "x"}, NEVER, {"team": "data"}),
        (None, {"team": "data", "expires": "x"}, LATER, {"team": "data", "expires": LATER}),
        (None, {"team": "data", "expires": "x"}, NEVER, {"team": "data"}),
        ({}, {}, None, {}),
        ({}, {}, NEVER, {}),
    ],
)
def test_an_expiry_stays_until_it_is_given_again(
    deployment: Deployment,
    tags: dict[str, str] | None,
    deployed: dict[str, str],
    expiry: str | None,
    expected: dict[str, str],
) -> None:
    stack = a_stack(Tags=[{"Key": key, "Value": value} for key, value in deployed.items()])
    asked = replace(deployment, tags=tags, expiry=expiry)
    assert desired_stack(asked, BUCKET, stack, NO_TEMPLATE, {}).tags == expected


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


def compared(
    stubs: Stubs, deployment: Deployment, status: str = "UPDATE_COMPLETE", template: str | None = None, **changed: str
) -> Comparison:
    """A comparison with a stack that differs by what was changed."""
    asked = desired_stack(deployment, BUCKET, None, NO_TEMPLATE, TAGS)
    tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
    stack = a_stack(status, Parameters=as_parameters({**asked.parameters, **changed}), Tags=tags)
    answer = {"TemplateBody": template or asked.template}
    stubs.answer("cloudformation", "get_template", {"StackName": STACK_ID, "TemplateStage": "Original"}, answer)
    return compare(stubs.clients, deployment, stack)


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"]
)
def test_a_stack_that_is_as_asked_needs_one_call_to_tell(stubs: Stubs, deployment: Deployment, status: str) -> None:
    assert unchanged_stack(compared(stubs, deployment, status))


def with_shards(variable: str) -> str:
    """The template of a stack that has a history of shards, as a function's environment says it."""
    properties = {"Environment": {"Variables": {"ACTIVITY_SHARDS": variable}}}
    function = {"Type": "AWS::Lambda::Function", "Properties": properties}
    return json.dumps({"Resources": {"AnalyticsProcessor": function}})


RAISED = ((0, 1), ("2001-01-01T00:00:00Z", 8))
SAME_AS_RAISED = '[[0,1],["2001-01-01T00:00:00Z",8]]'


@pytest.mark.parametrize("deployed", ["1", "[[0,1]]", '[[0,1],["9001-01-01T00:00:00Z",8]]'])
def test_a_raise_in_the_past_of_a_deployed_stack_is_refused(
    stubs: Stubs, deployment: Deployment, deployed: str
) -> None:
    raised = replace(deployment, config=StackConfig(activity_shards=RAISED))
    with pytest.raises(CommandError, match=r"^TapStackdev: activity_shards is .* write \(\(0, 1\), \('2") as caught:
        compared(stubs, raised, template=with_shards(deployed))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("deployed", "wanted"),
    [
        (SAME_AS_RAISED, RAISED),
        ("1", ((0, 1), ("9001-01-01T00:00:00Z", 8))),
        (SAME_AS_RAISED, (*RAISED, ("9001-01-01T00:00:00Z", 4))),
    ],
)
def test_what_is_deployed_may_be_past_and_what_is_new_may_be_to_come(
    stubs: Stubs, deployment: Deployment, deployed: str, wanted: ActivityShards
) -> None:
    raised = replace(deployment, config=StackConfig(activity_shards=wanted))
    assert compared(stubs, raised, template=with_shards(deployed)).stack


def test_a_stack_without_functions_takes_any_shards(stubs: Stubs, deployment: Deployment) -> None:
    raised = replace(deployment, config=StackConfig(activity_shards=RAISED))
    assert compared(stubs, raised).stack


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_a_stack_that_failed_is_never_unchanged(stubs: Stubs, deployment: Deployment, status: str) -> None:
    assert not unchanged_stack(compared(stubs, deployment, status))


def test_other_code_is_a_change(stubs: Stubs, deployment: Deployment) -> None:
    assert not unchanged_stack(compared(stubs, deployment, LayerKey="Layer/old.zip"))


def test_another_template_is_a_change(stubs: Stubs, deployment: Deployment) -> None:
    assert not unchanged_stack(compared(stubs, deployment, template=tiny_template({}, Mode="slow")))


def test_other_tags_are_a_change(stubs: Stubs, deployment: Deployment) -> None:
    tagged = Deployment(deployment.config, deployment.template, deployment.package, tags={"team": "data"})
    assert not unchanged_stack(compared(stubs, tagged))


def test_a_missing_stack_is_compared_with_nothing(cloud: Clients, deployment: Deployment) -> None:
    comparison = compare(cloud, deployment, None)
    assert (unchanged_stack(comparison), comparison.template) == (None, NO_TEMPLATE)
    assert comparison.bucket == artifact_bucket(cloud)


def comparison(stubs: Stubs, stack: DeployedStack | None) -> Comparison:
    return Comparison(stack, "{}", DesiredStack(NAME, "{}", {}, {}), artifact_bucket(stubs.clients, a_stack()))


@pytest.fixture(autouse=True)
def no_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "rollback_configuration", lambda *arguments: WATCHED)


@pytest.mark.parametrize(
    ("suffix", "deployed", "role", "expected"),
    [
        ("dev", True, None, {}),
        ("dev", True, ROLE, {"RoleARN": ROLE}),
        ("prod", False, None, {}),
        ("prod", True, None, {"RollbackConfiguration": WATCHED}),
    ],
)
def test_what_a_change_set_is_told_besides(
    stubs: Stubs, tmp_path: Path, suffix: str, deployed: bool, role: str | None, expected: dict[str, object]
) -> None:
    deployment = tiny_deployment(tmp_path, {}, suffix, role_arn=role)
    stack = a_stack() if deployed else None
    told = change_set_arguments(stubs.clients, deployment, comparison(stubs, stack), Recorder())
    assert told == {"TemplateBody": "{}", **expected}


@pytest.mark.parametrize(("deployed", "mode"), [(True, "REVERT_DRIFT"), (False, None)])
def test_only_an_update_can_revert_drift(stubs: Stubs, tmp_path: Path, deployed: bool, mode: str | None) -> None:
    deployment = tiny_deployment(tmp_path, {}, revert_drift=True)
    stack = a_stack() if deployed else None
    told = change_set_arguments(stubs.clients, deployment, comparison(stubs, stack), Recorder())
    assert told.get("DeploymentMode") == mode


def test_a_stack_that_may_have_drifted_is_never_known_to_be_as_asked(stubs: Stubs, deployment: Deployment) -> None:
    assert not unchanged_stack(compared(stubs, replace(deployment, revert_drift=True)))


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Package:
    made = tiny_package(tmp_path)
    monkeypatch.setattr(module, "package", lambda *arguments: made)
    return made


def requested(arguments: argparse.Namespace, settings: SuffixSettings) -> Deployment:
    return requested_deployment(arguments, settings, NullProgress())


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_stack_options(parser)
    add_deployment_options(parser)
    return parser.parse_args(words)


def test_options_say_what_is_deployed(package: Package) -> None:
    words = "--alert-email ops@example.com --parameter StreamProcessing=Disabled --tag team=data --tag cost=low"
    more = "--role-arn arn:aws:iam::1:role/x --no-rollback --allow-replace UserDataTable --allow-replace OrderDataTable"
    asked = requested(parsed(*words.split(), *more.split()), SuffixSettings("dev"))
    assert asked.parameters == {"StreamProcessing": "Disabled", "AlertEmail": "ops@example.com"}
    assert asked.tags == {"team": "data", "cost": "low"}
    assert (asked.role_arn, asked.rollback) == ("arn:aws:iam::1:role/x", False)
    assert asked.allow_replace == {"UserDataTable", "OrderDataTable"}
    assert asked.package is package


def test_what_is_not_asked_for_stays_as_it_is(package: Package) -> None:
    asked = requested(parsed(), SuffixSettings("dev"))
    assert (asked.parameters, asked.tags, asked.role_arn, asked.rollback) == ({}, None, None, True)


@pytest.mark.parametrize(("words", "reverts"), [(["--revert-drift"], True), ([], False)])
def test_drift_is_reverted_when_that_is_asked_for(package: Package, words: list[str], reverts: bool) -> None:
    assert requested(parsed(*words), SuffixSettings("dev")).revert_drift is reverts


def test_an_empty_address_turns_mail_off(package: Package) -> None:
    assert requested(parsed("--alert-email", ""), SuffixSettings("dev")).parameters == {"AlertEmail": ""}


def test_a_protected_stack_always_rolls_back(package: Package) -> None:
    with pytest.raises(CommandError, match="always rolls back; leave out --no-rollback"):
        requested(parsed("--no-rollback"), SuffixSettings("prod"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--parameter", "LayerKey=x.zip"], "--parameter LayerKey says where the code is stored"),
        (["--parameter", "ArtifactBucket=b"], "--parameter ArtifactBucket says where the code is stored"),
        (["--parameter", "UserDataProcessorKey=b"], "leave it out"),
        (["--parameter", "AlertEmail=nobody"], "--parameter AlertEmail: 'nobody' is no e-mail address"),
        (["--parameter", "AlertEmail=a@b.c", "--alert-email", "d@e.f"], "AlertEmail=... is given more than once"),
        (["--parameter", "A=1", "--parameter", "A=2"], "--parameter A=... is given more than once"),
        (["--tag", "team=a", "--tag", "team=b"], "--tag team=... is given more than once"),
    ],
)
def test_nothing_that_is_given_is_ignored(package: Package, words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)) as caught:
        requested(parsed(*words), SuffixSettings("dev"))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("address", ["nobody", "a@b", "a b@c.d", "@c.d", "a@c.", "a@b@c.d"])
def test_an_address_that_is_none_is_wrong_usage(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed("--alert-email", address)
    assert f"{address!r} is no e-mail address like ops@example.com" in capsys.readouterr().err


@pytest.mark.parametrize("deployed", [True, False])
def test_a_resource_that_is_nowhere_cannot_be_replaced(stubs: Stubs, tmp_path: Path, deployed: bool) -> None:
    if deployed:
        answer = {"TemplateBody": tiny_template({"Removed": {"Type": "T"}})}
        parameters = {"StackName": STACK_ID, "TemplateStage": "Original"}
        stubs.answer("cloudformation", "get_template", parameters, answer)
    allowed = frozenset({"Kept", "Wrong"} | ({"Removed"} if deployed else set()))
    deployment = tiny_deployment(tmp_path, {"Kept": {"Type": "T"}}, allow_replace=allowed)
    with pytest.raises(CommandError, match="--allow-replace Wrong names no resource") as caught:
        compare(stubs.clients, deployment, a_stack() if deployed else None)
    assert caught.value.exit_code == 2


SETTINGS = SuffixSettings(
    "dev", role="arn:aws:iam::1:role/settings", tags={"team": "data"}, parameters={"StreamProcessing": "Disabled"}
)


def test_settings_of_the_suffix_are_asked_for(package: Package) -> None:
    asked = requested(parsed(), SETTINGS)
    assert (asked.parameters, asked.tags) == ({"StreamProcessing": "Disabled"}, {"team": "data"})
    assert asked.role_arn == "arn:aws:iam::1:role/settings"


def test_the_command_line_wins_over_settings_name_by_name(package: Package) -> None:
    words = "--parameter StreamProcessing=Enabled --alert-email x@example.com --tag team=ops --tag cost=low"
    asked = requested(parsed(*words.split(), "--role-arn", "arn:aws:iam::1:role/typed"), SETTINGS)
    assert asked.parameters == {"StreamProcessing": "Enabled", "AlertEmail": "x@example.com"}
    assert asked.tags == {"team": "ops", "cost": "low"}
    assert asked.role_arn == "arn:aws:iam::1:role/typed"


def test_settings_change_the_template_that_is_deployed(package: Package) -> None:
    asked = requested(parsed(), SuffixSettings("dev", protected=True, sizes={"UserData": {"timeout": 7}}))
    resources = json.loads(asked.template)["Resources"]
    assert resources["UserDataProcessor"]["Properties"]["Timeout"] == 7
    assert resources["UserDataTable"]["DeletionPolicy"] == "Retain"


def test_a_suffix_protected_by_its_settings_always_rolls_back(package: Package) -> None:
    with pytest.raises(CommandError, match="TapStackdev is protected and always rolls back"):
        requested(parsed("--no-rollback"), SuffixSettings("dev", protected=True))


COMPILER = BytecodeCompiler("/usr/bin/python3.13", "cpython-313 3 13 0")


@pytest.mark.parametrize(
    ("option", "setting", "compiler"),
    [
        ([], None, COMPILER),
        ([], True, COMPILER),
        ([], False, None),
        (["--no-bytecode"], None, None),
        (["--no-bytecode"], True, None),
        (["--bytecode"], False, COMPILER),
    ],
)
def test_the_option_then_the_setting_decides_about_bytecode(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    option: list[str],
    setting: bool | None,
    compiler: BytecodeCompiler | None,
) -> None:
    packaged: list[Any] = []

    def record(*arguments: Any) -> Package:
        packaged.append(arguments)
        return tiny_package(tmp_path)

    monkeypatch.setattr(command, "find_bytecode_compiler", lambda: COMPILER)
    monkeypatch.setattr(module, "package", record)
    requested(parsed(*option), SuffixSettings("dev", bytecode=setting))
    assert packaged[0][-1] == compiler


def test_a_resource_that_is_nowhere_cannot_be_skipped(stubs: Stubs, tmp_path: Path) -> None:
    deployment = tiny_deployment(tmp_path, {}, skip=frozenset({"Wrong", "Other"}))
    with pytest.raises(CommandError, match="--skip Other --skip Wrong names no resource"):
        compare(stubs.clients, deployment, None)
