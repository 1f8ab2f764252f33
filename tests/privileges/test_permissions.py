"""Who deploys: what CloudFormation's handlers call is granted, on the names of this stack and of no other."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache

import pytest

from stack.permissions.cloudformation_role import HANDLERS, UNNEEDED, is_unneeded, manage_resources
from stack.permissions.commands import COMMANDS
from stack.permissions.grants import MOST_CHARACTERS, Document, Scope, document, documents, merged, size
from tests.privileges.deployed import ACCOUNT, ARNS, OTHER_ACCOUNT, REGION, SUFFIXES, arn_of, everywhere
from tests.privileges.handler_permissions import STACK_OPERATIONS, permissions_of, registry_permissions, text_of
from tests.privileges.policy_evaluation import Decision, Principal, Request, decide, several
from tests.privileges.service_authorization import exists, has_resource_level
from tests.stack.resolve import template

CALLER = Principal(account=ACCOUNT)
ARTIFACT = f"arn:aws:s3:::tapstack-artifacts-{ACCOUNT}-{REGION}/Layer/1.zip"
MAPPING_TYPE = "AWS::Lambda::EventSourceMapping"
MAPPING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:5f2d"
EVERYTHING = "*"
PASSED_TO = ("events.amazonaws.com", "lambda.amazonaws.com", "states.amazonaws.com")
WITHOUT_NAMES = {
    "AWS::CloudWatch::Dashboard": "arn:aws:cloudwatch::{account}:dashboard/{suffix}-serverless-dash-synth",
    "AWS::Lambda::EventSourceMapping": "arn:aws:lambda:{region}:{account}:event-source-mapping:5f2d",
    "AWS::Lambda::LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{suffix}-dependencies-synth:7",
    "AWS::Logs::QueryDefinition": "arn:aws:logs:{region}:{account}:query-definition:5f2d",
    "AWS::S3::BucketPolicy": "arn:aws:s3:::tapstack{suffix}-failedeventsbucket-1a2b3c4d5e6f",
    "AWS::SNS::Subscription": "arn:aws:sns:{region}:{account}:{suffix}-serverless-alerts-synth",
    "AWS::SNS::TopicPolicy": "arn:aws:sns:{region}:{account}:{suffix}-serverless-alerts-synth",
    "AWS::SQS::QueuePolicy": "arn:aws:sqs:{region}:{account}:{suffix}-daily-analytics-dlq-synth",
}
"""The resources that IAM sees in types that the tables of `deployed` do not have."""
TOUCHED_BY_TABLES = {
    "logs:CreateLogGroup": "AWS::Logs::LogGroup",
    "logs:PutRetentionPolicy": "AWS::Logs::LogGroup",
    "s3:ListBucket": "AWS::S3::Bucket",
}
"""What the handlers of tables do with resources of other types, for imports that no table here is made by."""
NAMED_AS_A_WHOLE = {
    "cloudformation:DescribeStacks": "all stacks are listed",
    "cloudwatch:DescribeAlarms": "composite alarms are described to who may describe all alarms",
    "cloudwatch:GetMetricData": "metrics that are in no dataset have no resource",
    "cloudwatch:PutCompositeAlarm": "composite alarms take a permission for all alarms",
}
"""Actions with resource-level permissions that are granted on `*`, and what AWS's API reference says of them."""
SCOPES = (
    Scope("dev", REGION, ACCOUNT),
    Scope("prod", "us-gov-west-1", ACCOUNT),
    Scope("pr-*", "ap-southeast-2"),
    Scope("a" * 32, "ap-southeast-2", ACCOUNT),
)
ALL_COMMANDS = merged(*COMMANDS.values())
LISTING = {name for name, grants in COMMANDS.items() if "cloudformation:ListStacks" in str(document(grants, SCOPES[0]))}


@cache
def role_of(suffix: str) -> Document:
    """What CloudFormation may do with the resources of a stack."""
    return document(manage_resources(), Scope(suffix, REGION, ACCOUNT))


