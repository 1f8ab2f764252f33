import json
from datetime import timedelta
from typing import Any

import pytest

from build.command_line import main
from build.commands.list import ListedStack, age_text, listed_stacks
from build.local.emulator import Emulator
from tests.build.support import START, Stubs, description

PARAMETERS = {"ArtifactBucket": "artifacts", "LayerKey": "Layer/1.zip"}


def entry(name: str, parameters: dict[str, str], **more: Any) -> dict[str, Any]:
    """An entry of DescribeStacks."""
    told = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    return {**description(), "StackName": name, "Parameters": told, **more}


def listed(stubs: Stubs, *entries: dict[str, Any]) -> list[ListedStack]:
    stubs.answer("cloudformation", "describe_stacks", {}, {"Stacks": list(entries)})
    return listed_stacks(stubs.clients.cloudformation)


def test_the_stacks_of_this_project_are_listed_by_suffix(stubs: Stubs) -> None:
    found = listed(
        stubs,
        entry("TapStackprod", PARAMETERS, StackStatus="UPDATE_COMPLETE"),
        entry("TapStackdev", PARAMETERS),
        entry("Foreign", PARAMETERS),
        entry("TapStackother", {"ArtifactBucket": "artifacts"}),
    )
    assert [(stack.suffix, stack.status) for stack in found] == [
        ("dev", "CREATE_COMPLETE"),
        ("prod", "UPDATE_COMPLETE"),
    ]
    assert {stack.created for stack in found} == {START}


def test_the_version_is_the_same_for_the_same_code_and_another_for_another(stubs: Stubs) -> None:
    newer = {**PARAMETERS, "LayerKey": "Layer/2.zip"}
    mailed = {**PARAMETERS, "AlertEmail": "ops@example.com"}
    first, same, other = listed(
        stubs, *(entry(f"TapStack{n}", p) for n, p in (("a", PARAMETERS), ("b", mailed), ("c", newer)))
    )
    assert first.version == same.version != other.version
    assert len(first.version) == 12


def test_a_tag_says_until_when_a_stack_is_needed(stubs: Stubs) -> None:
    tags = [{"Key": "expires", "Value": "2026-04-01"}]
    tagged, untagged = listed(stubs, entry("TapStacka", PARAMETERS, Tags=tags), entry("TapStackb", PARAMETERS))
    assert (tagged.expires, untagged.expires) == ("2026-04-01", None)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-2), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=3, hours=5), "3 d"),
    ],
)
def test_an_age_has_its_largest_unit(age: timedelta, text: str) -> None:
    assert age_text(age) == text


def test_the_command_lists_nothing_else_than_ours(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    assert main(["list", "--json", "--region", "ap-south-1"]) == 0
    assert json.loads(capsys.readouterr().out) == {"type": "result", "region": "ap-south-1", "stacks": []}
