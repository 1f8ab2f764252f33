import json
from typing import Any

import pytest

from build.diagram.graph import (
    Edge,
    EdgeKind,
    Reference,
    Resource,
    ResourceGraph,
    extract,
    permission_edges,
    references,
)
from stack.config import StackConfig
from stack.template import render
from tests.sources import INVOICES, ORDERS, USERS


def test_every_resource_is_a_node(template: dict[str, Any], graph: ResourceGraph) -> None:
    assert list(graph.resources) == list(template["Resources"])
    assert all(node.type == template["Resources"][name]["Type"] for name, node in graph.resources.items())


@pytest.mark.parametrize("source", ["UserData", "OrderData"])
def test_a_source_flows_through_its_mapping_and_function_into_the_analytics_table(
    graph: ResourceGraph, source: str
) -> None:
    table, mapping, function = f"{source}Table", f"{source}EventSourceMapping", f"{source}Processor"
    assert {
        Edge(table, mapping, EdgeKind.DATA, "stream"),
        Edge(mapping, function, EdgeKind.DATA, "invokes"),
        Edge(function, "AnalyticsTable", EdgeKind.DATA),
        Edge(mapping, "FailedEventsBucket", EdgeKind.FAILURE, "retries exhausted"),
        Edge(f"{function}Role", "AnalyticsTable", EdgeKind.PERMISSION, "dynamodb:BatchWriteItem"),
    } <= set(graph.edges)


def test_the_rule_starts_the_state_machine_which_runs_the_functions(graph: ResourceGraph) -> None:
    assert {
        Edge("DailyAnalyticsRule", "DataProcessingStateMachine", EdgeKind.DATA, "starts"),
        Edge("DailyAnalyticsRule", "DailyAnalyticsDeadLetterQueue", EdgeKind.FAILURE, "could not start"),
        Edge("DailyAnalyticsRole", "DataProcessingStateMachine", EdgeKind.PERMISSION, "states:StartExecution"),
        Edge("DataProcessingStateMachine", "DataValidator", EdgeKind.DATA, "runs"),
        Edge("DataProcessingStateMachine", "AnalyticsProcessor", EdgeKind.DATA, "runs"),
        Edge("AnalyticsProcessor", "AnalyticsTable", EdgeKind.DATA),
    } <= set(graph.edges)


def alarms_that_reach_the_topic(graph: ResourceGraph) -> set[str]:
    """Those whose actions lead to the topic, themselves or by way of a composite alarm."""
    reached = {edge.source for edge in graph.edges_of(EdgeKind.DATA) if edge.target == "AlertTopic"}
    return reached | {edge.source for edge in graph.edges_of(EdgeKind.DATA) if edge.target in reached}


def test_every_alarm_watches_something_and_reaches_the_topic(graph: ResourceGraph) -> None:
    alarms = [node.logical_id for node in graph.resources.values() if node.noun == "Alarm"]
    assert alarms
    for alarm in alarms:
        assert graph.targets(alarm, EdgeKind.WATCH), alarm
    assert set(alarms) <= alarms_that_reach_the_topic(graph)
    assert Edge("AlertTopic", "AlertEmailSubscription", EdgeKind.DATA, "notifies") in graph.edges


METRIC = {
    "Namespace": "App",
    "MetricName": "Lost",
    "Dimensions": [{"Name": "service", "Value": "orders"}, {"Name": "environment", "Value": "dev"}],
}


def alarm_on_metrics_of_our_own(**properties: Any) -> dict[str, Any]:
    """A template with an alarm and the functions that publish for two services."""
    functions = {
        name: {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Environment": {
                    "Variables": {"POWERTOOLS_METRICS_NAMESPACE": "App", "POWERTOOLS_SERVICE_NAME": name.lower()}
                }
            },
        }
        for name in ("Orders", "Users")
    }
    return {"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}, **functions}}


@pytest.mark.parametrize(
    "properties",
    [METRIC, {"Metrics": [{"Id": "m1", "MetricStat": {"Metric": METRIC}}, {"Id": "e1", "Expression": "m1 * 2"}]}],
)
def test_an_alarm_on_a_metric_of_our_own_watches_the_function_that_publishes_it(properties: dict[str, Any]) -> None:
    graph = extract(alarm_on_metrics_of_our_own(**properties))
    assert graph.edges == (Edge("Alarm", "Orders", EdgeKind.WATCH),)


@pytest.mark.parametrize(
    "dimensions",
    [[], [{"Name": "environment", "Value": "dev"}], [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]],
)
def test_an_alarm_on_a_metric_that_no_function_publishes_watches_nothing(dimensions: list[dict[str, Any]]) -> None:
    assert extract(alarm_on_metrics_of_our_own(**{**METRIC, "Dimensions": dimensions})).edges == ()


def test_a_composite_alarm_hears_of_its_alarms() -> None:
    resources = {
        "One": {"Type": "AWS::CloudWatch::Alarm"},
        "All": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmRule": {"Fn::Sub": "ALARM(${One})"}, "AlarmActions": [{"Ref": "Topic"}]},
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
    graph = extract({"Resources": resources})
    assert set(graph.edges) == {Edge("One", "All", EdgeKind.DATA), Edge("All", "Topic", EdgeKind.DATA, "alarms")}


def test_roles_log_groups_layers_and_policies_are_parts(graph: ResourceGraph) -> None:
    parts = {edge.target for edge in graph.edges_of(EdgeKind.PART)}
    nouns = {"Role", "LogGroup", "LayerVersion", "QueuePolicy", "TopicPolicy", "BucketPolicy"}
    assert {graph.resources[part].noun for part in parts} == nouns
    assert parts == {name for name, node in graph.resources.items() if node.noun in nouns}


def test_every_reference_between_resources_is_an_edge(template: dict[str, Any], graph: ResourceGraph) -> None:
    joined = {frozenset((edge.source, edge.target)) for edge in graph.edges}
    for name, resource in template["Resources"].items():
        for reference in references(resource["Properties"]):
            assert reference.target not in graph.resources or {name, reference.target} in joined


def test_no_edge_is_there_twice(graph: ResourceGraph) -> None:
    assert len(set(graph.edges)) == len(graph.edges)


def test_a_third_source_has_its_own_way() -> None:
    graph = extract(json.loads(render(StackConfig(sources=(USERS, ORDERS, INVOICES)))))
    assert {
        Edge("InvoiceDataTable", "InvoiceDataEventSourceMapping", EdgeKind.DATA, "stream"),
        Edge("InvoiceDataEventSourceMapping", "InvoiceDataProcessor", EdgeKind.DATA, "invokes"),
        Edge("InvoiceDataProcessor", "AnalyticsTable", EdgeKind.DATA),
    } <= set(graph.edges)


def test_unknown_types_are_nodes_and_their_references_edges() -> None:
    graph = extract(
        {
            "Resources": {
                "Cache": {"Type": "AWS::ElastiCache::CacheCluster"},
                "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Policy": {"Caches": [{"Ref": "Cache"}]}}},
                "Bare": {"Type": "Custom::Thing", "Properties": {"Ref": "Cache"}},
            }
        }
    )
    assert list(graph.resources) == ["Cache", "Api", "Bare"]
    assert graph.edges == (
        Edge("Api", "Cache", EdgeKind.REFERENCE, "Caches"),
        Edge("Bare", "Cache", EdgeKind.REFERENCE, ""),
    )


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ({"Ref": "Table"}, "Table"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "Table"),
        ({"Fn::GetAtt": "Table.StreamArn"}, "Table"),
        ({"Fn::Sub": "${Table.Arn}/index/*"}, "Table"),
        ({"Fn::Sub": ["${Table}-${Short}", {"Short": "x"}]}, "Table"),
    ],
)
def test_every_way_to_refer_is_found(value: Any, target: str) -> None:
    assert target in [reference.target for reference in references(value)]


