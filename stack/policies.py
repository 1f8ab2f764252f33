"""Who may do what: every IAM statement of the stack, as a ladder of statement, document and policy.

Each statement names its resource. `*` stands only where AWS has no resource-level permission, in a statement whose
Sid says so (https://docs.aws.amazon.com/service-authorization/latest/reference/).
"""

from collections.abc import Sequence

from awacs import awslambda, dynamodb, kms, logs, s3, sns, sqs, states, sts, xray
from awacs.aws import (
    Action,
    Allow,
    ArnEquals,
    ArnLike,
    Bool,
    BoolIfExists,
    Condition,
    ConditionElement,
    Deny,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
    StringNotEquals,
)
from troposphere import AWSHelperFn, Ref, Sub
from troposphere.awslambda import Function
from troposphere.dynamodb import Table
from troposphere.events import Rule
from troposphere.iam import Policy
from troposphere.logs import LogGroup
from troposphere.s3 import Bucket
from troposphere.sns import Topic
from troposphere.sqs import Queue
from troposphere.stepfunctions import StateMachine

from stack.parameters import KMS_KEY_ARN

_VERSION = "2012-10-17"
_THIS_ACCOUNT = Ref("AWS::AccountId")
_FAILED_EVENTS_PREFIX = "aws/lambda/"
_TOPIC_ACTIONS = (
    sns.AddPermission,
    sns.DeleteTopic,
    sns.GetDataProtectionPolicy,
    sns.GetTopicAttributes,
    sns.ListSubscriptionsByTopic,
    sns.ListTagsForResource,
    sns.Publish,
    sns.PutDataProtectionPolicy,
    sns.RemovePermission,
    sns.SetTopicAttributes,
    sns.Subscribe,
)
"""The actions that a topic's policy can name; SNS rejects others.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""


def _document(*statements: Statement) -> PolicyDocument:
    return PolicyDocument(Version=_VERSION, Statement=list(statements))


def _allow(sid: str, actions: Sequence[Action], *resources: object, condition: Condition | None = None) -> Statement:
    conditions = {} if condition is None else {"Condition": condition}
    return Statement(Sid=sid, Effect=Allow, Action=list(actions), Resource=list(resources), **conditions)


def inline_policy(name: str, *statements: Statement) -> Policy:
    """A policy that is embedded in its role."""
    return Policy(PolicyName=name, PolicyDocument=_document(*statements))


def _trust(service: str, *conditions: ConditionElement) -> PolicyDocument:
    """Let a service assume the role, for this account alone and on the conditions given.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return _document(
        Statement(
            Effect=Allow,
            Principal=Principal("Service", service),
            Action=[sts.AssumeRole],
            Condition=Condition([StringEquals({"aws:SourceAccount": _THIS_ACCOUNT}), *conditions]),
        )
    )


def trust_lambda() -> PolicyDocument:
    """Trust for a function, without its ARN: that would make a cycle of function and role."""
    return _trust("lambda.amazonaws.com")


def trust_state_machine(name: str) -> PolicyDocument:
    arn = Sub(f"arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{name}")
    return _trust("states.amazonaws.com", ArnLike({"aws:SourceArn": arn}))


def trust_rule(name: str) -> PolicyDocument:
    arn = Sub(f"arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:rule/{name}")
    return _trust("events.amazonaws.com", ArnEquals({"aws:SourceArn": arn}))


def write_logs(log_group: LogGroup) -> Statement:
    """Log streams in the function's own group, which the template creates."""
    return _allow("WriteOwnLogs", [logs.CreateLogStream, logs.PutLogEvents], log_group.get_att("Arn"))


def send_function_traces() -> Statement:
    """Segments of a function (https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html)."""
    return _allow("SendTracesHasNoResourceLevel", [xray.PutTelemetryRecords, xray.PutTraceSegments], "*")


def send_workflow_traces() -> Statement:
    """Segments of a state machine (https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html)."""
    actions = [xray.GetSamplingRules, xray.GetSamplingTargets, xray.PutTelemetryRecords, xray.PutTraceSegments]
    return _allow("SendTracesHasNoResourceLevel", actions, "*")


def deliver_workflow_logs() -> Statement:
    """Vended logs of a state machine (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html)."""
    actions = [
        logs.CreateLogDelivery,
        logs.DeleteLogDelivery,
        logs.DescribeLogGroups,
        logs.DescribeResourcePolicies,
        logs.GetLogDelivery,
        logs.ListLogDeliveries,
        logs.PutResourcePolicy,
        logs.UpdateLogDelivery,
    ]
    return _allow("DeliverLogsHasNoResourceLevel", actions, "*")


