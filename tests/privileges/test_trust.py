"""Who may assume the roles of the stack: the service that acts in them, for this account's own resource, and no one."""

from typing import Any

import pytest

from tests.privileges.deployed import ACCOUNT, OTHER_ACCOUNT, arn_of, everywhere, resolved
from tests.privileges.documented_needs import EVENTBRIDGE, LAMBDA, STEP_FUNCTIONS
from tests.privileges.policy_evaluation import Decision, Principal, Request, decide
from tests.privileges.role_users import needs_of, users_of
from tests.stack.resolve import properties

ROLES = everywhere("AWS::IAM::Role")
NAMING_ITS_USER = [
    (suffix, role) for suffix, role in ROLES if LAMBDA not in {need.service for need in needs_of(suffix, role)}
]
"""A function's role cannot name the function, which names the role."""


def service_of(suffix: str, role: str) -> str:
    """The one service that acts in a role."""
    (service,) = {need.service for need in needs_of(suffix, role)}
    return service


def user_of(suffix: str, role: str) -> str:
    """The one resource that acts in a role."""
    (user,) = users_of(suffix, role)
    return user


def assumed(suffix: str, role: str, principal: Principal, source_arn: str, source_account: str) -> Decision:
    """What becomes of an attempt to assume a role on behalf of a resource."""
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account}
    trust = resolved(suffix, properties(suffix, role)["AssumeRolePolicyDocument"])
    return decide(Request(principal, "sts:AssumeRole", arn_of(suffix, role), context), ACCOUNT, [trust])


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_its_service_assumes_a_role_for_the_resource_that_acts_in_it(suffix: str, role: str) -> None:
    service = Principal(service=service_of(suffix, role))
    assert assumed(suffix, role, service, user_of(suffix, role), ACCOUNT) is Decision.ALLOWED


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_a_resource_of_another_account_does_not_get_it(suffix: str, role: str) -> None:
    service, user = Principal(service=service_of(suffix, role)), user_of(suffix, role)
    namesake = user.replace(ACCOUNT, OTHER_ACCOUNT)
    assert assumed(suffix, role, service, namesake, OTHER_ACCOUNT) is Decision.IMPLICITLY_DENIED
    assert assumed(suffix, role, service, user, OTHER_ACCOUNT) is Decision.IMPLICITLY_DENIED


@pytest.mark.parametrize(("suffix", "role"), NAMING_ITS_USER)
def test_another_resource_of_this_account_does_not_get_it(suffix: str, role: str) -> None:
    service, user = Principal(service=service_of(suffix, role)), user_of(suffix, role)
    for other in (user + "-2", user.replace(suffix, "test"), user.replace("us-west-2", "us-east-1"), "arn:aws:a:::*"):
        assert assumed(suffix, role, service, other, ACCOUNT) is Decision.IMPLICITLY_DENIED


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_no_other_service_and_no_one_else_gets_it(suffix: str, role: str) -> None:
    others = {LAMBDA, STEP_FUNCTIONS, EVENTBRIDGE, "ec2.amazonaws.com"} - {service_of(suffix, role)}
    principals = [Principal(service=service) for service in others]
    for principal in (*principals, Principal(account=ACCOUNT), Principal(account=OTHER_ACCOUNT), Principal()):
        decision = assumed(suffix, role, principal, user_of(suffix, role), ACCOUNT)
        assert decision is Decision.IMPLICITLY_DENIED


@pytest.mark.parametrize(("suffix", "role"), ROLES)
def test_a_request_that_does_not_say_for_whom_does_not_get_it(suffix: str, role: str) -> None:
    trust: Any = resolved(suffix, properties(suffix, role)["AssumeRolePolicyDocument"])
    request = Request(Principal(service=service_of(suffix, role)), "sts:AssumeRole", arn_of(suffix, role))
    assert decide(request, ACCOUNT, [trust]) is Decision.IMPLICITLY_DENIED