@pytest.mark.parametrize("value", ["Table", 1, None, {"Fn::Sub": "${AWS::Region} ${!Table}"}, {"Fn::Join": ["", []]}])
def test_what_names_no_resource_is_no_reference(value: Any) -> None:
    assert list(references(value)) == []


def test_a_reference_knows_the_properties_above_it() -> None:
    value = {"Targets": [{"Arn": {"Ref": "Machine"}}, {"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}}]}
    assert list(references(value)) == [
        Reference(("Targets", "Arn"), "Machine"),
        Reference(("Targets", "DeadLetterConfig", "Arn"), "Queue"),
    ]


def test_references_inside_functions_count_for_the_property() -> None:
    value = {"Enabled": {"Fn::If": ["Wanted", {"Ref": "Yes"}, {"Ref": "No"}]}}
    assert list(references(value)) == [Reference(("Enabled",), "Yes"), Reference(("Enabled",), "No")]
    nested = {"Name": {"Fn::Sub": ["${Part}", {"Part": {"Ref": "Whole"}}]}}
    assert Reference(("Name", "Part"), "Whole") in references(nested)


def policy(**statement: Any) -> Resource:
    return Resource("Policy", "AWS::SQS::QueuePolicy", {"PolicyDocument": {"Statement": statement}})


@pytest.mark.parametrize(
    ("statement", "edge"),
    [
        (
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Ref": "Queue"}},
            Edge("Policy", "Queue", EdgeKind.PERMISSION, "sqs:SendMessage"),
        ),
        (
            {"Effect": "Deny", "Sid": "NoHttp", "Action": ["sqs:*"], "Resource": [{"Fn::GetAtt": ["Queue", "Arn"]}]},
            Edge("Policy", "Queue", EdgeKind.PERMISSION, "deny sqs:* (NoHttp)"),
        ),
        (
            {"Effect": "Deny", "Action": ["sqs:A", "sqs:B"], "Resource": "*"},
            Edge("Policy", "*", EdgeKind.PERMISSION, "deny sqs:A, sqs:B"),
        ),
        (
            {"Effect": "Allow", "Action": "sqs:A", "Resource": {"Fn::Sub": "arn:${AWS::Partition}:sqs:::x"}},
            Edge("Policy", '{"Fn::Sub": "arn:${AWS::Partition}:sqs:::x"}', EdgeKind.PERMISSION, "sqs:A"),
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
    policies = [policy["Fn::If"][1] if "Fn::If" in policy else policy for policy in properties.get("Policies", [])]
    documents = [policy["PolicyDocument"] for policy in policies or [properties]]
    return {
        (action, target)
        for document in documents
        for statement in document["Statement"]
        for resource in statement["Resource"]
        for target in ([resource] if resource == "*" else [reference.target for reference in references(resource)])
        for action in statement["Action"]
    }


def test_arrows_equal_the_statements_of_every_policy(template: dict[str, Any], graph: ResourceGraph) -> None:
    policies = {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if {"Policies", "PolicyDocument"} & set(resource["Properties"])
    }
    assert len(policies) >= 9
    for logical_id, properties in policies.items():
        edges = [edge for edge in graph.edges_of(EdgeKind.PERMISSION) if edge.source == logical_id]
        drawn = {
            (action.removeprefix("deny ").partition(" (")[0], edge.target)
            for edge in edges
            for action in edge.label.split(", ")
        }
        assert drawn == granted_by(properties), logical_id
    assert {edge.source for edge in graph.edges_of(EdgeKind.PERMISSION)} == set(policies)
