"""What a role grants and what is done in its name are the same set: nothing denied, nothing unused."""

from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from tests.handlers.conftest import FakeContext
from tests.handlers.fake_dynamodb import FakeDynamoDB
from tests.privileges.calls import recorded_calls
from tests.privileges.deployed import ACCOUNT, OTHER_ACCOUNT, REGION, WITH_KEY, arn_of, everywhere, resolved
from tests.privileges.documented_needs import ALL, OF_A_MAPPING, Need
from tests.privileges.paths import PATHS, HandlerPath, Variables
from tests.privileges.permissions import Permission, granted, policies_of
from tests.privileges.policy_evaluation import Decision, Principal, Request, decide
from tests.privileges.role_users import functions_of, key_needs_of, needs_of
from tests.stack.resolve import Json, properties, resources_of

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

ROLES = everywhere("AWS::IAM::Role")
FunctionRunner = Callable[[str, Json], set[Permission]]


def follow(path: HandlerPath, module: ModuleType) -> None:
    """Go a way through a handler."""
    context = FakeContext(remaining_milliseconds=path.remaining_milliseconds)
    with pytest.raises(path.raises) if path.raises else nullcontext():
        module.handler(path.event, context)


def follow_all(module: ModuleType, variables: Variables, name: str) -> None:
    """Go every way through a handler, with DynamoDB's stand-in where the handler has a client for it."""
    table = FakeDynamoDB(module.dynamodb, variables["ANALYTICS_TABLE_NAME"]) if hasattr(module, "dynamodb") else None
    for path in PATHS[name](variables):
        if table:
            table.begin(path.faults)
        follow(path, module)


@pytest.fixture
def calls_of(cold_start: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch) -> FunctionRunner:
    """Run a function of a stack every way, in its own environment, and give the permissions that its calls take.

    What no stand-in answers ends at a closed port of this machine.
    """
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def run(suffix: str, function: Json) -> set[Permission]:
        _, name, _ = function["Handler"].split(".")
        variables = resolved(suffix, function["Environment"]["Variables"])
        with recorded_calls() as calls:
            follow_all(cold_start(name, **variables), variables, name)
        return calls

    return run


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_a_role_grants_what_is_done_in_its_name_and_nothing_else(
    suffix: str, role: str, calls_of: FunctionRunner
) -> None:
    calls = set().union(*(calls_of(suffix, function) for function in functions_of(suffix, role).values()))
    needs = set().union(*(need.permissions for need in needs_of(suffix, role)))
    assert sorted(granted(suffix, role)) == sorted(calls | needs)


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_with_a_key_a_role_grants_its_use_where_something_is_encrypted_and_nothing_else(suffix: str, role: str) -> None:
    needs = set().union(*(need.permissions for need in key_needs_of(suffix, role)))
    assert granted(suffix, role, WITH_KEY) - granted(suffix, role) == needs
    assert granted(suffix, role) <= granted(suffix, role, WITH_KEY)
    assert not any(permission.action.startswith("kms:") for permission in granted(suffix, role))


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_the_key_is_used_through_the_service_that_encrypts_with_it_and_never_directly(suffix: str, role: str) -> None:
    through = {"kms:Decrypt": "dynamodb", "kms:GenerateDataKey": "s3"}
    for permission in granted(suffix, role, WITH_KEY) - granted(suffix, role):
        for service in ("dynamodb", "s3", "sqs"):
            context = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
            request = Request(Principal(account=ACCOUNT), permission.action, permission.resource, context)
            allowed = decide(request, ACCOUNT, (), policies_of(suffix, role, WITH_KEY)) is Decision.ALLOWED
            assert allowed == (service == through[permission.action])
        request = Request(Principal(account=ACCOUNT), permission.action, permission.resource, {})
        assert decide(request, ACCOUNT, (), policies_of(suffix, role, WITH_KEY)) is Decision.IMPLICITLY_DENIED


def test_what_grants_nothing_says_so() -> None:
    (need,) = [need for need in OF_A_MAPPING if "dynamodb:ListStreams" in need.actions]
    assert need.actions == ("dynamodb:ListStreams",)
    assert "grants nothing" in need.note and "tutorial" in need.note


def test_the_functions_are_seen_to_call_what_they_are_meant_to(calls_of: FunctionRunner) -> None:
    functions, table = resources_of("dev", "AWS::Lambda::Function"), arn_of("dev", "AnalyticsTable")
    assert calls_of("dev", functions["DataValidator"]) == set()
    assert calls_of("dev", functions["OrderDataProcessor"]) == {Permission("dynamodb:BatchWriteItem", table)}
    assert calls_of("dev", functions["AnalyticsProcessor"]) == {
        Permission("dynamodb:PutItem", table),
        Permission("dynamodb:Query", table),
    }


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "action", "resource"),
    [
        ("dynamodb", "scan", {"TableName": "t"}, "Scan", f"arn:aws:dynamodb:us-west-2:{ACCOUNT}:table/t"),
        ("sqs", "list_queues", {}, "ListQueues", "not known: say in RESOURCES what calls to this service work on"),
    ],
)
def test_a_call_is_seen_whoever_makes_the_session(
    monkeypatch: pytest.MonkeyPatch, service: str, operation: str, parameters: Json, action: str, resource: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with recorded_calls() as calls:
        session: Any = boto3.Session()
        client = session.client(service, config=Config(retries={"total_max_attempts": 1}))
        with pytest.raises(EndpointConnectionError):
            getattr(client, operation)(**parameters)
    assert calls == {Permission(f"{service}:{action}", resource)}


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_every_permission_counts_in_this_account_and_in_no_other_bucket(suffix: str, role: str) -> None:
    for permission in granted(suffix, role):
        resource = permission.resource.replace("*", "anything")
        for resource_account in (ACCOUNT, OTHER_ACCOUNT):
            request = Request(
                Principal(account=ACCOUNT), permission.action, resource, {"s3:ResourceAccount": resource_account}
            )
            refused = resource_account != ACCOUNT and permission.action.startswith("s3:")
            expected = Decision.IMPLICITLY_DENIED if refused else Decision.ALLOWED
            assert decide(request, ACCOUNT, (), policies_of(suffix, role)) is expected


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_a_star_stands_only_where_aws_documents_it(suffix: str, role: str) -> None:
    documented = {permission for need in ALL if need.resource == "*" for permission in need.permissions}
    assert {permission for permission in granted(suffix, role) if permission.resource == "*"} <= documented
    assert not any("*" in permission.action for permission in granted(suffix, role))


@pytest.mark.parametrize("need", ALL, ids=lambda need: need.actions[0])
def test_a_need_names_the_page_that_documents_it(need: Need) -> None:
    assert need.source.startswith("https://docs.aws.amazon.com/")


@pytest.mark.parametrize(("suffix", "function"), everywhere("AWS::Lambda::Function"))
def test_what_functions_need_permissions_for_is_turned_on(suffix: str, function: str) -> None:
    given = properties(suffix, function)
    assert given["TracingConfig"] == {"Mode": {"Ref": "TracingMode"}}
    assert "LogGroup" in given["LoggingConfig"]


@pytest.mark.parametrize(("suffix", "state_machine"), everywhere("AWS::StepFunctions::StateMachine"))
def test_what_state_machines_need_permissions_for_is_turned_on(suffix: str, state_machine: str) -> None:
    given = properties(suffix, state_machine)
    assert given["TracingConfiguration"] == {"Enabled": True}
    assert given["LoggingConfiguration"]["Level"] != "OFF"
