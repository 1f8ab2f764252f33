"""What CloudFormation does with the resources of the stack: the permissions of their types' handlers.

CloudFormation's registry says for each type what its handlers call; handlers.json holds that for the types of the
template (`make permissions` renews it). Every action is granted on the stack's names, unless a table says why not.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from awacs.aws import Action, ArnLike, StringEquals

from stack.permissions.grants import Grants, Limit, Resources

HANDLERS = Path(__file__).with_name("handlers.json")
"""The actions by type of resource and handler, `tagging` among them
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html)."""
UNNEEDED: Mapping[str, tuple[str, ...]] = {
    "IAM has no such action, https://docs.aws.amazon.com/service-authorization/latest/reference/": (
        "lambda:AssociateRuntimeAlias",
        "s3:DeleteBucketAnalyticsConfiguration",
        "s3:DeleteBucketCors",
        "s3:DeleteBucketEncryption",
        "s3:DeleteBucketLifecycle",
        "s3:DeleteBucketMetricsConfiguration",
        "s3:DeleteBucketTagging",
        "s3:GetObjectMetadata",
        "s3:REST.PUT.OBJECT",
    ),
    "a key of one's own is optional, and docs/encryption.md says who needs which of these": ("kms:*",),
    "no function is in a VPC, has a file system, signed code or a capacity provider": (
        "ec2:*",
        "elasticfilesystem:*",
        "lambda:GetCodeSigningConfig",
        "lambda:PassCapacityProvider",
        "lambda:*FunctionCodeSigningConfig",
        "s3files:*",
    ),
    "no table is imported, replicated, followed by Kinesis or opened to others by a policy": (
        "dynamodb:*Import*",
        "dynamodb:*Item",
        "dynamodb:*TableReplica",
        "dynamodb:DeleteResourcePolicy",
        "dynamodb:DisableKinesisStreamingDestination",
        "dynamodb:EnableKinesisStreamingDestination",
        "dynamodb:PutResourcePolicy",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateKinesisStreamingDestination",
        "iam:CreateServiceLinkedRole",
        "kinesis:*",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ),
    "roles have inline policies alone, and no boundary": (
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ),
    "log groups have no policy, no index, no protection of data and deliver nothing": (
        "firehose:*",
        "logs:CreateLogDelivery",
        "logs:DeleteDataProtectionPolicy",
        "logs:DeleteIndexPolicy",
        "logs:DeleteResourcePolicy",
        "logs:PutBearerTokenAuthentication",
        "logs:PutDataProtectionPolicy",
        "logs:PutIndexPolicy",
        "logs:PutResourcePolicy",
    ),
    "the bucket is not replicated, catalogued, locked, published as a website or reported on": (
        "s3:*BucketMetadata*",
        "s3:*BucketReplication",
        "s3:*BucketWebsite",
        "s3:DeleteObject",
        "s3:Put*ObjectLockConfiguration",
        "s3:PutAnalyticsConfiguration",
        "s3:PutInventoryConfiguration",
        "s3:PutObjectAcl",
        "s3:PutReplicationConfiguration",
        "s3tables:*",
    ),
}
"""Actions of handlers that nothing in the template leads to, as patterns, by the reason."""
_READ_ALL_THE_SAME = frozenset(
    {
        "lambda:GetFunctionCodeSigningConfig",
        "s3:GetBucketMetadataTableConfiguration",
        "s3:GetBucketWebsite",
    }
)
"""Actions that such a pattern matches, but that a read handler calls whether the template has the feature or not."""
_WITHOUT_RESOURCE_LEVEL = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutCompositeAlarm",
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:*QueryDefinition*",
)
"""Composite alarms are among them as CloudWatch's API reference says
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html)."""
_ROLES = ("arn:{partition}:iam::{account}:role/{named}", "arn:{partition}:iam::{account}:role/{made}")
FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{named}"
MAPPINGS = Resources("MappingsOfItsFunctions", ("*",), Limit(ArnLike, "lambda:FunctionArn", (FUNCTION,)))
"""A mapping has no name; what it invokes tells whose it is
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html)."""
_NO_RESOURCE_LEVEL = Resources("ManagementHasNoResourceLevel", ("*",))
_PASSED_ROLES = Resources(
    "RolesPassedOn",
    _ROLES,
    Limit(
        StringEquals,
        "iam:PassedToService",
        ("events.amazonaws.com", "lambda.amazonaws.com", "states.amazonaws.com"),
    ),
)
ARTIFACTS = Resources("Artifacts", ("arn:{partition}:s3:::tapstack-artifacts-{account}-{region}/*",))
_EXCEPTIONS: tuple[tuple[tuple[str, ...], Resources], ...] = (
    (_WITHOUT_RESOURCE_LEVEL, _NO_RESOURCE_LEVEL),
    (("lambda:*EventSourceMapping",), MAPPINGS),
    (("iam:PassRole",), _PASSED_ROLES),
    (("s3:GetObject", "s3:GetObjectVersion"), ARTIFACTS),
)
"""Actions, as patterns, on other resources than those of their service."""
OF_SERVICES: Mapping[str, Resources] = {
    "cloudwatch": Resources(
        "AlarmsAndDashboard",
        (
            "arn:{partition}:cloudwatch:{region}:{account}:alarm:{named}",
            "arn:{partition}:cloudwatch::{account}:dashboard/{named}",
        ),
    ),
    "dynamodb": Resources("Tables", ("arn:{partition}:dynamodb:{region}:{account}:table/{named}",)),
    "events": Resources("Rules", ("arn:{partition}:events:{region}:{account}:rule/{named}",)),
    "iam": Resources("Roles", _ROLES),
    "lambda": Resources(
        "FunctionsLayersAndTagsOfMappings",
        (
            FUNCTION,
            "arn:{partition}:lambda:{region}:{account}:layer:{named}",
            "arn:{partition}:lambda:{region}:{account}:layer:{named}:*",
            "arn:{partition}:lambda:{region}:{account}:event-source-mapping:*",
        ),
    ),
    "logs": Resources(
        "LogGroups",
        (
            "arn:{partition}:logs:{region}:{account}:log-group:/aws/*/{named}",
            "arn:{partition}:logs:{region}:{account}:log-group:/aws/*/{named}:*",
        ),
    ),
    "s3": Resources("Bucket", ("arn:{partition}:s3:::{bucket}",)),
    "sns": Resources("Topics", ("arn:{partition}:sns:{region}:{account}:{named}",)),
    "sqs": Resources("Queues", ("arn:{partition}:sqs:{region}:{account}:{named}",)),
    "states": Resources("StateMachines", ("arn:{partition}:states:{region}:{account}:stateMachine:{named}",)),
}
"""The resources of the stack, by the service that an action begins with."""


def manage_resources() -> Grants:
    """Create, read, update, delete and tag what the template holds."""
    return _grants(_actions("create", "read", "update", "delete", "tagging"))


def read_resources() -> Grants:
    """Read what the template holds, as the detection of drift does."""
    return _grants(_actions("read"))


def is_unneeded(action: str) -> bool:
    """Whether a handler's action is in the table of reasons."""
    patterns = (pattern for patterns in UNNEEDED.values() for pattern in patterns)
    return action not in _READ_ALL_THE_SAME and any(fnmatchcase(action, pattern) for pattern in patterns)


@cache
def _handlers() -> Mapping[str, Mapping[str, list[str]]]:
    handlers: Mapping[str, Mapping[str, list[str]]] = json.loads(HANDLERS.read_text(encoding="utf-8"))
    return handlers


def _actions(*handlers: str) -> Iterator[str]:
    """What the handlers of all types call, as far as the stack needs it."""
    called = {action for of_type in _handlers().values() for name in handlers for action in of_type.get(name, ())}
    return (action for action in sorted(called) if not is_unneeded(action))


def _grants(actions: Iterable[str]) -> Grants:
    grants: dict[Resources, list[Action]] = {}
    for action in actions:
        grants.setdefault(_resources_of(action), []).append(Action(*action.split(":")))
    return grants


def _resources_of(action: str) -> Resources:
    for patterns, resources in _EXCEPTIONS:
        if any(fnmatchcase(action, pattern) for pattern in patterns):
            return resources
    return OF_SERVICES[action.split(":")[0]]
