"""The key policy in the documents: open to what the services do with what they encrypt, and closed to all else."""

import json
import re
from pathlib import Path

import pytest

from tests.privileges.deployed import ACCOUNT, KEY, OTHER_ACCOUNT, REGION, arn_of, everywhere
from tests.privileges.policy_evaluation import Decision, Document, Principal, Request, decide

PAGE = Path(__file__).resolve().parents[2] / "docs" / "encryption.md"
LOGS, CLOUDWATCH, EVENTBRIDGE = f"logs.{REGION}.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"
SENDING = {"kms:Decrypt", "kms:GenerateDataKey"}
"""What a service does that sends to an encrypted queue or topic.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
"""
STORING = SENDING | {"kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"}
"""What CloudWatch Logs does (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html)."""
ACTIONS = STORING | {"kms:CreateGrant", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"}


def documented_policy() -> Document:
    """The policy as a reader copies it."""
    (text,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    policy: Document = json.loads(text)
    return policy


def allowed(service: str, **context: str) -> set[str]:
    """What a service may do with the key; names of context keys are written with `_` for `:`."""
    keys = {name.replace("_", ":"): value for name, value in context.items()}
    return {
        action
        for action in ACTIONS
        if decide(Request(Principal(service=service), action, KEY, keys), ACCOUNT, [documented_policy()])
        is Decision.ALLOWED
    }


def of_prod(kind: str) -> list[str]:
    return [logical_id for suffix, logical_id in everywhere(kind) if suffix == "prod"]


def sent_for(arn: str, account: str = ACCOUNT) -> dict[str, str]:
    """The context of a request that a service makes for a resource."""
    return {"aws_SourceArn": arn, "aws_SourceAccount": account}


@pytest.mark.parametrize("log_group", of_prod("AWS::Logs::LogGroup"))
def test_every_log_group_is_encrypted(log_group: str) -> None:
    arn = arn_of("prod", log_group)
    assert allowed(LOGS, kms_EncryptionContext_aws_logs_arn=arn) == STORING
    assert allowed(LOGS, kms_EncryptionContext_aws_logs_arn=arn.replace("prod-", "dev-")) == set()
    assert allowed(LOGS.replace(REGION, "eu-west-1"), kms_EncryptionContext_aws_logs_arn=arn) == set()


@pytest.mark.parametrize("alarm", [*of_prod("AWS::CloudWatch::Alarm"), *of_prod("AWS::CloudWatch::CompositeAlarm")])
def test_every_alarm_publishes_to_the_encrypted_topic(alarm: str) -> None:
    arn = arn_of("prod", alarm)
    assert allowed(CLOUDWATCH, **sent_for(arn)) == SENDING
    assert allowed(EVENTBRIDGE, **sent_for(arn)) == set()
    assert allowed(CLOUDWATCH, **sent_for(arn, OTHER_ACCOUNT)) == set()


def test_the_rule_sends_to_its_encrypted_queue() -> None:
    arn = arn_of("prod", "DailyAnalyticsRule")
    assert allowed(EVENTBRIDGE, **sent_for(arn)) == SENDING
    assert allowed(EVENTBRIDGE, **sent_for(f"{arn}-2")) == set()
    assert allowed(CLOUDWATCH, **sent_for(arn)) == set()


@pytest.mark.parametrize("service", ["sqs.amazonaws.com", "lambda.amazonaws.com", CLOUDWATCH, EVENTBRIDGE, LOGS])
def test_no_service_uses_the_key_for_nobody(service: str) -> None:
    assert allowed(service) == set()
