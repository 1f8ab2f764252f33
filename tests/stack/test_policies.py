"""Least privilege as it can be read off the template."""

from typing import Any

import pytest

from tests.stack.resolve import nodes, properties, resources_of, statements, template

ROLES = resources_of("dev", "AWS::IAM::Role")
WITHOUT_RESOURCE_LEVEL = {"SendTracesHasNoResourceLevel", "DeliverLogsHasNoResourceLevel"}


def granted(role: str) -> dict[str, list[str]]:
    """The actions of a role by the Sid of their statement."""
    return {statement["Sid"]: statement["Action"] for statement in statements(ROLES[role]["Policies"])}


@pytest.mark.parametrize("role", ROLES)
def test_no_managed_policy(role: str) -> None:
    assert "ManagedPolicyArns" not in ROLES[role]


@pytest.mark.parametrize("role", ROLES)
def test_a_star_stands_only_where_there_is_no_resource_level(role: str) -> None:
    for statement in statements(ROLES[role]["Policies"]):
        assert ("*" in statement["Resource"]) == (statement["Sid"] in WITHOUT_RESOURCE_LEVEL)
        assert not any("*" in action for action in statement["Action"])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_trusts_one_service_of_this_account(role: str) -> None:
    (trust,) = statements(ROLES[role]["AssumeRolePolicyDocument"])
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert set(trust["Principal"]) == {"Service"}


@pytest.mark.parametrize(
    ("role", "operator", "arn"),
    [
        (
            "StepFunctionsRole",
            "ArnLike",
            "states:${AWS::Region}:${AWS::AccountId}:stateMachine:dev-data-processing-synth",
        ),
        ("DailyAnalyticsRole", "ArnEquals", "events:${AWS::Region}:${AWS::AccountId}:rule/dev-daily-analytics-synth"),
    ],
)
def test_a_service_role_trusts_its_one_resource(role: str, operator: str, arn: str) -> None:
    (trust,) = statements(ROLES[role]["AssumeRolePolicyDocument"])
    assert trust["Condition"][operator] == {"aws:SourceArn": {"Fn::Sub": f"arn:${{AWS::Partition}}:{arn}"}}


def test_a_stream_processor_may_do_what_it_does_and_no_more() -> None:
    assert granted("UserDataProcessorRole") == {
        "WriteOwnLogs": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "SendTracesHasNoResourceLevel": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        "ReadStream": [
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ],
        "WriteActivities": ["dynamodb:BatchWriteItem"],
        "DeliverFailedEvents": ["s3:PutObject"],
        "FindFailedEventsBucket": ["s3:ListBucket"],
        "UseEncryptedTables": ["kms:Decrypt"],
        "EncryptFailedEvents": ["kms:GenerateDataKey"],
    }


def test_the_validator_touches_no_data() -> None:
    assert set(granted("DataValidatorRole")) == {"WriteOwnLogs", "SendTracesHasNoResourceLevel"}


def test_the_analytics_processor_counts_and_writes() -> None:
    assert granted("AnalyticsProcessorRole")["SummariseActivities"] == ["dynamodb:PutItem", "dynamodb:Query"]


def refusals(suffix: str, policy: str) -> list[Any]:
    """The denying statements of a resource policy."""
    document = properties(suffix, policy)["PolicyDocument"]
    return [statement for statement in statements(document) if statement["Effect"] == "Deny"]


@pytest.mark.parametrize(
    "policy", ["FailedEventsBucketPolicy", "DailyAnalyticsDeadLetterQueuePolicy", "AlertTopicPolicy"]
)
def test_plain_http_is_refused(policy: str) -> None:
    assert {"Bool": {"aws:SecureTransport": "false"}} in [refusal["Condition"] for refusal in refusals("dev", policy)]


@pytest.mark.parametrize(
    ("policy", "service"),
    [
        ("DailyAnalyticsDeadLetterQueuePolicy", "events.amazonaws.com"),
        ("AlertTopicPolicy", "cloudwatch.amazonaws.com"),
    ],
)
def test_a_resource_policy_lets_in_one_service_on_conditions(policy: str, service: str) -> None:
    document = properties("dev", policy)["PolicyDocument"]
    (grant,) = [statement for statement in statements(document) if statement["Effect"] == "Allow"]
    assert grant["Principal"] == {"Service": service}
    assert "aws:SourceArn" in str(grant["Condition"])


def test_every_bucket_queue_and_topic_has_a_policy() -> None:
    kinds = [resource["Type"] for resource in template("dev")["Resources"].values()]
    for kind in ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic"):
        assert kinds.count(kind) == kinds.count(f"{kind}Policy") == 1


@pytest.mark.parametrize("suffix", ["dev", "prod"])
def test_every_statement_of_a_policy_has_a_name_of_its_own(suffix: str) -> None:
    documents = [document for document in nodes(template(suffix)) if is_policy(document)]
    assert {document["Version"] for document in documents} == {"2012-10-17"}
    named = [[statement["Sid"] for statement in document["Statement"] if "Sid" in statement] for document in documents]
    assert all(len(set(sids)) == len(sids) for sids in named)
    assert {sid for sids in named for sid in sids} == {
        *("WriteOwnLogs", "SendTracesHasNoResourceLevel", "DeliverLogsHasNoResourceLevel", "ReadStream"),
        *("DeliverFailedEvents", "FindFailedEventsBucket", "WriteActivities", "SummariseActivities"),
        *("UseEncryptedTables", "EncryptFailedEvents"),
        *("InvokeTasks", "StartExecution", "DenyPlainHttp", "DenyOtherAccounts", "RuleSends", "AlarmsPublish"),
    }


@pytest.mark.parametrize(
    "policy", ["FailedEventsBucketPolicy", "DailyAnalyticsDeadLetterQueuePolicy", "AlertTopicPolicy"]
)
def test_a_resource_policy_says_who_what_on_what_and_when(policy: str) -> None:
    for statement in properties("dev", policy)["PolicyDocument"]["Statement"]:
        assert set(statement) == {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def is_policy(value: Any) -> bool:
    """Whether a value of the template is a policy document."""
    return isinstance(value, dict) and isinstance(value.get("Statement"), list)
