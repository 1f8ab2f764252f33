"""The parts of a stack, found in its outputs."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from build.cloudformation.stacks import DeployedStack, deployed_stack
from build.errors import CommandError
from build.redrive.failed_events import DeployedSource, deployed_pipeline
from tests.build.redrive.failure_records import ACCOUNT, ORDERS, PIPELINE, USERS
from tests.sources import two_sources

OUTPUTS = {
    "FailedEventsBucketName": PIPELINE.bucket,
    "StepFunctionsStateMachineArn": PIPELINE.state_machine,
    "UserDataProcessorFunctionName": "dev-userdataproc-synth",
    "UserDataTableName": "dev-userdata-synth",
    "OrderDataProcessorFunctionName": "dev-orderdataproc-synth",
    "OrderDataTableName": "dev-orderdata-synth",
}


def stack(outputs: Mapping[str, str]) -> DeployedStack:
    return deployed_stack(
        {
            "StackId": f"arn:aws:cloudformation:us-west-2:{ACCOUNT}:stack/TapStackdev/1",
            "StackName": "TapStackdev",
            "StackStatus": "CREATE_COMPLETE",
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
            "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()],
        }
    )


def test_the_parts_are_those_that_the_stack_names() -> None:
    assert deployed_pipeline(stack(OUTPUTS), two_sources()) == PIPELINE


@pytest.mark.parametrize("missing", OUTPUTS)
def test_a_part_that_is_not_named_is_one_sentence(missing: str) -> None:
    outputs = {name: value for name, value in OUTPUTS.items() if name != missing}
    with pytest.raises(
        CommandError, match=f"TapStackdev is CREATE_COMPLETE and has no output {missing}; deploy it again"
    ):
        deployed_pipeline(stack(outputs), two_sources())


@pytest.mark.parametrize("source", [USERS, ORDERS])
def test_a_source_is_known_by_its_function_and_any_stream_of_its_table(source: DeployedSource) -> None:
    for label in ("2025-01-01T00:00:00.000", "2026-01-01T00:00:00.000"):
        assert PIPELINE.find_source(source.function_arn, f"{source.table_arn}/stream/{label}") == source


def test_a_table_whose_name_only_begins_alike_is_another() -> None:
    assert PIPELINE.find_source(USERS.function_arn, f"{USERS.table_arn}-old/stream/2026") is None
