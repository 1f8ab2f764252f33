"""The evaluation of policies against the rules in https://docs.aws.amazon.com/IAM/latest/UserGuide/, page by page."""

from typing import Any

import pytest

from tests.privileges.policy_evaluation import Decision, Document, Principal, Request, Unsupported, decide

OWNER, STRANGER = "123456789012", "999999999999"
OBJECT = "arn:aws:s3:::bucket/folder/key"
ALARM = f"arn:aws:cloudwatch:us-west-2:{OWNER}:alarm:late"
ALLOWED = Decision.ALLOWED
DENIED = Decision.EXPLICITLY_DENIED
NOT_ALLOWED = Decision.IMPLICITLY_DENIED


def policy(effect: str = "Allow", **elements: Any) -> Document:
    """A policy of one statement, which speaks of everything unless it says otherwise."""
    return {"Statement": [{"Effect": effect, "Action": "*", "Resource": "*", **elements}]}


EVERYONE_MAY, NO_ONE_MAY = policy(Principal="*"), policy("Deny", Principal="*")


def by(principal: Principal, **context: str) -> Request:
    """A request to read the object."""
    return Request(principal, "s3:GetObject", OBJECT, context)


def allows(action: str = "s3:GetObject", resource: str = OBJECT, **elements: Any) -> bool:
    """Whether a policy of one statement lets its identity do something in its own account."""
    asked = Request(Principal(account=OWNER), action, resource)
    return decide(asked, OWNER, (), [policy(**elements)]) is ALLOWED


def holds(condition: dict[str, Any], context: dict[str, str]) -> bool:
    """Whether a statement with a condition applies."""
    asked = by(Principal(account=OWNER), **context)
    return decide(asked, OWNER, (), [policy(Condition=condition)]) is ALLOWED


@pytest.mark.parametrize(
    ("of_resource", "of_identity", "expected"),
    [
        ([], [], NOT_ALLOWED),
        ([], [policy()], ALLOWED),
        ([EVERYONE_MAY], [], ALLOWED),
        ([NO_ONE_MAY], [policy()], DENIED),
        ([EVERYONE_MAY], [policy("Deny"), policy()], DENIED),
        ([EVERYONE_MAY, NO_ONE_MAY], [], DENIED),
    ],
)
def test_within_an_account_one_allow_is_enough_and_a_deny_wins(
    of_resource: list[Document], of_identity: list[Document], expected: Decision
) -> None:
    """reference_policies_evaluation-logic_policy-eval-basics.html"""
    assert decide(by(Principal(account=OWNER)), OWNER, of_resource, of_identity) is expected


@pytest.mark.parametrize(
    ("of_resource", "of_identity", "expected"),
    [
        ([], [policy()], NOT_ALLOWED),
        ([EVERYONE_MAY], [], NOT_ALLOWED),
        ([EVERYONE_MAY], [policy()], ALLOWED),
        ([EVERYONE_MAY, NO_ONE_MAY], [policy()], DENIED),
    ],
)
def test_across_accounts_both_have_to_allow(
    of_resource: list[Document], of_identity: list[Document], expected: Decision
) -> None:
    """reference_policies_evaluation-logic-cross-account.html"""
    assert decide(by(Principal(account=STRANGER)), OWNER, of_resource, of_identity) is expected


