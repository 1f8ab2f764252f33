"""What the commands of `python -m build` do in AWS, as a table: a new call is one more action here.

The actions that have no resource-level permission are those for which
https://docs.aws.amazon.com/service-authorization/latest/reference/ names no resource, or whose API reference says so.
Commands that are not in the table call no AWS.
"""

from collections.abc import Mapping

from awacs import awslambda, cloudformation, cloudwatch, dynamodb, iam, logs, s3, sqs, states
from awacs.aws import StringEquals

from stack.permissions.cloudformation_role import ARTIFACTS, FUNCTION, MAPPINGS, OF_SERVICES, read_resources
from stack.permissions.grants import Grants, Limit, Resources, merged

_STACK = Resources("Stack", ("arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/*",))
_EVERY_STACK = Resources("ListingStacksHasNoResourceLevel", ("*",))
"""DescribeStacks without a name takes the permission ListStacks, too."""
_EVENTS = Resources(
    "EventsOfStackAndChangeSets",
    (
        "arn:{partition}:cloudformation:{region}:{account}:changeSet/build-*",
        "arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/*",
    ),
)
"""Where DescribeEvents is refused, stack events have to do."""
_DRIFT_DETECTION = Resources("DriftDetectionHasNoResourceLevel", ("*",))
_COMPOSITE_ALARMS = Resources("CompositeAlarmsHaveNoResourceLevel", ("*",))
_METRICS = Resources("MetricsHaveNoResourceLevel", ("*",))
_ACCOUNT = Resources("AccountHasNoResourceLevel", ("*",))
"""The account's alias is shown, and whether it owns a bucket tells two refusals apart; both are optional."""
_LOG_GROUPS = Resources("LogGroupsHaveNoResourceLevel", ("*",))
_ARTIFACT_BUCKET = Resources("ArtifactBucket", ("arn:{partition}:s3:::tapstack-artifacts-{account}-{region}",))
_FAILED_EVENTS_BUCKET = OF_SERVICES["s3"]
_FAILED_EVENTS = Resources("FailedEvents", ("arn:{partition}:s3:::{bucket}/*",))
_FUNCTIONS = Resources("Functions", (FUNCTION,))
_LAYER_VERSIONS = Resources("LayerVersions", ("arn:{partition}:lambda:{region}:{account}:layer:{named}:*",))
_LOGS = OF_SERVICES["logs"]
_TABLES = OF_SERVICES["dynamodb"]
_BACKUPS = Resources(
    "BackupsOfTables",
    (
        "arn:{partition}:dynamodb:{region}:{account}:table/{named}",
        "arn:{partition}:dynamodb:{region}:{account}:table/{named}/backup/*",
    ),
)
_LISTED_BACKUPS = Resources("ListingBackupsHasNoResourceLevel", ("*",))
_LISTED_STREAMS = Resources("ListingStreamsHasNoResourceLevel", ("*",))
_STREAMS = Resources("Streams", ("arn:{partition}:dynamodb:{region}:{account}:table/{named}/stream/*",))
_WORKFLOW = Resources(
    "Workflow",
    (
        "arn:{partition}:states:{region}:{account}:stateMachine:{named}",
        "arn:{partition}:states:{region}:{account}:execution:{named}:*",
    ),
)
_EXECUTIONS = Resources("Executions", ("arn:{partition}:states:{region}:{account}:execution:{named}:*",))
_STATE_MACHINE = OF_SERVICES["states"]
_CLOUDFORMATION_ROLE = Resources(
    "RoleOfCloudFormation",
    ("{role}",),
    Limit(StringEquals, "iam:PassedToService", ("cloudformation.amazonaws.com",)),
)