def read_stream(table: Table) -> Statement:
    """What an event source mapping reads (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html).

    `ListStreams` has no resource type, so on a stream it grants nothing; it is here because that page needs it.
    """
    actions = [dynamodb.DescribeStream, dynamodb.GetRecords, dynamodb.GetShardIterator, dynamodb.ListStreams]
    return _allow("ReadStream", actions, table.get_att("StreamArn"))


def deliver_failed_events(bucket: Bucket) -> tuple[Statement, Statement]:
    """What an on-failure destination needs.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    own_account = Condition([StringEquals({"s3:ResourceAccount": _THIS_ACCOUNT})])
    objects = Sub(f"${{{bucket.title}.Arn}}/{_FAILED_EVENTS_PREFIX}*")
    return (
        _allow("DeliverFailedEvents", [s3.PutObject], objects, condition=own_account),
        _allow("FindFailedEventsBucket", [s3.ListBucket], bucket.get_att("Arn"), condition=own_account),
    )


def write_activities(table: Table) -> Statement:
    """A stream processor writes in batches and does nothing else."""
    return _allow("WriteActivities", [dynamodb.BatchWriteItem], table.get_att("Arn"))


def summarise_activities(table: Table) -> Statement:
    """The analytics processor counts by query and writes summaries."""
    return _allow("SummariseActivities", [dynamodb.PutItem, dynamodb.Query], table.get_att("Arn"))


def _use_key(sid: str, action: Action, service: str) -> Statement:
    """The stack's key, for what one service encrypts with it and for nothing else.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    condition = Condition([StringEquals({"kms:ViaService": Sub(f"{service}.${{AWS::Region}}.amazonaws.com")})])
    return _allow(sid, [action], Ref(KMS_KEY_ARN), condition=condition)


def use_encrypted_tables() -> Statement:
    """Tables and their streams, whose own keys DynamoDB decrypts in the name of whoever reads or writes.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """
    return _use_key("UseEncryptedTables", kms.Decrypt, "dynamodb")


def encrypt_failed_events() -> Statement:
    """What an on-failure destination needs whose bucket is encrypted with a key of one's own.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    return _use_key("EncryptFailedEvents", kms.GenerateDataKey, "s3")


def invoke_functions(functions: Sequence[Function]) -> Statement:
    """The state machine's tasks."""
    return _allow("InvokeTasks", [awslambda.InvokeFunction], *(function.get_att("Arn") for function in functions))


def start_execution(state_machine: StateMachine) -> Statement:
    """The schedule starts executions and does nothing else."""
    return _allow("StartExecution", [states.StartExecution], state_machine.ref())


def _deny_plain_http(actions: Sequence[Action], *resources: AWSHelperFn) -> Statement:
    """Deny these actions without TLS, to everybody."""
    return Statement(
        Sid="DenyPlainHttp",
        Effect=Deny,
        Principal=Principal("*"),
        Action=list(actions),
        Resource=list(resources),
        Condition=Condition([Bool({"aws:SecureTransport": "false"})]),
    )


def private_bucket(bucket: Bucket) -> PolicyDocument:
    """A bucket for this account alone, over TLS alone; AWS services use it through roles of this account."""
    resources = (bucket.get_att("Arn"), Sub(f"${{{bucket.title}.Arn}}/*"))
    other_accounts = Condition(
        [
            StringNotEquals({"aws:PrincipalAccount": _THIS_ACCOUNT}),
            BoolIfExists({"aws:PrincipalIsAWSService": "false"}),
        ]
    )
    return _document(
        _deny_plain_http([s3.Action("*")], *resources),
        Statement(
            Sid="DenyOtherAccounts",
            Effect=Deny,
            Principal=Principal("*"),
            Action=[s3.Action("*")],
            Resource=list(resources),
            Condition=other_accounts,
        ),
    )


def rule_sends(queue: Queue, rule: Rule) -> PolicyDocument:
    """A dead-letter queue for one rule (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html)."""
    return _document(
        Statement(
            Sid="RuleSends",
            Effect=Allow,
            Principal=Principal("Service", "events.amazonaws.com"),
            Action=[sqs.SendMessage],
            Resource=[queue.get_att("Arn")],
            Condition=Condition([ArnEquals({"aws:SourceArn": rule.get_att("Arn")})]),
        ),
        _deny_plain_http([sqs.Action("*")], queue.get_att("Arn")),
    )


def alarms_publish(topic: Topic) -> PolicyDocument:
    """A topic for this account's alarms.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    alarms = Sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*")
    return _document(
        Statement(
            Sid="AlarmsPublish",
            Effect=Allow,
            Principal=Principal("Service", "cloudwatch.amazonaws.com"),
            Action=[sns.Publish],
            Resource=[topic.ref()],
            Condition=Condition(
                [ArnLike({"aws:SourceArn": alarms}), StringEquals({"aws:SourceAccount": _THIS_ACCOUNT})]
            ),
        ),
        _deny_plain_http(_TOPIC_ACTIONS, topic.ref()),
    )
