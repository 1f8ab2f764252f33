"""Buckets, queues and topics: open over TLS to what the stack means them for, and closed to everyone else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import awacs.s3
import awacs.sqs
import pytest
from awacs.aws import Action

from tests.privileges.deployed import ACCOUNT, OTHER_ACCOUNT, SUFFIXES, arn_of, everywhere, kind_of, resolved
from tests.privileges.documented_needs import EVENTBRIDGE
from tests.privileges.permissions import policies_of
from tests.privileges.policy_evaluation import Decision, Document, Principal, Request, decide
from tests.privileges.role_users import needs_of
from tests.stack.resolve import properties, references, resources_of, template

BUCKET, QUEUE, TOPIC = "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic"
CLOUDWATCH = "cloudwatch.amazonaws.com"
TLS, PLAIN_HTTP = {"aws:SecureTransport": "true"}, {"aws:SecureTransport": "false"}
EVERYTHING: Document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
FOR_EVERYONE: Document = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}

TOPIC_ACTIONS = (
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:GetDataProtectionPolicy",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
    "sns:Publish",
    "sns:PutDataProtectionPolicy",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
)
"""All that the policy of a topic can speak of.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""


def every_action(service: object) -> tuple[str, ...]:
    """The names of all actions of a service."""
    return tuple(action.JSONrepr() for action in vars(service).values() if isinstance(action, Action))


ACTIONS = {BUCKET: every_action(awacs.s3), QUEUE: every_action(awacs.sqs), TOPIC: TOPIC_ACTIONS}
GUARDED_BY = {BUCKET: "Bucket", QUEUE: "Queues", TOPIC: "Topics"}
"""The property of a policy that names what it guards."""

GUARDED = [resource for kind in ACTIONS for resource in everywhere(kind)]
ROLES = everywhere("AWS::IAM::Role")
DELIVERING_ROLES = [role for role in ROLES if any("s3:PutObject" in need.actions for need in needs_of(*role))]
OTHER_ROLES = [role for role in ROLES if role not in DELIVERING_ROLES]


@dataclass(frozen=True)
class Caller:
    """Someone who asks: who it is, the context that AWS gathers, and what its own policies allow."""

    principal: Principal
    context: Mapping[str, str]
    identity_policies: tuple[Document, ...] = ()


def member(account: str, transport: Mapping[str, str], *identity_policies: Document) -> Caller:
    """A user or role of an account, who asks for what is this account's."""
    context = {"aws:PrincipalAccount": account, "aws:PrincipalIsAWSService": "false", "s3:ResourceAccount": ACCOUNT}
    return Caller(Principal(account=account), {**context, **transport}, identity_policies)


def administrator(account: str, transport: Mapping[str, str]) -> Caller:
    """Someone whom an account allows everything."""
    return member(account, transport, EVERYTHING)


def service(name: str, source_arn: str, source_account: str, transport: Mapping[str, str] | None = None) -> Caller:
    """A service that acts for a resource of an account."""
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account, "aws:PrincipalIsAWSService": "true"}
    return Caller(Principal(service=name), {**context, **(transport or TLS)})


def role(suffix: str, logical_id: str, transport: Mapping[str, str]) -> Caller:
    """A role of the stack."""
    return member(ACCOUNT, transport, *policies_of(suffix, logical_id))


def policies_on(suffix: str, logical_id: str) -> list[Document]:
    """The policies of a bucket, queue or topic."""
    kind = kind_of(suffix, logical_id)
    attached = resources_of(suffix, f"{kind}Policy").values()
    found = [policy["PolicyDocument"] for policy in attached if logical_id in references(policy[GUARDED_BY[kind]])]
    return [resolved(suffix, document) for document in found]


def targets(suffix: str, logical_id: str) -> tuple[str, ...]:
    """What can be asked for: a bucket and the objects in it, a queue, a topic."""
    arn = arn_of(suffix, logical_id)
    return (arn, f"{arn}/aws/lambda/key", f"{arn}/another/key") if kind_of(suffix, logical_id) == BUCKET else (arn,)


def let_in(caller: Caller, suffix: str, logical_id: str, *mistakes: Document) -> set[tuple[str, str]]:
    """Everything that a caller may do with a bucket, queue or topic: the action and, from its ARN on, to what.

    Args:
        caller: who asks.
        suffix: of the stack.
        logical_id: of the bucket, queue or topic.
        mistakes: policies that someone has added to its own.
    """
    documents, arn = [*policies_on(suffix, logical_id), *mistakes], arn_of(suffix, logical_id)
    return {
        (action, target.removeprefix(arn))
        for action in ACTIONS[kind_of(suffix, logical_id)]
        for target in targets(suffix, logical_id)
        if decide(
            Request(caller.principal, action, target, caller.context), ACCOUNT, documents, caller.identity_policies
        )
        is Decision.ALLOWED
    }


