"""The document that `generate.py --permissions` prints: the policies of the commands, and the roles that have them."""

import json
import re
from collections.abc import Iterable
from typing import Any

from awacs import sts
from awacs.aws import Action, Allow, Condition, Principal, Statement, StringEquals

from stack.errors import ConfigurationError
from stack.permissions.cloudformation_role import manage_resources
from stack.permissions.commands import COMMANDS
from stack.permissions.grants import (
    ANY_ACCOUNT,
    Document,
    Grants,
    Scope,
    document,
    documents,
    merged,
    plain,
)

_GITHUB = "token.actions.githubusercontent.com"
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?", re.ASCII)
_IN_A_PIPELINE = ("plan", "deploy", "outputs", "status")
_IN_A_PIPELINE_OF_PREVIEWS = (*_IN_A_PIPELINE, "destroy", "sweep")


def render_permissions(scope: Scope, repository: str | None = None) -> str:
    """The policies and roles of a scope as JSON text, ending in a newline.

    Args:
        scope: the stacks that they are for.
        repository: `owner/name` on GitHub whose workflows may assume a role; None for no such role.

    Raises:
        ConfigurationError: for a repository that cannot be one, or without the account that trusts GitHub.
    """
    content: dict[str, Any] = {
        "Commands": {name: document(grants, scope) for name, grants in COMMANDS.items()},
        "Deployer": _policies(scope, "deployer", merged(*COMMANDS.values())),
        "CloudFormation": {
            **_role(scope, "cloudformation", _trust_cloudformation()),
            **_policies(scope, "cloudformation", manage_resources()),
        },
    }
    if repository is not None:
        trust = trust_github(scope, repository)
        grants = merged(*(COMMANDS[name] for name in pipeline_commands(scope)))
        content["GitHub"] = {**_role(scope, "github", trust), **_policies(scope, "github", grants)}
    return json.dumps(content, indent=2) + "\n"


def trust_github(scope: Scope, repository: str) -> Document:
    """Let workflows of a repository assume the role of a scope, and of them only those that deploy it.

    Source: https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws

    Raises:
        ConfigurationError: for a repository that cannot be one, or without the account that trusts GitHub.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise ConfigurationError(f"{repository!r} is no repository of GitHub; write --trust OWNER/REPOSITORY.")
    if scope.account == ANY_ACCOUNT:
        raise ConfigurationError(
            "a role that trusts GitHub belongs to one account; name it with --account, "
            f"or as account in setup.cfg [suffix.{scope.suffix}]."
        )
    subjects = [f"repo:{repository}:{subject}" for subject in _subjects(scope)]
    return _trust(
        Principal("Federated", f"arn:{scope.partition}:iam::{scope.account}:oidc-provider/{_GITHUB}"),
        sts.AssumeRoleWithWebIdentity,
        Condition([StringEquals({f"{_GITHUB}:aud": "sts.amazonaws.com", f"{_GITHUB}:sub": subjects})]),
    )


def _subjects(scope: Scope) -> Iterable[str]:
    """What GitHub says of a job that may deploy the scope: previews come from pull requests and are swept on a
    schedule, a protected stack is an environment with rules of its own, and any other follows the main branch."""
    if scope.of_several_stacks:
        return ("pull_request", "ref:refs/heads/main")
    return (f"environment:{scope.suffix}",) if scope.protected else ("ref:refs/heads/main",)


def pipeline_commands(scope: Scope) -> tuple[str, ...]:
    """The commands that workflows may run for a scope: those of one stack destroy nothing."""
    return _IN_A_PIPELINE_OF_PREVIEWS if scope.of_several_stacks else _IN_A_PIPELINE


def _trust_cloudformation() -> Document:
    """Who hands the role to CloudFormation needs iam:PassRole for it, in this account
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html)."""
    return _trust(Principal("Service", "cloudformation.amazonaws.com"), sts.AssumeRole)


def _trust(principal: Principal, action: Action, condition: Condition | None = None) -> Document:
    conditions = {} if condition is None else {"Condition": condition}
    return plain([Statement(Effect=Allow, Principal=principal, Action=[action], **conditions)])


def _role(scope: Scope, purpose: str, trust: Document) -> dict[str, Any]:
    return {"RoleName": scope.role_name(purpose), "AssumeRolePolicyDocument": trust}


def _policies(scope: Scope, purpose: str, grants: Grants) -> dict[str, Any]:
    """Managed policies by name; they are numbered, as what is granted may be too long for one."""
    numbered = enumerate(documents(grants, scope), start=1)
    return {"ManagedPolicies": {f"{scope.role_name(purpose)}-{number}": policy for number, policy in numbered}}
