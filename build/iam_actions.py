"""What IAM calls the operations of AWS's APIs: `s3:ListBucket` for HeadBucket."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.session import Session

_DIFFERENT_NAMES = {
    "DeleteObjects": "s3:DeleteObject and s3:DeleteObjectVersion",
    "GetLayerVersionByArn": "lambda:GetLayerVersion",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject, or s3:ListBucket for an object that is missing",
    "Invoke": "lambda:InvokeFunction",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListObjectsV2": "s3:ListBucket",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
"""Operations whose action has another name.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""
_PREFIXES = {
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "dynamodbstreams": "dynamodb",
    "iam": "iam",
    "lambda": "lambda",
    "logs": "logs",
    "s3": "s3",
    "sqs": "sqs",
    "stepfunctions": "states",
    "sts": "sts",
}
"""What the actions of a service begin with, by botocore's name of the service."""


def iam_action(operation: str) -> str:
    """The action that allows an operation of a service that is called here; the operation itself for any other."""
    if operation in _DIFFERENT_NAMES:
        return _DIFFERENT_NAMES[operation]
    for service, prefix in _PREFIXES.items():
        if operation in _models().get_service_model(service).operation_names:
            return f"{prefix}:{operation}"
    return operation


@cache
def _models() -> "Session":
    """A session, which reads the model of each service once."""
    import botocore.session  # takes longer than the rest of a command's `--help`

    return botocore.session.Session()