def allowed(request: Request, policy: Document) -> bool:
    return decide(request, ACCOUNT, (), [policy]) is Decision.ALLOWED


@cache
def arns(suffix: str, resource_type: str) -> list[str]:
    """What IAM sees of the resources of a type."""
    if resource_type in WITHOUT_NAMES:
        return [WITHOUT_NAMES[resource_type].format(suffix=suffix, region=REGION, account=ACCOUNT)]
    return [arn_of(suffix, logical_id) for of, logical_id in everywhere(resource_type) if of == suffix]


def requests(suffix: str, resource_type: str, action: str) -> Iterator[Request]:
    """What a handler of a type asks IAM for when it calls an action."""
    if action == "iam:PassRole":
        for role in arns(suffix, "AWS::IAM::Role"):
            yield from (Request(CALLER, action, role, {"iam:PassedToService": service}) for service in PASSED_TO)
    elif action.startswith("iam:"):
        yield from (Request(CALLER, action, role) for role in arns(suffix, "AWS::IAM::Role"))
    elif action in {"s3:GetObject", "s3:GetObjectVersion"}:
        yield Request(CALLER, action, ARTIFACT)
    elif action in NAMED_AS_A_WHOLE or not has_resource_level(action) and resource_type != MAPPING_TYPE:
        yield Request(CALLER, action, EVERYTHING)
    else:
        touched = TOUCHED_BY_TABLES.get(action, resource_type)
        yield from (Request(CALLER, action, arn, context(suffix, arn)) for arn in arns(suffix, touched))


def context(suffix: str, arn: str) -> dict[str, str]:
    """A mapping is known by its function."""
    return {"lambda:FunctionArn": arn_of(suffix, "UserDataProcessor")} if arn == MAPPING else {}


HANDLED = [
    (suffix, resource_type, action)
    for suffix in SUFFIXES
    for resource_type, handlers in registry_permissions().items()
    for action in sorted({action for actions in handlers.values() for action in actions})
]


def test_the_file_of_handlers_is_as_the_registry_says() -> None:
    assert HANDLERS.read_text() == text_of(registry_permissions()), "run `make permissions` and review the change"


def test_what_the_handlers_call_is_granted_or_has_a_reason() -> None:
    lacking = [
        f"{resource_type}: {request.action} on {request.resource}"
        for suffix, resource_type, action in HANDLED
        if not is_unneeded(action)
        for request in requests(suffix, resource_type, action)
        if not allowed(request, role_of(suffix))
    ]
    assert lacking == []


def test_what_has_a_reason_is_not_granted() -> None:
    granted = set(actions(role_of("dev")))
    assert {action for *_, action in HANDLED if is_unneeded(action)} & granted == set()
    assert granted == {action for *_, action in HANDLED if not is_unneeded(action)}


@pytest.mark.parametrize("pattern", [pattern for patterns in UNNEEDED.values() for pattern in patterns])
def test_every_reason_is_about_something_that_a_handler_calls(pattern: str) -> None:
    assert any(fnmatchcase(action, pattern) for *_, action in HANDLED)


def test_what_a_read_handler_reads_of_the_stack_is_granted() -> None:
    read = {action for handlers in registry_permissions().values() for action in handlers.get("read", ())}
    own = {action for action in read if action.split(":")[0] != "kms"}
    assert {action for action in own if is_unneeded(action)} == set()


def test_listing_is_no_operation_on_a_stack() -> None:
    assert "list" not in STACK_OPERATIONS
    assert "dynamodb:ListTables" in permissions_of("AWS::DynamoDB::Table", "list")


def actions(policy: Document) -> Iterator[str]:
    """Every action of a policy."""
    yield from (action for statement in policy["Statement"] for action in several(statement["Action"]))


