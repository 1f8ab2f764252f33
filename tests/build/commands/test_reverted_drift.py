"""`--revert-drift` against CloudFormation's documented behaviour, which no emulator has.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
"""

from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY

from build.cloudformation.stacks import canonical_template, parsed_template
from build.commands.deploy import deploy
from build.commands.plan import plan
from build.deploy.artifacts import artifact_bucket
from build.deploy.desired import Deployment, artifact_parameters
from tests.build.commands.test_deploy import QUEUE
from tests.build.support import (
    ANYTHING,
    CHANGE_SET_ID,
    NAME,
    STACK_ID,
    Recorder,
    Stubs,
    a_change,
    a_stack,
    expect_end,
    tiny_deployment,
)

CHANGE_SET = {"StackName": STACK_ID, "ChangeSetName": CHANGE_SET_ID}
DRIFTED = {
    "Attribute": "Properties",
    "Path": "/Properties/VisibilityTimeout",
    "RequiresRecreation": "Never",
    "BeforeValue": "60",
    "AfterValue": "10",
    "BeforeValueFrom": "ACTUAL_STATE",
    "AfterValueFrom": "TEMPLATE",
    "Drift": {"PreviousValue": "10", "ActualValue": "60"},
}
CHANGE = a_change("Queue", "AWS::SQS::Queue", ResourceDriftStatus="MODIFIED", Details=[{"Target": DRIFTED}])
LINE = "Queue.VisibilityTimeout 60 → 10"


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return tiny_deployment(tmp_path, QUEUE, revert_drift=True)


def expect_change_set(stubs: Stubs, deployment: Deployment, answer: dict[str, Any]) -> None:
    """Expect a stack that is as the template and the package say, and all the same a change set that reverts drift."""
    bucket = artifact_bucket(stubs.clients, a_stack())
    values = artifact_parameters(deployment.config, deployment.package, bucket.name)
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in sorted(values.items())]
    stubs.stack_is(name=NAME, Parameters=parameters)
    template = canonical_template(parsed_template(deployment.template))
    stubs.answer("cloudformation", "get_template", ANYTHING, {"TemplateBody": template})
    expected = {
        "StackName": STACK_ID,
        "ChangeSetName": ANY,
        "ChangeSetType": "UPDATE",
        "Parameters": parameters,
        "Tags": [{"Key": "project", "Value": "TapStack"}, {"Key": "suffix", "Value": "dev"}],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "TemplateBody": template,
        "DeploymentMode": "REVERT_DRIFT",
    }
    stubs.answer("cloudformation", "create_change_set", expected, {"Id": CHANGE_SET_ID, "StackId": STACK_ID})
    stubs.answer("cloudformation", "describe_change_set", CHANGE_SET, answer)


def expect_changes(stubs: Stubs) -> None:
    for values in (True, False):
        parameters = {**CHANGE_SET, "IncludePropertyValues": values}
        stubs.answer("cloudformation", "describe_change_set", parameters, {"Changes": [CHANGE]})


def expect_upload(stubs: Stubs, deployment: Deployment) -> None:
    bucket = artifact_bucket(stubs.clients, a_stack())
    stubs.answer("s3", "get_bucket_policy", bucket.target, {"Policy": "{}"})
    stubs.answer("s3", "head_bucket", bucket.target, {"BucketRegion": stubs.clients.region})
    for archive in deployment.package.archives:
        stubs.answer("s3", "head_object", {"Key": archive.object_key, **bucket.target}, {})


def expect_no_functions(stubs: Stubs, deployment: Deployment) -> None:
    for _ in deployment.config.functions:
        stubs.of("functions").add_client_error("get_function_configuration", "ResourceNotFoundException")


def test_a_plan_previews_what_would_be_reverted(stubs: Stubs, deployment: Deployment, progress: Recorder) -> None:
    expect_change_set(stubs, deployment, {"Status": "CREATE_COMPLETE"})
    stubs.no_table_is_restored()
    expect_changes(stubs)
    stubs.answer("cloudformation", "delete_change_set", CHANGE_SET, {})
    stubs.stack_is()
    expect_no_functions(stubs, deployment)
    found = plan(stubs.clients, deployment, progress)
    (change,) = found.changes
    assert (found.unchanged, change.properties[0].drifted, change.properties[0].before) == (False, True, "60")


def test_a_deployment_reverts_drift_and_says_what(stubs: Stubs, deployment: Deployment, progress: Recorder) -> None:
    expect_change_set(stubs, deployment, {"Status": "CREATE_COMPLETE"})
    expect_upload(stubs, deployment)
    stubs.no_table_is_restored()
    stubs.no_table_is_restored()
    expect_changes(stubs)
    expect_no_functions(stubs, deployment)
    stubs.answer("cloudformation", "execute_change_set", ANYTHING, {})
    expect_end(stubs, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    stubs.answer("s3", "put_object", ANYTHING, {})
    assert deploy(stubs.clients, deployment, progress).status == "UPDATE_COMPLETE"
    assert progress.steps == ["1 to change", f"reverted drift: {LINE}"]


def test_a_stack_that_has_not_drifted_is_as_it_should_be(
    stubs: Stubs, deployment: Deployment, progress: Recorder
) -> None:
    reason = "The submitted information didn't contain changes."
    expect_change_set(stubs, deployment, {"Status": "FAILED", "StatusReason": reason})
    expect_upload(stubs, deployment)
    stubs.no_table_is_restored()
    stubs.answer("cloudformation", "delete_change_set", CHANGE_SET, {})
    stubs.stack_is()
    expect_no_functions(stubs, deployment)
    deploy(stubs.clients, deployment, progress)
    assert progress.steps == [f"no changes, {NAME} is as it should be"]