_ANNOUNCE: Grants = {_ACCOUNT: [iam.ListAccountAliases]}
_OUTPUTS: Grants = {_STACK: [cloudformation.DescribeStacks]}
_LIST: Grants = {_EVERY_STACK: [cloudformation.DescribeStacks, cloudformation.ListStacks]}
_FOLLOW: Grants = {
    _STACK: [cloudformation.DescribeStackEvents, cloudformation.DescribeStacks, cloudformation.ListStackResources],
    _EVENTS: [cloudformation.DescribeEvents],
    _CLOUDFORMATION_ROLE: [iam.PassRole],
}
_READ_FAILED_EVENTS: Grants = {_FAILED_EVENTS_BUCKET: [s3.ListBucket], _FAILED_EVENTS: [s3.GetObject]}
_READ_STREAMS: Grants = {
    _LISTED_STREAMS: [dynamodb.ListStreams],
    _STREAMS: [dynamodb.DescribeStream, dynamodb.GetRecords, dynamodb.GetShardIterator],
}
_COMPARE_CODE: Grants = {
    _FUNCTIONS: [awslambda.GetFunctionConfiguration],
    _LAYER_VERSIONS: [awslambda.GetLayerVersion],
    _ARTIFACT_BUCKET: [s3.ListBucket],
    ARTIFACTS: [s3.GetObject],
}
_UPLOAD: Grants = {
    _ARTIFACT_BUCKET: [
        s3.CreateBucket,
        s3.GetBucketPolicy,
        s3.ListBucket,
        s3.PutBucketOwnershipControls,
        s3.PutBucketPolicy,
        s3.PutBucketPublicAccessBlock,
        s3.PutBucketVersioning,
        s3.PutEncryptionConfiguration,
        s3.PutLifecycleConfiguration,
    ],
    ARTIFACTS: [s3.GetObject, s3.PutObject],
    _ACCOUNT: [s3.ListAllMyBuckets],
}
_PLAN = merged(
    _FOLLOW,
    {
        _STACK: [
            cloudformation.CreateChangeSet,
            cloudformation.DeleteChangeSet,
            cloudformation.DeleteStack,
            cloudformation.DescribeChangeSet,
            cloudformation.GetTemplate,
            cloudformation.ListChangeSets,
            cloudformation.TagResource,
            cloudformation.UntagResource,
        ],
        _COMPOSITE_ALARMS: [cloudwatch.DescribeAlarms],
    },
    _COMPARE_CODE,
    _UPLOAD,
    read_resources(),
)
"""A change set that reverts drift compares the template with the resources, in the name of who asks for it
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html)."""
_LOG: Grants = {
    _STACK: [cloudformation.DescribeStacks, cloudformation.ListStackResources],
    _LOGS: [logs.FilterLogEvents],
}
_DEPLOY = merged(
    _ANNOUNCE,
    _PLAN,
    {
        _STACK: [
            cloudformation.CancelUpdateStack,
            cloudformation.ContinueUpdateRollback,
            cloudformation.ExecuteChangeSet,
            cloudformation.RollbackStack,
            cloudformation.UpdateTerminationProtection,
        ],
        _FUNCTIONS: [awslambda.UpdateFunctionCode, awslambda.UpdateFunctionConfiguration],
        _TABLES: [dynamodb.DeleteTable, dynamodb.DescribeTable, dynamodb.Scan, dynamodb.UpdateTable],
    },
    _LOG,
)
"""Functions that run other code or another layer get the template's back; tables that a failed first deployment made
and nobody has used are deleted."""
_ADOPT = merged(
    _DEPLOY,
    {
        _TABLES: [dynamodb.DescribeContinuousBackups, dynamodb.DescribeTable, dynamodb.DescribeTimeToLive],
        _FAILED_EVENTS_BUCKET: [s3.ListBucketVersions],
        _LOG_GROUPS: [logs.DescribeLogGroups],
    },
)
"""An import reads the resources in the name of who asks for it, as a change set that reverts drift does."""
_STATUS = merged(
    {
        _STACK: [cloudformation.DescribeStacks, cloudformation.ListStackResources],
        _COMPOSITE_ALARMS: [cloudwatch.DescribeAlarms],
        MAPPINGS: [awslambda.GetEventSourceMapping],
    },
    _COMPARE_CODE,
)
_DRIFT = merged(
    {
        _STACK: [
            cloudformation.DescribeStackResourceDrifts,
            cloudformation.DescribeStacks,
            cloudformation.DetectStackDrift,
            cloudformation.DetectStackResourceDrift,
            cloudformation.ListStackResources,
        ],
        _DRIFT_DETECTION: [cloudformation.DescribeStackDriftDetectionStatus],
    },
    _COMPARE_CODE,
    read_resources(),
)
"""Drift detection reads the resources in the name of who asks for it
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/detect-drift-stack.html)."""
_PRUNE = merged(
    _ANNOUNCE,
    _LIST,
    {
        _ARTIFACT_BUCKET: [s3.ListBucket, s3.ListBucketVersions],
        ARTIFACTS: [s3.DeleteObject, s3.DeleteObjectVersion, s3.GetObject],
    },
)
_REDRIVE = merged(
    _ANNOUNCE,
    _OUTPUTS,
    {
        _FAILED_EVENTS_BUCKET: [s3.ListBucket],
        _FAILED_EVENTS: [s3.DeleteObject, s3.GetObject],
        _FUNCTIONS: [awslambda.InvokeFunction],
        _WORKFLOW: [states.DescribeExecution, states.StartExecution],
    },
)
_RECONCILE = merged(
    _ANNOUNCE,
    _OUTPUTS,
    _READ_FAILED_EVENTS,
    _READ_STREAMS,
    {
        _FUNCTIONS: [awslambda.GetFunctionConfiguration],
        _TABLES: [dynamodb.BatchGetItem, dynamodb.Query],
    },
)
_DAYS = merged(
    _ANNOUNCE,
    _OUTPUTS,
    _READ_FAILED_EVENTS,
    {
        _STACK: [cloudformation.ListStackResources],
        _METRICS: [cloudwatch.GetMetricData],
        _FUNCTIONS: [awslambda.GetFunctionConfiguration],
        _TABLES: [dynamodb.BatchGetItem, dynamodb.DescribeTable, dynamodb.Query],
        _WORKFLOW: [states.DescribeExecution, states.ListExecutions],
    },
)
_TRACE = merged(
    _OUTPUTS,
    _READ_FAILED_EVENTS,
    _READ_STREAMS,
    {
        _FUNCTIONS: [awslambda.GetFunctionConfiguration],
        _TABLES: [dynamodb.BatchGetItem, dynamodb.Query],
    },
)
_CONSOLE = merged(
    _ANNOUNCE,
    _LOG,
    _TRACE,
    {
        _STACK: [cloudformation.GetTemplate],
        _COMPOSITE_ALARMS: [cloudwatch.DescribeAlarms],
        OF_SERVICES["cloudwatch"]: [cloudwatch.DescribeAlarmHistory, cloudwatch.GetDashboard],
        _METRICS: [cloudwatch.GetMetricData],
        OF_SERVICES["sqs"]: [sqs.GetQueueAttributes],
        _STATE_MACHINE: [states.ListExecutions],
        _EXECUTIONS: [states.DescribeExecution, states.GetExecutionHistory],
    },
)
_RESTORE = merged(
    _ANNOUNCE,
    _PLAN,
    {
        _STACK: [cloudformation.ExecuteChangeSet],
        _TABLES: [
            dynamodb.BatchWriteItem,
            dynamodb.CreateBackup,
            dynamodb.DeleteItem,
            dynamodb.DeleteTable,
            dynamodb.DescribeContinuousBackups,
            dynamodb.DescribeTable,
            dynamodb.DescribeTimeToLive,
            dynamodb.GetItem,
            dynamodb.PutItem,
            dynamodb.Query,
            dynamodb.RestoreTableToPointInTime,
            dynamodb.Scan,
            dynamodb.UpdateItem,
            dynamodb.UpdateTable,
        ],
        _BACKUPS: [dynamodb.DeleteBackup, dynamodb.DescribeBackup, dynamodb.RestoreTableFromBackup],
        _LISTED_BACKUPS: [dynamodb.ListBackups],
    },
    _RECONCILE,
)
"""DynamoDB restores in the name of who asks for it, so that takes the permissions to read and write items, too
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html)."""
_DESTROY = merged(
    _ANNOUNCE,
    _FOLLOW,
    {
        _STACK: [
            cloudformation.DeleteStack,
            cloudformation.GetTemplate,
            cloudformation.UpdateTerminationProtection,
        ],
        _FAILED_EVENTS_BUCKET: [s3.ListBucketVersions],
        _FAILED_EVENTS: [s3.DeleteObject, s3.DeleteObjectVersion],
        _TABLES: [dynamodb.DescribeTable],
        _LOG_GROUPS: [logs.DescribeLogGroups],
    },
)
COMMANDS: Mapping[str, Grants] = {
    "plan": _PLAN,
    "deploy": _DEPLOY,
    "list": _LIST,
    "outputs": _OUTPUTS,
    "status": _STATUS,
    "logs": _LOG,
    "drift": _DRIFT,
    "prune": _PRUNE,
    "redrive": _REDRIVE,
    "reconcile": _RECONCILE,
    "days": _DAYS,
    "backfill": merged(_DAYS, {_WORKFLOW: [states.StartExecution]}),
    "trace": _TRACE,
    "console": _CONSOLE,
    "console --allow-execute": merged(_CONSOLE, {_WORKFLOW: [states.StartExecution]}),
    "console --allow-redrive": merged(_CONSOLE, _REDRIVE),
    "restore": _RESTORE,
    "adopt": _ADOPT,
    "destroy": _DESTROY,
    "sweep": merged(_LIST, _DESTROY),
}
"""What each command takes, without what CloudFormation does with the resources in the name of its role."""
