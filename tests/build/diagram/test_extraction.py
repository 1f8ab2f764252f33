import json
from typing import Any

import pytest

from build.diagram.extraction import extract
from build.diagram.graph import Edge, Graph, Kind
from build.diagram.references import references
from stack.config import StackConfig
from stack.template import render
from tests.sources import INVOICES, ORDERS, USERS


def test_every_resource_is_a_node(template: dict[str, Any], graph: Graph) -> None:
    assert list(graph.resources) == list(template["Resources"])
    assert all(node.type == template["Resources"][name]["Type"] for name, node in graph.resources.items())


@pytest.mark.parametrize("source", ["UserData", "OrderData"])
def test_a_source_flows_through_its_mapping_and_function_into_the_analytics_table(graph: Graph, source: str) -> None:
    table, mapping, function = f"{source}Table", f"{source}EventSourceMapping", f"{source}Processor"
    assert {
        Edge(table, mapping, Kind.DATA, "stream"),
        Edge(mapping, function, Kind.DATA, "invokes"),
        Edge(function, "AnalyticsTable", Kind.DATA),
        Edge(mapping, "FailedEventsBucket", Kind.FAILURE, "retries exhausted"),
        Edge(f"{function}Role", "AnalyticsTable", Kind.PERMISSION, "dynamodb:BatchWriteItem"),
    } <= set(graph.edges)


def test_the_rule_starts_the_state_machine_which_runs_the_functions(graph: Graph) -> None:
    assert {
        Edge("DailyAnalyticsRule", "DataProcessingStateMachine", Kind.DATA, "starts"),
        Edge("DailyAnalyticsRule", "DailyAnalyticsDeadLetterQueue", Kind.FAILURE, "could not start"),
        Edge("DailyAnalyticsRole", "DataProcessingStateMachine", Kind.PERMISSION, "states:StartExecution"),
        Edge("DataProcessingStateMachine", "DataValidator", Kind.DATA, "runs"),
        Edge("DataProcessingStateMachine", "AnalyticsProcessor", Kind.DATA, "runs"),
        Edge("AnalyticsProcessor", "AnalyticsTable", Kind.DATA),
    } <= set(graph.edges)


def test_every_alarm_watches_something_and_reaches_the_topic(graph: Graph) -> None:
    alarms = [node.logical_id for node in graph.resources.values() if node.noun == "Alarm"]
    assert alarms
    for alarm in alarms:
        assert graph.targets(alarm, Kind.WATCH), alarm
        assert graph.resources["AlertTopic"] in graph.targets(alarm, Kind.DATA), alarm
    assert Edge("AlertTopic", "AlertEmailSubscription", Kind.DATA, "notifies") in graph.edges


def test_roles_log_groups_layers_and_policies_are_parts(graph: Graph) -> None:
    parts = {edge.target for edge in graph.of(Kind.PART)}
    nouns = {"Role", "LogGroup", "LayerVersion", "QueuePolicy", "TopicPolicy", "BucketPolicy"}
    assert {graph.resources[part].noun for part in parts} == nouns
    assert parts == {name for name, node in graph.resources.items() if node.noun in nouns}


def test_every_reference_between_resources_is_an_edge(template: dict[str, Any], graph: Graph) -> None:
    joined = {frozenset((edge.source, edge.target)) for edge in graph.edges}
    for name, resource in template["Resources"].items():
        for reference in references(resource["Properties"]):
            assert reference.target not in graph.resources or {name, reference.target} in joined


def test_no_edge_is_there_twice(graph: Graph) -> None:
    assert len(set(graph.edges)) == len(graph.edges)


def test_a_third_source_has_its_own_way() -> None:
    graph = extract(json.loads(render(StackConfig(sources=(USERS, ORDERS, INVOICES)))))
    assert {
        Edge("InvoiceDataTable", "InvoiceDataEventSourceMapping", Kind.DATA, "stream"),
        Edge("InvoiceDataEventSourceMapping", "InvoiceDataProcessor", Kind.DATA, "invokes"),
        Edge("InvoiceDataProcessor", "AnalyticsTable", Kind.DATA),
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
        Edge("Api", "Cache", Kind.REFERENCE, "Caches"),
        Edge("Bare", "Cache", Kind.REFERENCE, ""),
    )
