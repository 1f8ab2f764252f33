import pytest

from build.iam_actions import iam_action


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("CreateChangeSet", "cloudformation:CreateChangeSet"),
        ("DescribeAlarms", "cloudwatch:DescribeAlarms"),
        ("DescribeTable", "dynamodb:DescribeTable"),
        ("FilterLogEvents", "logs:FilterLogEvents"),
        ("GetBucketPolicy", "s3:GetBucketPolicy"),
        ("GetCallerIdentity", "sts:GetCallerIdentity"),
        ("GetEventSourceMapping", "lambda:GetEventSourceMapping"),
        ("GetLayerVersionByArn", "lambda:GetLayerVersion"),
        ("GetShardIterator", "dynamodb:GetShardIterator"),
        ("HeadBucket", "s3:ListBucket"),
        ("HeadObject", "s3:GetObject, or s3:ListBucket for an object that is missing"),
        ("ListObjectVersions", "s3:ListBucketVersions"),
        ("PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("StartExecution", "states:StartExecution"),
        ("Unheard", "Unheard"),
    ],
)
def test_an_operation_is_named_as_a_policy_names_it(operation: str, action: str) -> None:
    assert iam_action(operation) == action