def names_something(statement: Document) -> bool:
    """Whether a statement says on which resources it holds, by name or by a condition."""
    return statement["Resource"] != [EVERYTHING] or "Condition" in statement


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.suffix)
def test_a_star_stands_only_where_aws_has_no_resource_level_permission(scope: Scope) -> None:
    for grants in (manage_resources(), *COMMANDS.values()):
        for statement in document(grants, scope)["Statement"]:
            named = names_something(statement)
            assert named != ("NoResourceLevel" in statement["Sid"])
            for action in statement["Action"]:
                assert exists(action)
                assert "*" not in action
                assert has_resource_level(action) <= (named or action in NAMED_AS_A_WHOLE)


def of_others(arn: str, suffix: str) -> Iterable[str]:
    """The ARNs of what another stack, and what another account, has under like names."""
    yield arn.replace(f"{suffix}-", "other-")
    if ACCOUNT in arn:
        yield arn.replace(ACCOUNT, OTHER_ACCOUNT)


def test_nothing_of_another_stack_or_account_may_be_touched() -> None:
    for suffix, resource_type, action in HANDLED:
        if is_unneeded(action):
            continue
        for request in requests(suffix, resource_type, action):
            if request.resource in (ARTIFACT, MAPPING, EVERYTHING):
                continue
            for other in of_others(request.resource, suffix):
                assert not allowed(Request(CALLER, action, other, request.context), role_of(suffix)), other


def test_a_mapping_of_another_function_may_not_be_touched() -> None:
    other = arn_of("dev", "UserDataProcessor").replace("dev-", "other-")
    for action in ("lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping"):
        assert not allowed(Request(CALLER, action, MAPPING, {"lambda:FunctionArn": other}), role_of("dev"))
        assert not allowed(Request(CALLER, action, MAPPING), role_of("dev"))


@pytest.mark.parametrize("service", ["ec2.amazonaws.com", "cloudformation.amazonaws.com"])
def test_roles_are_passed_to_the_services_of_the_stack_alone(service: str) -> None:
    role = arn_of("dev", "UserDataProcessorRole")
    assert not allowed(Request(CALLER, "iam:PassRole", role, {"iam:PassedToService": service}), role_of("dev"))


@pytest.mark.parametrize("purpose", ["cloudformation", "deployer", "github"])
def test_the_roles_that_deploy_are_out_of_the_stacks_reach(purpose: str) -> None:
    scope = Scope("dev", REGION, ACCOUNT)
    request = Request(CALLER, "iam:PutRolePolicy", scope.role_arn(scope.role_name(purpose)))
    for grants in (manage_resources(), *COMMANDS.values()):
        assert not allowed(request, document(grants, scope))


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.suffix)
def test_every_policy_fits_into_a_managed_policy_and_says_the_same_in_parts(scope: Scope) -> None:
    for grants in (manage_resources(), ALL_COMMANDS, *COMMANDS.values()):
        parts = documents(grants, scope)
        assert max(map(size, parts)) <= MOST_CHARACTERS
        together = [statement for part in parts for statement in part["Statement"]]
        assert together == document(grants, scope)["Statement"]
        assert len({statement["Sid"] for statement in together}) == len(together)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_reaches_its_own_stack_alone(command: str) -> None:
    policy = document(COMMANDS[command], Scope("dev", REGION, ACCOUNT))
    for name in ("TapStackother", "TapStackdev2", "other"):
        stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/5f2d"
        seen = {action for action in actions(policy) if allowed(Request(CALLER, action, stack), policy)}
        on_everything = {
            action
            for statement in policy["Statement"]
            if not names_something(statement)
            for action in statement["Action"]
        }
        assert seen == on_everything


def test_all_stacks_are_listed_by_the_commands_that_have_to() -> None:
    assert LISTING == {"list", "prune", "sweep"}


def test_the_types_are_those_that_the_tests_know() -> None:
    for suffix in SUFFIXES:
        types = {resource["Type"] for resource in template(suffix)["Resources"].values()}
        assert types <= ARNS.keys() | WITHOUT_NAMES.keys()
