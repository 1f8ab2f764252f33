from build.deployment.changes.resource_changes import PropertyChange, ResourceChange
from build.deployment.changes.template_values import TemplateValues, with_values

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


def change(*properties: PropertyChange) -> ResourceChange:
    return ResourceChange("Modify", "Worker", "AWS::Lambda::Function", "False", "", properties)


def test_values_are_filled_in_only_where_none_is_told_and_they_differ() -> None:
    after = TemplateValues({"Resources": {"Worker": {"Properties": {"MemorySize": 512, "Layers": ["x"]}}}}, {})
    told = PropertyChange("Layers", "a", "b", "Never")
    untold = PropertyChange("MemorySize", None, None, "Never")
    same = PropertyChange("Timeout", None, None, "Never")
    assert with_values(change(told, untold, same), VALUES, after) == change(
        told, PropertyChange("MemorySize", "256", "512", "Never"), same
    )
