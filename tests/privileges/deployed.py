"""A stack as deployed to an account: its template with every reference replaced by the name or ARN it stands for."""

from collections.abc import Mapping

from tests.stack.resolve import PLACEHOLDER, Json, properties, resources_of, template

SUFFIXES = ("dev", "prod")
ACCOUNT = "123456789012"
OTHER_ACCOUNT = "999999999999"
REGION = "us-west-2"

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NO_KEY: Mapping[str, str] = {}
WITH_KEY = {"KmsKeyArn": KEY}

PARAMETERS = {"AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::Region": REGION, **WITH_KEY}

NAMED_BY = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
"""The property that names a resource; without it CloudFormation makes a name."""

ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "AWS::CloudWatch::CompositeAlarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{name}}",
}
"""The formats in https://docs.aws.amazon.com/service-authorization/latest/reference/, service by service."""

RETURNED_BY_REF = {
    "AWS::DynamoDB::Table": "{name}",
    "AWS::Lambda::Function": "{name}",
    "AWS::Logs::LogGroup": "{name}",
    "AWS::S3::Bucket": "{name}",
    "AWS::SNS::Topic": "{arn}",
    "AWS::StepFunctions::StateMachine": "{arn}",
}
RETURNED_BY_GETATT = {
    ("AWS::DynamoDB::Table", "Arn"): "{arn}",
    ("AWS::DynamoDB::Table", "StreamArn"): "{arn}/stream/2026-01-01T00:00:00.000",
    ("AWS::Events::Rule", "Arn"): "{arn}",
    ("AWS::IAM::Role", "Arn"): "{arn}",
    ("AWS::Lambda::Function", "Arn"): "{arn}",
    ("AWS::Logs::LogGroup", "Arn"): "{arn}:*",
    ("AWS::S3::Bucket", "Arn"): "{arn}",
    ("AWS::SQS::Queue", "Arn"): "{arn}",
}
"""The return values in https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/, `{arn}` as above."""


def kind_of(suffix: str, logical_id: str) -> str:
    """The type of a resource."""
    kind: str = template(suffix)["Resources"][logical_id]["Type"]
    return kind


def name_of(suffix: str, logical_id: str) -> str:
    """The physical name of a resource."""
    kind = kind_of(suffix, logical_id)
    made = f"TapStack{suffix}-{logical_id}-1a2b3c4d5e6f"
    name: str = properties(suffix, logical_id).get(NAMED_BY[kind], made.lower() if kind == "AWS::S3::Bucket" else made)
    return name


def arn_of(suffix: str, logical_id: str) -> str:
    """The ARN of a resource."""
    return ARNS[kind_of(suffix, logical_id)].format(name=name_of(suffix, logical_id))


def filled(pattern: str, suffix: str, logical_id: str) -> str:
    """A pattern with the name and ARN of a resource in it."""
    return pattern.format(name=name_of(suffix, logical_id), arn=arn_of(suffix, logical_id))


def referenced(suffix: str, logical_id: str) -> str:
    """What `Ref` returns."""
    if logical_id in PARAMETERS:
        return PARAMETERS[logical_id]
    return filled(RETURNED_BY_REF[kind_of(suffix, logical_id)], suffix, logical_id)


def attribute(suffix: str, logical_id: str, name: str) -> str:
    """What `Fn::GetAtt` returns."""
    return filled(RETURNED_BY_GETATT[kind_of(suffix, logical_id), name], suffix, logical_id)


def substituted(suffix: str, placeholder: str) -> str:
    """What `Fn::Sub` puts in the place of `${placeholder}`."""
    logical_id, dot, name = placeholder.partition(".")
    return attribute(suffix, logical_id, name) if dot else referenced(suffix, logical_id)


def resolved(suffix: str, value: Json) -> Json:
    """A value of the template with its references resolved; KeyError for one that the tables above do not know."""
    match value:
        case {"Ref": logical_id}:
            return referenced(suffix, logical_id)
        case {"Fn::GetAtt": [logical_id, name]}:
            return attribute(suffix, logical_id, name)
        case {"Fn::Sub": text}:
            return PLACEHOLDER.sub(lambda found: substituted(suffix, found[1]), text)
        case dict():
            return {key: resolved(suffix, inner) for key, inner in value.items()}
        case list():
            return [resolved(suffix, inner) for inner in value]
    return value


def everywhere(kind: str) -> list[tuple[str, str]]:
    """The resources of a type in the stacks under test, as suffix and logical id."""
    return [(suffix, logical_id) for suffix in SUFFIXES for logical_id in resources_of(suffix, kind)]
