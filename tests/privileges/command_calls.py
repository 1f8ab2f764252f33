"""Records the calls that commands make in the name of who runs them, as requests that IAM decides on.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/, service by service, and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from botocore.model import OperationModel

from build.iam_actions import iam_action
from tests.privileges.calls import CallParameters, watched_calls
from tests.privileges.policy_evaluation import Principal, Request

ACCOUNT = "000000000000"
"""Of the emulator's root user."""
REGION = "us-west-2"
CALLER = Principal(account=ACCOUNT)
EVERYTHING = "*"
SUFFIX = "granted"

Requests = Iterable[Request]

ACTIONS = {
    "DeleteObject": ("s3:DeleteObject",),
    "DeleteObjects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "HeadObject": ("s3:GetObject",),
}
"""Operations whose actions are not the one that a refusal names."""


def actions_of(operation: str) -> tuple[str, ...]:
    """The actions that IAM has to allow for an operation."""
    return ACTIONS.get(operation) or (iam_action(operation),)


def arn(service: str, resource: str) -> str:
    """The ARN of a resource in the emulated account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def request(action: str, resource: str, **context: str) -> Request:
    """A request of who runs the command."""
    return Request(CALLER, action, resource, {key.replace("_", ":"): value for key, value in context.items()})


def stack_arn(name: str) -> str:
    """The ARN of a stack that was named by itself or by its ARN."""
    return name if name.startswith("arn:") else arn("cloudformation", f"stack/{name}/an-id")


def of_cloudformation(operation: str, parameters: CallParameters) -> Requests:
    """Calls about one stack or about all; a role is passed, tags are put on, and a large template is fetched."""
    named = parameters.get("StackName") or (operation == "DescribeEvents" and parameters.get("ChangeSetName"))
    resource = stack_arn(named) if named else EVERYTHING
    yield request(f"cloudformation:{operation}", resource)
    if operation == "DescribeStacks" and resource == EVERYTHING:
        yield request("cloudformation:ListStacks", EVERYTHING)
    if parameters.get("Tags"):
        yield request("cloudformation:TagResource", resource)
    if "RoleARN" in parameters:
        yield request("iam:PassRole", parameters["RoleARN"], iam_PassedToService="cloudformation.amazonaws.com")
    if "TemplateURL" in parameters:
        *_, bucket, folder, name = parameters["TemplateURL"].split("/")
        yield request("s3:GetObject", f"arn:aws:s3:::{bucket}/{folder}/{name}")


OF_STREAMS = frozenset({"DescribeStream", "GetRecords", "GetShardIterator"})
OF_OBJECTS = frozenset({"DeleteObject", "DeleteObjects", "GetObject", "HeadObject", "PutObject"})


def of_s3(operation: str, parameters: CallParameters) -> Requests:
    """Calls about all buckets, a bucket, or objects; a new bucket's ownership is a permission of its own."""
    bucket = f"arn:aws:s3:::{parameters['Bucket']}" if "Bucket" in parameters else EVERYTHING
    resource = f"{bucket}/{parameters.get('Key', 'any')}" if operation in OF_OBJECTS else bucket
    yield from (request(action, resource) for action in actions_of(operation))
    if operation == "HeadObject":
        yield request("s3:ListBucket", bucket)
    if operation == "CreateBucket":
        yield request("s3:PutBucketOwnershipControls", bucket)


def of_lambda(operation: str, parameters: CallParameters) -> Requests:
    """Calls about a function, a layer's version or a mapping, which only its function's name tells from others."""
    if "UUID" in parameters:
        function = arn("lambda", f"function:{SUFFIX}-userdataproc-synth")
        yield Request(CALLER, f"lambda:{operation}", arn("lambda", "mapping"), {"lambda:FunctionArn": function})
        return
    name = parameters.get("FunctionName") or parameters["Arn"]
    resource = name if name.startswith("arn:") else arn("lambda", f"function:{name}")
    yield from (request(action, resource) for action in actions_of(operation))


def of_logs(operation: str, parameters: CallParameters) -> Requests:
    """Calls about one log group, or about all."""
    group = parameters.get("logGroupName")
    yield request(f"logs:{operation}", arn("logs", f"log-group:{group}:*") if group else EVERYTHING)


def of_dynamodb(operation: str, parameters: CallParameters) -> Requests:
    """Calls about a stream, which a shard iterator names too, about all streams or backups, a backup, or tables."""
    if operation in {"ListBackups", "ListStreams"}:
        return [request(f"dynamodb:{operation}", EVERYTHING)]
    if operation in OF_STREAMS:
        stream = parameters.get("StreamArn", arn("dynamodb", f"table/{SUFFIX}-userdata-synth/stream/any"))
        return [request(f"dynamodb:{operation}", stream)]
    named = [parameters[name] for name in ("TableName", "SourceTableName", "TargetTableName") if name in parameters]
    tables = [arn("dynamodb", f"table/{table}") for table in parameters.get("RequestItems", named)]
    backups = [parameters["BackupArn"]] if "BackupArn" in parameters else []
    return [request(f"dynamodb:{operation}", resource) for resource in (*tables, *backups)]


def of_states(operation: str, parameters: CallParameters) -> Requests:
    """Calls about a state machine or an execution, named by ARN."""
    yield request(f"states:{operation}", parameters.get("stateMachineArn") or parameters["executionArn"])


def of_cloudwatch(operation: str, parameters: CallParameters) -> Requests:
    """Calls about an alarm's history, a dashboard, which has no region, or about all that there is."""
    match operation:
        case "DescribeAlarmHistory":
            yield request(f"cloudwatch:{operation}", arn("cloudwatch", f"alarm:{parameters['AlarmName']}"))
        case "GetDashboard":
            dashboard = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{parameters['DashboardName']}"
            yield request(f"cloudwatch:{operation}", dashboard)
        case _:
            yield request(f"cloudwatch:{operation}", EVERYTHING)


def of_sqs(operation: str, parameters: CallParameters) -> Requests:
    """Calls about a queue, named by its URL."""
    yield request(f"sqs:{operation}", arn("sqs", parameters["QueueUrl"].rpartition("/")[2]))


def of_sts(operation: str, parameters: CallParameters) -> Requests:
    """Who one is takes no permission
    (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html)."""
    return [] if operation == "GetCallerIdentity" else [request(f"sts:{operation}", EVERYTHING)]


def of_the_account(service: str) -> Callable[[str, CallParameters], Requests]:
    """Calls about everything that a service has in the account."""
    return lambda operation, parameters: [request(f"{service}:{operation}", EVERYTHING)]


REQUESTS: Mapping[str, Callable[[str, CallParameters], Requests]] = {
    "cloudformation": of_cloudformation,
    "dynamodb": of_dynamodb,
    "iam": of_the_account("iam"),
    "lambda": of_lambda,
    "logs": of_logs,
    "monitoring": of_cloudwatch,
    "s3": of_s3,
    "sqs": of_sqs,
    "states": of_states,
    "sts": of_sts,
}
"""By the name that a service signs with, what IAM decides on; a service that is not here is an error."""


@contextmanager
def recorded_requests() -> Iterator[list[Request]]:
    """What IAM has to allow of every call in the block, whatever becomes of it."""
    requests: list[Request] = []

    def record(model: OperationModel, parameters: CallParameters) -> None:
        requests.extend(REQUESTS[model.service_model.signing_name](model.name, parameters))

    with watched_calls(record):
        yield requests