STRANGERS = {
    "anyone": Caller(Principal(), {"aws:PrincipalAccount": "anonymous", **TLS}),
    "anyone of whom nothing is known": Caller(Principal(), TLS),
    "anyone over plain HTTP": Caller(Principal(), PLAIN_HTTP),
    "administrator of another account": administrator(OTHER_ACCOUNT, TLS),
    "administrator of another account over plain HTTP": administrator(OTHER_ACCOUNT, PLAIN_HTTP),
    "administrator of this account over plain HTTP": administrator(ACCOUNT, PLAIN_HTTP),
    "another service": service("logging.s3.amazonaws.com", "arn:aws:s3:::bucket", ACCOUNT),
    "a service that does not say for whom": Caller(Principal(service=CLOUDWATCH), TLS),
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize(("suffix", "logical_id"), GUARDED)
def test_a_stranger_is_let_do_nothing(suffix: str, logical_id: str, stranger: str) -> None:
    assert let_in(STRANGERS[stranger], suffix, logical_id) == set()


@pytest.mark.parametrize(("suffix", "logical_id"), GUARDED)
def test_over_plain_http_even_a_grant_to_everyone_opens_nothing(suffix: str, logical_id: str) -> None:
    for stranger in STRANGERS.values():
        insecure = replace(stranger, context={**stranger.context, **PLAIN_HTTP})
        assert let_in(insecure, suffix, logical_id, FOR_EVERYONE) == set()


@pytest.mark.parametrize(("suffix", "logical_id"), everywhere(BUCKET))
def test_even_a_grant_to_everyone_opens_no_bucket_to_another_account(suffix: str, logical_id: str) -> None:
    for stranger in ("anyone", "anyone of whom nothing is known", "administrator of another account"):
        assert let_in(STRANGERS[stranger], suffix, logical_id, FOR_EVERYONE) == set()


@pytest.mark.parametrize(("suffix", "logical_id"), everywhere(BUCKET))
def test_a_service_of_aws_is_not_taken_for_another_account(suffix: str, logical_id: str) -> None:
    logging = "logging.s3.amazonaws.com"
    grant = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": logging}, "Action": ["s3:PutObject"], "Resource": ["*"]}
        ]
    }
    caller = service(logging, arn_of(suffix, logical_id), ACCOUNT)
    assert {action for action, _ in let_in(caller, suffix, logical_id, grant)} == {"s3:PutObject"}


@pytest.mark.parametrize(("suffix", "logical_id"), GUARDED)
def test_an_administrator_of_this_account_is_let_in_over_tls(suffix: str, logical_id: str) -> None:
    actions = {action for action, _ in let_in(administrator(ACCOUNT, TLS), suffix, logical_id)}
    assert actions == set(ACTIONS[kind_of(suffix, logical_id)])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_policy_guards_anything_else(suffix: str) -> None:
    resources = template(suffix)["Resources"].values()
    kinds = {resource["Type"] for resource in resources if "PolicyDocument" in resource["Properties"]}
    assert kinds == {f"{kind}Policy" for kind in ACTIONS}
    assert all(policies_on(suffix, logical_id) for kind in ACTIONS for logical_id in resources_of(suffix, kind))


@pytest.mark.parametrize(
    ("suffix", "alarm"), [*everywhere("AWS::CloudWatch::Alarm"), *everywhere("AWS::CloudWatch::CompositeAlarm")]
)
def test_an_alarm_of_this_account_publishes_and_does_nothing_else(suffix: str, alarm: str) -> None:
    given, arn = properties(suffix, alarm), arn_of(suffix, alarm)
    assert given["AlarmActions"] == given.get("OKActions", given["AlarmActions"]) == [{"Ref": "AlertTopic"}]
    assert let_in(service(CLOUDWATCH, arn, ACCOUNT), suffix, "AlertTopic") == {("sns:Publish", "")}


@pytest.mark.parametrize(("suffix", "rule"), everywhere("AWS::Events::Rule"))
def test_the_rule_sends_and_does_nothing_else(suffix: str, rule: str) -> None:
    (queue,) = references([target["DeadLetterConfig"] for target in properties(suffix, rule)["Targets"]])
    assert let_in(service(EVENTBRIDGE, arn_of(suffix, rule), ACCOUNT), suffix, queue) == {("sqs:SendMessage", "")}


def unintended(arn: str, name: str, other_name: str) -> Iterable[Caller]:
    """Services that are not to be let in where one is for a resource with this ARN."""
    namesake = arn.replace(ACCOUNT, OTHER_ACCOUNT)
    yield service(name, namesake, OTHER_ACCOUNT)
    yield service(name, namesake, ACCOUNT)
    yield service(name, arn, ACCOUNT, PLAIN_HTTP)
    yield service(other_name, arn, ACCOUNT)
    yield service(name, "arn:aws:ec2:us-west-2:123456789012:instance/i-1", ACCOUNT)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_other_alarm_and_no_other_service_publishes(suffix: str) -> None:
    arn = arn_of(suffix, "StepFunctionsFailureAlarm")
    for caller in (*unintended(arn, CLOUDWATCH, EVENTBRIDGE), service(CLOUDWATCH, arn, OTHER_ACCOUNT)):
        assert let_in(caller, suffix, "AlertTopic") == set()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_other_rule_and_no_other_service_sends(suffix: str) -> None:
    arn = arn_of(suffix, "DailyAnalyticsRule")
    for caller in (*unintended(arn, EVENTBRIDGE, CLOUDWATCH), service(EVENTBRIDGE, f"{arn}-2", ACCOUNT)):
        assert let_in(caller, suffix, "DailyAnalyticsDeadLetterQueue") == set()


@pytest.mark.parametrize(("suffix", "logical_id"), DELIVERING_ROLES)
def test_a_stream_processors_role_delivers_failed_events_and_does_nothing_else(suffix: str, logical_id: str) -> None:
    assert let_in(role(suffix, logical_id, PLAIN_HTTP), suffix, "FailedEventsBucket") == set()
    assert let_in(role(suffix, logical_id, TLS), suffix, "FailedEventsBucket") == {
        ("s3:ListBucket", ""),
        ("s3:PutObject", "/aws/lambda/key"),
    }


@pytest.mark.parametrize(("suffix", "logical_id"), OTHER_ROLES)
def test_no_other_role_reaches_the_failed_events(suffix: str, logical_id: str) -> None:
    assert let_in(role(suffix, logical_id, TLS), suffix, "FailedEventsBucket") == set()
