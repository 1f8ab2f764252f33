"""What the template gives its functions, mappings and tables, so that no test has settings of its own."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from build.poller.mapping import EventSourceMapping, mapping_from_response
from stack.config import StackConfig, StreamSource, stream_processor
from stack.template import build_template
from tests.sources import two_sources

STREAM_ARN = "arn:aws:dynamodb:us-west-2:123456789012:table/{table}/stream/2026-01-01T00:00:00.000"
FUNCTION_ARN = "arn:aws:lambda:us-west-2:123456789012:function:{function}"
BUCKET_ARN = "arn:aws:s3:::failed-events"
NAMES = ("TableName", "FunctionName")


@dataclass(frozen=True)
class TemplateSettings:
    """The settings in the template of a configuration."""

    config: StackConfig = two_sources()

    @cached_property
    def resources(self) -> dict[str, Any]:
        """The resources of the template, by logical id."""
        resources: dict[str, Any] = build_template(self.config).to_dict()["Resources"]
        return resources

    def properties(self, logical_id: str) -> dict[str, Any]:
        """The properties of a resource."""
        properties: dict[str, Any] = self.resources[logical_id]["Properties"]
        return properties

    def variables(self, function: str) -> dict[str, str]:
        """A function's environment, its references resolved to the names that CloudFormation gives."""
        variables = self.properties(function)["Environment"]["Variables"]
        return {name: value if isinstance(value, str) else self.name(value["Ref"]) for name, value in variables.items()}

    def name(self, logical_id: str) -> str:
        """The physical name of a table or function."""
        properties = self.properties(logical_id)
        name: str = next(properties[kind] for kind in NAMES if kind in properties)
        return name

    def table(self, logical_id: str) -> dict[str, Any]:
        """What CreateTable is called with for a table, but for its name."""
        properties = self.properties(logical_id)
        return {name: properties[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}

    def mapping(self, source: StreamSource, **changes: Any) -> EventSourceMapping:
        """The event source mapping of a source as Lambda's API would describe it, some of its properties changed."""
        properties = self.properties(f"{source.name}EventSourceMapping")
        ends = {
            "UUID": "00000000-0000-4000-8000-000000000000",
            "FunctionArn": FUNCTION_ARN.format(function=self.name(stream_processor(source).logical_id)),
            "EventSourceArn": STREAM_ARN.format(table=self.name(f"{source.name}Table")),
            "DestinationConfig": {"OnFailure": {"Destination": BUCKET_ARN}},
        }
        return mapping_from_response(properties | ends | changes)
