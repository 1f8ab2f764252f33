"""What AWS documents that its services do in the name of a role that they assume."""

from dataclasses import dataclass, replace

from tests.privileges.permissions import Permission

LAMBDA = "lambda.amazonaws.com"
STEP_FUNCTIONS = "states.amazonaws.com"
EVENTBRIDGE = "events.amazonaws.com"

LAMBDA_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
STEP_FUNCTIONS_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg"
EVENTBRIDGE_GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"


@dataclass(frozen=True)
class Need:
    """What a service does.

    Args:
        service: who assumes the role and does it.
        actions: what it does.
        resource: to what; a name in braces stands for an ARN of the stack.
        source: where AWS says so.
        note: what is to be known about it beyond that.
    """

    service: str
    actions: tuple[str, ...]
    resource: str
    source: str
    note: str = ""

    def on(self, **arns: str) -> "Need":
        """The need with ARNs of the stack in the place of names."""
        return replace(self, resource=self.resource.format(**arns))

    @property
    def permissions(self) -> set[Permission]:
        """What has to be granted."""
        return {Permission(action, self.resource) for action in self.actions}


OF_A_FUNCTION = (
    Need(
        LAMBDA,
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        "{log_group}:*",
        f"{LAMBDA_GUIDE}/monitoring-cloudwatchlogs.html",
    ),
    Need(
        LAMBDA,
        ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
        "*",
        f"{LAMBDA_GUIDE}/services-xray.html",
    ),
)
"""Its log events, in a group that exists already, and its traces."""

OF_A_MAPPING = (
    Need(
        LAMBDA,
        ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
        "{stream}",
        f"{LAMBDA_GUIDE}/with-ddb-example.html",
    ),
    Need(
        LAMBDA,
        ("dynamodb:ListStreams",),
        "{stream}",
        f"{LAMBDA_GUIDE}/with-ddb-example.html",
        "On a stream it grants nothing, because it has no resource type; AWS's own tutorial needs it.",
    ),
    Need(
        LAMBDA,
        ("s3:PutObject",),
        "{destination}/aws/lambda/*",
        f"{LAMBDA_GUIDE}/services-dynamodb-errors.html",
    ),
    Need(
        LAMBDA,
        ("s3:ListBucket",),
        "{destination}",
        f"{LAMBDA_GUIDE}/services-dynamodb-errors.html",
    ),
)
"""The stream's records, and what is kept of failed batches under keys that begin as documented."""

OF_AN_ENCRYPTED_TABLE = (
    Need(
        LAMBDA,
        ("kms:Decrypt",),
        "{key}",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
        "DynamoDB asks for it in the name of whoever reads or writes the table, or reads its stream.",
    ),
)
"""What whoever uses a table or its stream needs when the stack has a key of its own."""

OF_AN_ENCRYPTED_DESTINATION = (
    Need(
        LAMBDA,
        ("kms:GenerateDataKey",),
        "{key}",
        f"{LAMBDA_GUIDE}/services-dynamodb-errors.html",
    ),
)
"""What a delivery of failed events needs when the stack has a key of its own."""

OF_A_TASK = (
    Need(
        STEP_FUNCTIONS,
        ("lambda:InvokeFunction",),
        "{function}",
        f"{STEP_FUNCTIONS_GUIDE}/connect-lambda.html",
    ),
)
"""The function of a state."""

OF_A_STATE_MACHINE = (
    Need(
        STEP_FUNCTIONS,
        (
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ),
        "*",
        f"{STEP_FUNCTIONS_GUIDE}/cw-logs.html",
    ),
    Need(
        STEP_FUNCTIONS,
        (
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ),
        "*",
        f"{STEP_FUNCTIONS_GUIDE}/xray-iam.html",
    ),
)
"""The delivery of its logs, and its traces."""

OF_A_TARGET = (
    Need(
        EVENTBRIDGE,
        ("states:StartExecution",),
        "{target}",
        f"{EVENTBRIDGE_GUIDE}/eb-use-identity-based.html",
    ),
)
"""The state machine that a rule starts; its dead-letter queue is written to by the queue's own policy."""

OF_A_KEY = OF_AN_ENCRYPTED_TABLE + OF_AN_ENCRYPTED_DESTINATION
ALL = OF_A_FUNCTION + OF_A_MAPPING + OF_A_KEY + OF_A_TASK + OF_A_STATE_MACHINE + OF_A_TARGET
