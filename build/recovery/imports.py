"""Resource import: tables, buckets and log groups that exist become resources of a stack, as they are.

Their definitions say how they are and not how they should be, so that the deployment after the import changes what
differs (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-resolve-drift.html).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build.aws import Clients
from build.cloudformation.stacks import (
    BUCKET_TYPE,
    LOG_GROUP_TYPE,
    TABLE_TYPE,
    canonical_template,
    parsed_template,
)
from build.deploy.unused_tables import described_table
from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

Properties = dict[str, Any]

_IDENTIFIERS = {BUCKET_TYPE: "BucketName", LOG_GROUP_TYPE: "LogGroupName", TABLE_TYPE: "TableName"}
"""The property by which a resource is imported
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html)."""


@dataclass(frozen=True)
class ExistingResource:
    """A resource that exists and that no stack has.

    Args:
        logical_id: that it gets in its stack.
        resource_type: `AWS::DynamoDB::Table`.
        name: its physical name.
        properties: as they are.
    """

    logical_id: str
    resource_type: str
    name: str
    properties: Mapping[str, Any]

    @property
    def definition(self) -> dict[str, Any]:
        """The resource as a template has it; a deletion policy is required, and nothing is deleted whatever happens."""
        retained = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
        return {"Type": self.resource_type, "Properties": dict(self.properties), **retained}

    @property
    def identification(self) -> dict[str, Any]:
        """What CreateChangeSet takes as one of its ResourcesToImport."""
        return {
            "ResourceType": self.resource_type,
            "LogicalResourceId": self.logical_id,
            "ResourceIdentifier": {_IDENTIFIERS[self.resource_type]: self.name},
        }


@dataclass(frozen=True)
class ExistingResources:
    """Finds the tables, buckets and log groups of a template that exist already.

    Args:
        clients: of the account and region.
        stack_name: that names of CloudFormation's making begin with.
        bucket: name of the bucket to take; None for the one that a stack of this name made.
    """

    clients: Clients
    stack_name: str
    bucket: str | None = None

    def of(self, template: str) -> list[ExistingResource]:
        """Those that exist, by logical id.

        Raises:
            CommandError: when there are several buckets to choose from.
        """
        return list(self._found(parsed_template(template).get("Resources", {})))

    def _found(self, definitions: Mapping[str, Any]) -> Iterator[ExistingResource]:
        for logical_id, definition in sorted(definitions.items()):
            find = _FINDERS.get(definition["Type"])
            if find and (found := find(self, logical_id, definition.get("Properties", {}))):
                name, properties = found
                yield ExistingResource(logical_id, definition["Type"], name, properties)

    def _table(self, logical_id: str, properties: Mapping[str, Any]) -> tuple[str, Properties] | None:
        name = properties["TableName"]
        found = table_properties(self.clients, name)
        return (name, found) if found else None

    def _log_group(self, logical_id: str, properties: Mapping[str, Any]) -> tuple[str, Properties] | None:
        name = properties["LogGroupName"]
        groups = self.clients.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        found = next((group for group in groups if group.get("logGroupName") == name), None)
        if found is None:
            return None
        told = {"RetentionInDays": found.get("retentionInDays"), "KmsKeyId": found.get("kmsKeyId")}
        return name, {"LogGroupName": name, **{key: value for key, value in told.items() if value}}

    def _bucket(self, logical_id: str, properties: Mapping[str, Any]) -> tuple[str, Properties] | None:
        """A bucket that CloudFormation named; with the name in its definition, a template without would replace it."""
        names = [self.bucket] if self.bucket else self._named_by_cloudformation(logical_id)
        if len(names) > 1:
            raise CommandError(
                f"there are {len(names)} buckets that may be {logical_id} ({', '.join(names)}); "
                "choose one with --bucket, the others stay as they are.",
                exit_code=2,
            )
        return (names[0], {}) if names else None

    def _named_by_cloudformation(self, logical_id: str) -> list[str]:
        prefix = f"{self.stack_name}-{logical_id}-".lower()
        pages = self.clients.s3.get_paginator("list_buckets").paginate(Prefix=prefix, BucketRegion=self.clients.region)
        return sorted(
            bucket["Name"] for page in pages for bucket in page.get("Buckets", []) if bucket["Name"].startswith(prefix)
        )


_FINDERS: Mapping[str, Callable[[ExistingResources, str, Mapping[str, Any]], tuple[str, Properties] | None]] = {
    BUCKET_TYPE: ExistingResources._bucket,
    LOG_GROUP_TYPE: ExistingResources._log_group,
    TABLE_TYPE: ExistingResources._table,
}


def table_properties(clients: Clients, name: str) -> Properties:
    """The properties of a table as it is; empty when there is none."""
    table = described_table(clients.dynamodb, name)
    if table is None:
        return {}
    backups = clients.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    expiry = clients.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return {
        "TableName": name,
        "AttributeDefinitions": sorted(table["AttributeDefinitions"], key=lambda each: each["AttributeName"]),
        "KeySchema": table["KeySchema"],
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
        **_capacity(table),
        **_stream(table),
        **_encryption(table),
        **_expiry(expiry),
    }


def _capacity(table: "TableDescriptionTypeDef") -> Properties:
    if table.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST":
        return {"BillingMode": "PAY_PER_REQUEST"}
    units = table["ProvisionedThroughput"]
    throughput = {name: units[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
    return {"BillingMode": "PROVISIONED", "ProvisionedThroughput": throughput}


def _stream(table: "TableDescriptionTypeDef") -> Properties:
    stream = table.get("StreamSpecification")
    if not (stream and stream["StreamEnabled"]):
        return {}
    return {"StreamSpecification": {"StreamViewType": stream.get("StreamViewType")}}


def _encryption(table: "TableDescriptionTypeDef") -> Properties:
    key = (table.get("SSEDescription") or {}).get("KMSMasterKeyArn")
    return {"SSESpecification": {"KMSMasterKeyId": key, "SSEEnabled": True, "SSEType": "KMS"}} if key else {}


def _expiry(expiry: Mapping[str, Any]) -> Properties:
    if expiry.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        return {}
    return {"TimeToLiveSpecification": {"AttributeName": expiry["AttributeName"], "Enabled": True}}


def with_resources(template: str, resources: Sequence[ExistingResource]) -> str:
    """A template with further resources, as they are."""
    document = json.loads(template)
    definitions = {resource.logical_id: resource.definition for resource in resources}
    return canonical_template({**document, "Resources": {**document.get("Resources", {}), **definitions}})
