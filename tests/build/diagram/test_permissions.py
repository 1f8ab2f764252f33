from typing import Any

import pytest

from build.diagram.graph import Edge, Graph, Kind, Resource
from build.diagram.permissions import permission_edges
from build.diagram.references import references


def policy(**statement: Any) -> Resource:
    return Resource("Policy", "AWS::SQS::QueuePolicy", {"PolicyDocument": {"Statement": statement}})


@pytest.mark.parametrize(
    ("statement", "edge"),
    [
        (
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Ref": "Queue"}},
            Edge("Policy", "Queue", Kind.PERMISSION, "sqs:SendMessage"),
        ),
        (
            {"Effect": "Deny", "Sid": "NoHttp", "Action": ["sqs:*"], "Resource": [{"Fn::GetAtt": ["Queue", "Arn"]}]},
            Edge("Policy", "Queue", Kind.PERMISSION, "deny sqs:* (NoHttp)"),
        ),
        (
            {"Effect": "Deny", "Action": ["sqs:A", "sqs:B"], "Resource": "*"},
            Edge("Policy", "*", Kind.PERMISSION, "deny sqs:A, sqs:B"),
        ),
        (
            {"Effect": "Allow", "Action": "sqs:A", "Resource": {"Fn::Sub": "arn:${AWS::Partition}:sqs:::x"}},
            Edge("Policy", '{"Fn::Sub": "arn:${AWS::Partition}:sqs:::x"}', Kind.PERMISSION, "sqs:A"),
        ),
    ],
)
def test_a_statement_becomes_an_edge(statement: dict[str, Any], edge: Edge) -> None:
    assert list(permission_edges(policy(**statement))) == [edge]


def test_a_resource_named_twice_in_a_statement_is_one_edge() -> None:
    bucket = [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]
    edges = list(permission_edges(policy(Effect="Allow", Action="s3:*", Resource=bucket)))
    assert [edge.target for edge in edges] == ["Bucket"]


def test_trust_is_no_permission() -> None:
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "x"}}]}
    assert not list(permission_edges(Resource("Role", "AWS::IAM::Role", {"AssumeRolePolicyDocument": trust})))


def granted_by(properties: dict[str, Any]) -> set[tuple[str, str]]:
    """(action, resource) of each statement of a role or resource policy of ours, read in the plainest way."""
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [properties])]
    return {
        (action, target)
        for document in documents
        for statement in document["Statement"]
        for resource in statement["Resource"]
        for target in ([resource] if resource == "*" else [reference.target for reference in references(resource)])
        for action in statement["Action"]
    }


def test_arrows_equal_the_statements_of_every_policy(template: dict[str, Any], graph: Graph) -> None:
    policies = {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if {"Policies", "PolicyDocument"} & set(resource["Properties"])
    }
    assert len(policies) >= 9
    for logical_id, properties in policies.items():
        edges = [edge for edge in graph.of(Kind.PERMISSION) if edge.source == logical_id]
        drawn = {
            (action.removeprefix("deny ").partition(" (")[0], edge.target)
            for edge in edges
            for action in edge.label.split(", ")
        }
        assert drawn == granted_by(properties), logical_id
    assert {edge.source for edge in graph.of(Kind.PERMISSION)} == set(policies)
