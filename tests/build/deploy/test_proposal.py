import json
from typing import Any

import pytest

from build.cloudformation.changes import PropertyChange, ResourceChange
from build.deploy.proposal import TemplateValues, differing_leaves, with_values

TEMPLATE = {
    "Resources": {
        "Worker": {
            "Properties": {
                "MemorySize": 256,
                "Code": {"S3Key": {"Ref": "WorkerKey"}, "S3Bucket": {"Ref": "Elsewhere"}},
                "Layers": [{"Ref": "LayerKey"}],
            }
        }
    }
}
VALUES = TemplateValues(TEMPLATE, {"WorkerKey": "worker.zip", "LayerKey": "layer.zip"})


def test_a_value_is_found_by_its_path_and_parameters_are_filled_in() -> None:
    assert VALUES.of("Worker", "MemorySize") == "256"
    assert VALUES.of("Worker", "Code.S3Key") == "worker.zip"
    assert VALUES.of("Worker", "Code") == '{"S3Key":"worker.zip","S3Bucket":{"Ref":"Elsewhere"}}'
    assert VALUES.of("Worker", "Layers") == '["layer.zip"]'


def test_what_is_not_there_has_no_value() -> None:
    assert VALUES.of("Worker", "MemorySize.Deeper") is None
    assert VALUES.of("Worker", "Timeout") is None
    assert VALUES.of("Nobody", "MemorySize") is None


def worker_change(*properties: PropertyChange) -> ResourceChange:
    return ResourceChange("Modify", "Worker", "AWS::Lambda::Function", "False", "", properties)


def test_values_are_filled_in_only_where_none_is_told_and_they_differ() -> None:
    after = TemplateValues({"Resources": {"Worker": {"Properties": {"MemorySize": 512, "Layers": ["x"]}}}}, {})
    told = PropertyChange("Layers", "a", "b", "Never")
    untold = PropertyChange("MemorySize", None, None, "Never")
    same = PropertyChange("Timeout", None, None, "Never")
    assert with_values(worker_change(told, untold, same), VALUES, after) == worker_change(
        told, PropertyChange("MemorySize", "256", "512", "Never"), same
    )


def leaves(path: str, before: Any, after: Any) -> list[tuple[str, str | None, str | None]]:
    """What differs between two values."""
    found = differing_leaves(PropertyChange(path, json.dumps(before), json.dumps(after), "Never"))
    return [(leaf.path, leaf.before, leaf.after) for leaf in found]


def test_one_environment_variable_is_told_alone() -> None:
    before = {"Variables": {"LOG_LEVEL": "INFO", "SHARDS": "1", "OLD": "x"}}
    after = {"Variables": {"LOG_LEVEL": "DEBUG", "SHARDS": "1", "NEW": "y"}}
    assert leaves("Environment", before, after) == [
        ("Environment.Variables.LOG_LEVEL", "INFO", "DEBUG"),
        ("Environment.Variables.NEW", None, "y"),
        ("Environment.Variables.OLD", "x", None),
    ]


def policies(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"PolicyName": "Function", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}]


READ = {"Sid": "Read", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": "*"}
WRITE = {"Sid": "Write", "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
ACTIONS = "Policies.Function.PolicyDocument.Statement.{}.Action"


def test_one_action_of_a_statement_is_told_alone() -> None:
    more = {**READ, "Action": ["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"]}
    assert leaves("Policies", policies(READ, WRITE), policies(WRITE, more)) == [
        (ACTIONS.format("Read"), None, "dynamodb:Scan")
    ]


def test_one_action_is_a_list_of_one() -> None:
    more = {**WRITE, "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem"]}
    path = ACTIONS.format("Write")
    assert leaves("Policies", policies(WRITE), policies(more)) == [(path, None, "dynamodb:UpdateItem")]
    assert leaves("Policies", policies(more), policies(WRITE)) == [(path, "dynamodb:UpdateItem", None)]


def test_a_statement_that_comes_or_goes_is_told_whole() -> None:
    path = "Policies.Function.PolicyDocument.Statement.Write"
    text = json.dumps(WRITE, separators=(",", ":"))
    assert leaves("Policies", policies(READ), policies(READ, WRITE)) == [(path, None, text)]
    assert leaves("Policies", policies(READ, WRITE), policies(READ)) == [(path, text, None)]


def test_elements_without_names_are_compared_where_they_differ() -> None:
    before, after = [{"Pattern": "a", "Size": 1}, {"Pattern": "b", "Size": 1}], [{"Pattern": "a", "Size": 1}]
    assert leaves("Filters", before, after) == [("Filters", '{"Pattern":"b","Size":1}', None)]
    changed = [{"Pattern": "a", "Size": 1}, {"Pattern": "b", "Size": 2}]
    assert leaves("Filters", before, changed) == [("Filters.Size", "1", "2")]


def test_another_order_alone_is_a_difference() -> None:
    assert leaves("Layers", ["a", "b"], ["b", "a"]) == [("Layers", '["a","b"]', '["b","a"]')]


def test_an_element_that_is_there_twice_counts_twice() -> None:
    assert leaves("Layers", ["a", "a"], ["a"]) == [("Layers", "a", None)]


def test_a_document_in_a_text_is_compared_as_a_document() -> None:
    before = {"DashboardBody": json.dumps({"widgets": [{"width": 6}]})}
    after = {"DashboardBody": json.dumps({"widgets": [{"width": 12}]})}
    assert leaves("Body", before, after) == [("Body.DashboardBody.widgets.width", "6", "12")]


@pytest.mark.parametrize(
    ("before", "after"), [("INFO", "DEBUG"), ("{not json", "{}"), (None, '{"a":1}'), ('{"a":1}', None), (None, None)]
)
def test_what_has_no_leaves_stays_whole(before: str | None, after: str | None) -> None:
    change = PropertyChange("Value", before, after, "Never")
    assert differing_leaves(change) == (change,)


def test_values_of_templates_are_told_by_leaf() -> None:
    after = TemplateValues(
        {"Resources": {"Worker": {"Properties": {"Code": {"S3Key": "newer.zip", "S3Bucket": {"Ref": "Elsewhere"}}}}}},
        {},
    )
    change = worker_change(PropertyChange("Code", None, None, "Never"))
    assert with_values(change, VALUES, after) == worker_change(
        PropertyChange("Code.S3Key", "worker.zip", "newer.zip", "Never")
    )


def mapping_change(path: str) -> ResourceChange:
    """A replacement of a mapping because of one property."""
    properties = (PropertyChange(path, None, None, "Always"),)
    return ResourceChange("Modify", "Mapping", "AWS::Lambda::EventSourceMapping", "True", "", properties)


def test_a_second_mapping_of_the_same_stream_and_function_is_refused_by_aws() -> None:
    assert with_values(mapping_change("StartingPosition"), VALUES, VALUES).refusal == (
        "its stream and function have a mapping already"
    )


@pytest.mark.parametrize("path", ["EventSourceArn", "FunctionName"])
def test_a_mapping_of_another_stream_or_function_is_not_refused(path: str) -> None:
    assert with_values(mapping_change(path), VALUES, VALUES).refusal == ""


def test_a_mapping_that_is_changed_in_place_is_not_refused() -> None:
    change = ResourceChange("Modify", "Mapping", "AWS::Lambda::EventSourceMapping", "False", "", ())
    assert with_values(change, VALUES, VALUES).refusal == ""