@pytest.mark.parametrize(
    ("element", "principal", "expected"),
    [
        ("*", Principal(), ALLOWED),
        ({"AWS": "*"}, Principal(), ALLOWED),
        ("*", Principal(service="events.amazonaws.com"), ALLOWED),
        ({"Service": "events.amazonaws.com"}, Principal(service="events.amazonaws.com"), ALLOWED),
        ({"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}, Principal(service="sns.amazonaws.com"), ALLOWED),
        ({"Service": "events.amazonaws.com"}, Principal(service="sns.amazonaws.com"), NOT_ALLOWED),
        ({"Service": "events.amazonaws.com"}, Principal(account=OWNER), NOT_ALLOWED),
        ({"Service": "events.amazonaws.com"}, Principal(), NOT_ALLOWED),
        ({"Federated": "arn:one"}, Principal(provider="arn:one"), ALLOWED),
        ({"Federated": "arn:one"}, Principal(provider="arn:other"), NOT_ALLOWED),
        ({"Federated": "arn:one"}, Principal(service="arn:one"), NOT_ALLOWED),
    ],
)
def test_principals(element: Any, principal: Principal, expected: Decision) -> None:
    """reference_policies_elements_principal.html"""
    assert decide(by(principal), OWNER, [policy(Principal=element)]) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", True),
        ("s3:*", True),
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:?etObject", True),
        (["s3:PutObject", "s3:GetObject"], True),
        ("s3:GetObjectAcl", False),
        ("s3:Get", False),
        ("sqs:*", False),
    ],
)
def test_actions(pattern: str | list[str], expected: bool) -> None:
    """reference_policies_elements_action.html"""
    assert allows(Action=pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", OBJECT, True),
        (OBJECT, OBJECT, True),
        (["arn:aws:s3:::other", OBJECT], OBJECT, True),
        (OBJECT, OBJECT.upper(), False),
        ("arn:aws:s3:::bucket", OBJECT, False),
        ("arn:aws:s3:::bucket/*", OBJECT, True),
        ("arn:aws:s3:::bucket/*/key", "arn:aws:s3:::bucket/a/b/key", True),
        ("arn:aws:s3:::bucket/fol?er/key", OBJECT, True),
        ("arn:aws:s3:::bucket.folder/key", OBJECT, False),
        ("arn:aws:iam::*:role/*x", "arn:aws:iam::1:role/x", True),
        ("arn:aws:logs:r:1:log-group:g:*", "arn:aws:logs:r:1:log-group:g:log-stream:s", True),
        ("arn:aws:logs:r:1:log-group:a*b:c", "arn:aws:logs:r:1:log-group:a:x:b:c", False),
        ("arn:aws:logs:r:1:log-group:a?b", "arn:aws:logs:r:1:log-group:a:b", False),
    ],
)
def test_resources(pattern: str | list[str], resource: str, expected: bool) -> None:
    """reference_policies_elements_resource.html"""
    assert allows(resource=resource, Resource=pattern) is expected


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringEquals": {"k": "a"}}, {"k": "A"}, False),
        ({"StringEquals": {"k": "*"}}, {"k": "a"}, False),
        ({"StringNotEquals": {"k": "a"}}, {"k": "b"}, True),
        ({"StringNotEquals": {"k": "a"}}, {"k": "a"}, False),
        ({"Bool": {"k": "true"}}, {"k": "true"}, True),
        ({"Bool": {"k": "false"}}, {"k": "true"}, False),
        ({"BoolIfExists": {"k": "false"}}, {"k": "true"}, False),
        ({"BoolIfExists": {"k": "false"}}, {"k": "false"}, True),
        ({"ArnLike": {"k": f"arn:aws:cloudwatch:*:{OWNER}:alarm:*"}}, {"k": ALARM}, True),
        ({"ArnEquals": {"k": f"arn:aws:cloudwatch:*:{OWNER}:alarm:la?e"}}, {"k": ALARM}, True),
        ({"ArnLike": {"k": f"arn:aws:cloudwatch:*:{OWNER}:alarm:*"}}, {"k": ALARM.replace(OWNER, STRANGER)}, False),
        ({"ArnLike": {"k": "arn:aws:cloudwatch:*:alarm:late"}}, {"k": ALARM}, False),
        ({"ArnLike": {"k": "*"}}, {"k": ALARM}, False),
        ({"ArnEquals": {"k": ALARM.upper()}}, {"k": ALARM}, False),
    ],
)
def test_condition_operators(condition: dict[str, Any], context: dict[str, str], expected: bool) -> None:
    """reference_policies_elements_condition_operators.html"""
    assert holds(condition, context) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("Bool", False),
        ("ArnEquals", False),
        ("ArnLike", False),
        ("StringNotEquals", True),
        ("BoolIfExists", True),
    ],
)
def test_a_missing_key_is_no_match(operator: str, expected: bool) -> None:
    """reference_policies_elements_condition_operators.html"""
    assert holds({operator: {"k": "true"}}, {"another": "true"}) is expected


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "c"}, False),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "c"}, True),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a", "l": "b"}, True),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a", "l": "c"}, False),
        ({"StringEquals": {"k": "a"}, "Bool": {"l": "true"}}, {"k": "a", "l": "true"}, True),
        ({"StringEquals": {"k": "a"}, "Bool": {"l": "true"}}, {"k": "a", "l": "false"}, False),
        ({"StringEquals": {"aws:SourceAccount": "a"}}, {"AWS:sourceaccount": "a"}, True),
    ],
)
def test_values_are_alternatives_and_keys_are_not(
    condition: dict[str, Any], context: dict[str, str], expected: bool
) -> None:
    """reference_policies_condition-logic-multiple-context-keys-or-values.html"""
    assert holds(condition, context) is expected


@pytest.mark.parametrize(
    "elements",
    [
        {"Condition": {"StringLike": {"k": "a"}}},
        {"Condition": {"ForAnyValue:StringEquals": {"k": "a"}}},
        {"Condition": {"StringEquals": {"k": "${aws:username}"}}},
        {"Resource": "arn:aws:s3:::bucket/${aws:username}"},
        {"NotResource": OBJECT},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
    ],
)
def test_what_is_not_evaluated_is_no_answer(elements: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        decide(by(Principal(account=OWNER), k="a"), OWNER, [policy(**elements)])
