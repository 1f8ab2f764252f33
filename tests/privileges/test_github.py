"""Who may assume the role of a repository's workflows, and what it may do then."""

import json
from functools import cache
from typing import Any

import pytest

from stack.permissions.grants import Scope
from stack.permissions.roles import render_permissions
from tests.privileges.deployed import ACCOUNT, OTHER_ACCOUNT, REGION
from tests.privileges.policy_evaluation import Decision, Principal, Request, decide

PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
REPOSITORY = "owner/repository"
MAIN, PULL_REQUEST = "ref:refs/heads/main", "pull_request"
EVERY_SUBJECT = {
    MAIN,
    PULL_REQUEST,
    "ref:refs/heads/feature",
    "ref:refs/tags/main",
    "environment:dev",
    "environment:prod",
}


@cache
def role(suffix: str, repository: str = REPOSITORY) -> Any:
    """The role of the workflows that deploy a suffix."""
    return json.loads(render_permissions(Scope(suffix, REGION, ACCOUNT), repository))["GitHub"]


def may_assume(suffix: str, subject: str, audience: str = "sts.amazonaws.com", provider: str = PROVIDER) -> bool:
    """Whether a job of which GitHub says this gets the role."""
    context = {
        "token.actions.githubusercontent.com:aud": audience,
        "token.actions.githubusercontent.com:sub": subject,
    }
    found = role(suffix)
    request = Request(
        Principal(provider=provider),
        "sts:AssumeRoleWithWebIdentity",
        f"arn:aws:iam::{ACCOUNT}:role/{found['RoleName']}",
        context,
    )
    return decide(request, ACCOUNT, [found["AssumeRolePolicyDocument"]]) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("suffix", "subjects"),
    [("dev", {MAIN}), ("pr-*", {MAIN, PULL_REQUEST}), ("prod", {"environment:prod"})],
)
def test_only_the_jobs_that_deploy_a_suffix_get_its_role(suffix: str, subjects: set[str]) -> None:
    assert {subject for subject in EVERY_SUBJECT if may_assume(suffix, f"repo:{REPOSITORY}:{subject}")} == subjects


@pytest.mark.parametrize("repository", ["other/repository", "owner/other", "owner/repository2", "Owner/repository"])
def test_another_repository_does_not_get_it(repository: str) -> None:
    assert not may_assume("dev", f"repo:{repository}:{MAIN}")


def test_another_audience_or_provider_does_not_get_it() -> None:
    subject = f"repo:{REPOSITORY}:{MAIN}"
    assert not may_assume("dev", subject, audience="https://github.com/owner")
    assert not may_assume("dev", subject, provider=PROVIDER.replace(ACCOUNT, OTHER_ACCOUNT))
    assert not may_assume("dev", subject, provider=PROVIDER.replace("token.actions", "gitlab"))


def test_a_repository_whose_subjects_carry_its_ids_is_named_with_them() -> None:
    (trust,) = role("dev", "owner@12/repository@345")["AssumeRolePolicyDocument"]["Statement"]
    subjects = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subjects == [f"repo:owner@12/repository@345:{MAIN}"]


def policies(suffix: str) -> list[Any]:
    return list(role(suffix)["ManagedPolicies"].values())


def may(suffix: str, action: str, stack: str) -> bool:
    """Whether the workflows of a suffix may do something with a stack."""
    resource = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/TapStack{stack}/5f2d"
    return decide(Request(Principal(ACCOUNT), action, resource), ACCOUNT, (), policies(suffix)) is Decision.ALLOWED


def test_workflows_deploy_their_own_stacks_alone() -> None:
    deployed = {
        (suffix, stack)
        for suffix in ("dev", "pr-*", "prod")
        for stack in ("dev", "pr-7", "prod", "other")
        if may(suffix, "cloudformation:ExecuteChangeSet", stack)
    }
    assert deployed == {("dev", "dev"), ("pr-*", "pr-7"), ("prod", "prod")}


def test_only_the_workflows_of_previews_sweep() -> None:
    listed = {suffix for suffix in ("dev", "pr-*", "prod") if may(suffix, "cloudformation:ListStacks", "any")}
    assert listed == {"pr-*"}
