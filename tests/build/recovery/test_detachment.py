"""Templates without resources: on the real template, and on references that it does not have."""

import json
from typing import Any

import pytest

from build.cloudformation.stacks import canonical_template
from build.errors import CommandError
from build.recovery.detachment import mappings_of, retaining, without
from stack.config import SOURCES, StackConfig
from stack.template import render

TEMPLATE = canonical_template(json.loads(render(StackConfig("prod"))))
MAPPINGS = sorted(f"{source.name}EventSourceMapping" for source in SOURCES)
NAMES = {"Ref": "name", "Arn": "arn", "StreamArn": "stream", "Id": "id"}


def test_a_source_takes_its_mapping_along() -> None:
    assert mappings_of(TEMPLATE, f"{SOURCES[0].name}Table") == [f"{SOURCES[0].name}EventSourceMapping"]


def test_the_analytics_table_takes_all_mappings_along() -> None:
    assert mappings_of(TEMPLATE, "AnalyticsTable") == MAPPINGS


@pytest.mark.parametrize("table", ["AnalyticsTable", *(f"{source.name}Table" for source in SOURCES)])
def test_nothing_refers_to_what_has_left_the_template(table: str) -> None:
    gone = [table, *mappings_of(TEMPLATE, table)]
    text = without(TEMPLATE, {logical_id: NAMES for logical_id in gone})
    document = json.loads(text)
    assert json.loads(TEMPLATE)["Resources"].keys() - document["Resources"].keys() == set(gone)
    for logical_id in gone:
        assert f'"{logical_id}"' not in text
        assert f"${{{logical_id}" not in text


def test_what_refers_to_others_stays_as_it_is() -> None:
    resources: dict[str, Any] = {
        "Gone": {"Type": "A"},
        "Kept": {"Type": "B", "Properties": {"One": {"Ref": "Gone"}, "Two": {"Fn::Sub": "${Gone.Arn} ${Other}"}}},
        "Other": {"Type": "C", "Properties": {"Three": {"Fn::GetAtt": ["Kept", "Arn"]}, "Four": {"Ref": "Kept"}}},
    }
    text = without(canonical_template({"Resources": resources}), {"Gone": {"Ref": "name", "Arn": "arn"}})
    kept = {"Type": "B", "Properties": {"One": "name", "Two": {"Fn::Sub": "arn ${Other}"}}}
    assert json.loads(text) == {"Resources": {"Kept": kept, "Other": resources["Other"]}}


def test_an_attribute_without_a_value_is_one_sentence() -> None:
    weight = {"Fn::GetAtt": ["Gone", "Weight"]}
    resources = {"Gone": {"Type": "A"}, "Kept": {"Type": "B", "Properties": {"One": weight}}}
    with pytest.raises(CommandError, match="something refers to Weight of Gone, of which no value is known here"):
        without(canonical_template({"Resources": resources}), {"Gone": {"Ref": "name"}})


def test_a_disposable_table_is_retained_with_a_mark_that_counts_as_a_change() -> None:
    template = canonical_template(json.loads(render(StackConfig("dev"))))
    table = json.loads(retaining(template, "AnalyticsTable", "mark"))["Resources"]["AnalyticsTable"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["Metadata"] == {"Restoration": "mark"}
