"""The template as a whole: it stands alone, it is the same every time, and nothing in it points nowhere."""

import json

import pytest
from cfnlint.api import ManualArgs, lint
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from syrupy.assertion import SnapshotAssertion

from stack.config import DEFAULT_REGION, StackConfig
from stack.template import build_template, render
from tests.sources import INVOICES, ORDERS, USERS, two_sources
from tests.stack.resolve import decided, references, template
from tests.stack.snapshots import TemplateSnapshot

SUFFIXES = ("dev", "prod")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_is_the_one_that_was_reviewed(suffix: str, snapshot: SnapshotAssertion) -> None:
    assert render(StackConfig(suffix)) == snapshot(extension_class=TemplateSnapshot, name=suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_reference_resolves(suffix: str) -> None:
    whole = template(suffix)
    known = {*whole["Parameters"], *whole["Resources"], *whole["Conditions"]}
    named = {name for name in references(whole) if not name.startswith("AWS::")}
    named |= {resource["Condition"] for resource in whole["Resources"].values() if "Condition" in resource}
    assert named - known == set()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_parameter_and_condition_is_used(suffix: str) -> None:
    whole = template(suffix)
    used = set(references(whole)) | {r["Condition"] for r in whole["Resources"].values() if "Condition" in r}
    assert {*whole["Parameters"], *whole["Conditions"]} <= used


def findings(text: str) -> list[str]:
    """What cfn-lint says of a template: errors, warnings and informational findings."""
    return [str(match) for match in lint(text, config=ManualArgs(include_checks=["I"], regions=[DEFAULT_REGION]))]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cfn_lint_finds_nothing(suffix: str) -> None:
    assert findings(render(StackConfig(suffix))) == []


def test_cfn_lint_would_find_something() -> None:
    broken = json.loads(render(StackConfig()))
    broken["Resources"]["AnalyticsTable"]["Properties"]["BillingMode"] = "FREE"
    assert findings(json.dumps(broken)) != []


def test_the_same_configuration_gives_the_same_bytes() -> None:
    assert render(StackConfig()) == render(StackConfig())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_is_no_larger_than_cloudformation_takes(suffix: str) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
    assert len(render(StackConfig(suffix)).encode()) <= 1_000_000
    assert len(template(suffix)["Resources"]) <= 500


def taggable(kind: str) -> bool:
    """Whether CloudFormation's schema of a type, as cfn-lint has it, knows tags."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(DEFAULT_REGION, kind).schema
    return bool(schema.get("tagging", {}).get("taggable", "Tags" in schema["properties"]))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_that_can_have_tags_names_project_and_suffix(suffix: str) -> None:
    tags = [{"Key": "project", "Value": "TapStack"}, {"Key": "suffix", "Value": suffix}]
    for resource in template(suffix)["Resources"].values():
        properties = decided(suffix, resource["Properties"], {})
        assert properties.get("Tags") == (tags if taggable(resource["Type"]) else None), resource["Type"]


@pytest.mark.parametrize(
    ("partition", "console"),
    [("aws", "${AWS::Region}.console.aws.amazon.com"), ("aws-us-gov", "console.amazonaws-us-gov.com")],
)
def test_the_dashboard_is_in_the_console_of_its_partition(partition: str, console: str) -> None:
    url = decided("dev", template("dev")["Outputs"]["DashboardUrl"]["Value"], {"AWS::Partition": partition})
    page = "/cloudwatch/home?region=${AWS::Region}#dashboards:name=${ServerlessDashboard}"
    assert url == {"Fn::Sub": f"https://{console}{page}"}


def test_a_third_source_is_one_more_entry() -> None:
    before = template("dev")["Resources"]
    config = StackConfig(sources=(USERS, ORDERS, INVOICES))
    after = build_template(config).to_dict()["Resources"]
    added = {name for name in after if name not in before}
    assert {name.replace("Invoice", "User") for name in added} == {name for name in before if "UserData" in name}
    assert after["InvoiceDataTable"]["Properties"]["TableName"] == "dev-invoicedata-synth"


def test_shards_reach_writers_and_reader() -> None:
    whole = json.loads(render(two_sources(activity_shards=((0, 1), ("2026-12-01T00:00:00Z", 4)))))
    for name in ("UserDataProcessor", "OrderDataProcessor", "AnalyticsProcessor"):
        assert (
            whole["Resources"][name]["Properties"]["Environment"]["Variables"]["ACTIVITY_SHARDS"]
            == '[[0,1],["2026-12-01T00:00:00Z",4]]'
        )
