from typing import Any

import pytest

from build.diagram.references import Reference, references


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ({"Ref": "Table"}, "Table"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "Table"),
        ({"Fn::GetAtt": "Table.StreamArn"}, "Table"),
        ({"Fn::Sub": "${Table.Arn}/index/*"}, "Table"),
        ({"Fn::Sub": ["${Table}-${Short}", {"Short": "x"}]}, "Table"),
    ],
)
def test_every_way_to_refer_is_found(value: Any, target: str) -> None:
    assert target in [reference.target for reference in references(value)]


@pytest.mark.parametrize("value", ["Table", 1, None, {"Fn::Sub": "${AWS::Region} ${!Table}"}, {"Fn::Join": ["", []]}])
def test_what_names_no_resource_is_no_reference(value: Any) -> None:
    assert list(references(value)) == []


def test_a_reference_knows_the_properties_above_it() -> None:
    value = {"Targets": [{"Arn": {"Ref": "Machine"}}, {"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}}]}
    assert list(references(value)) == [
        Reference(("Targets", "Arn"), "Machine"),
        Reference(("Targets", "DeadLetterConfig", "Arn"), "Queue"),
    ]


def test_references_inside_functions_count_for_the_property() -> None:
    value = {"Enabled": {"Fn::If": ["Wanted", {"Ref": "Yes"}, {"Ref": "No"}]}}
    assert list(references(value)) == [Reference(("Enabled",), "Yes"), Reference(("Enabled",), "No")]
    nested = {"Name": {"Fn::Sub": ["${Part}", {"Part": {"Ref": "Whole"}}]}}
    assert Reference(("Name", "Part"), "Whole") in references(nested)
