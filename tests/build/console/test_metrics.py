"""The dashboard's metrics are read from its deployed body, abbreviations and all."""

from datetime import timedelta

from build.console.metrics import Metric, Series, Widget, dashboard_widgets, metric_series
from tests.build.support import START, Stubs

ERRORS = Metric("AWS/Lambda", "Errors", (("FunctionName", "users"),), "Sum")
OTHER_ERRORS = Metric("AWS/Lambda", "Errors", (("FunctionName", "orders"),), "Sum")
BODY = """{"widgets": [
  {"type": "metric", "properties": {"title": "Errors", "stat": "Sum", "metrics": [
    ["AWS/Lambda", "Errors", "FunctionName", "users"], [".", ".", ".", "orders"],
    [".", "Duration", ".", ".", {"stat": "p99", "period": 60}]]}},
  {"type": "alarm", "properties": {"title": "Alarms", "alarms": ["arn:one"]}}]}"""


def test_the_body_is_read_with_its_dots_and_options(stubs: Stubs) -> None:
    stubs.answer("cloudwatch", "get_dashboard", {"DashboardName": "dash"}, {"DashboardBody": BODY})
    graph, alarms = dashboard_widgets(stubs.clients.cloudwatch, "dash")
    assert graph.metrics == (
        ERRORS,
        OTHER_ERRORS,
        Metric("AWS/Lambda", "Duration", (("FunctionName", "orders"),), "p99", 60),
    )
    assert alarms == Widget("Alarms", (), ("arn:one",))


def test_values_come_in_order_from_every_page(stubs: Stubs) -> None:
    end = START + timedelta(hours=1)
    queries = [{"Id": "m0", **ERRORS.query}, {"Id": "m1", **OTHER_ERRORS.query}]
    asked = {"MetricDataQueries": queries, "StartTime": START, "EndTime": end, "ScanBy": "TimestampAscending"}
    later = START + timedelta(minutes=5)
    pages = [{"Id": "m0", "Timestamps": [later], "Values": [2.0]}], [{"Id": "m0", "Timestamps": [START], "Values": [1]}]
    first = {"MetricDataResults": pages[0], "NextToken": "next"}
    stubs.answer("cloudwatch", "get_metric_data", asked, first)
    stubs.answer("cloudwatch", "get_metric_data", {**asked, "NextToken": "next"}, {"MetricDataResults": pages[1]})
    found = metric_series(stubs.clients.cloudwatch, [ERRORS, OTHER_ERRORS, ERRORS], START, end)
    assert found == {ERRORS: Series((START, later), (1.0, 2.0)), OTHER_ERRORS: Series()}


def test_a_legend_says_what_distinguishes_a_line() -> None:
    duration = Metric("AWS/Lambda", "Duration", ERRORS.dimensions, "p99")
    names = {"users": "UserDataProcessor"}
    assert Widget("", (ERRORS, OTHER_ERRORS)).legend(ERRORS, names) == "UserDataProcessor"
    assert Widget("", (ERRORS, OTHER_ERRORS)).legend(OTHER_ERRORS, names) == "orders"
    assert Widget("", (ERRORS, duration)).legend(duration, names) == "Duration"
    assert Widget("", (ERRORS, OTHER_ERRORS, duration)).legend(duration, names) == "UserDataProcessor Duration"
