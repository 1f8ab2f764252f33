"""A metric alarm's state, held against the tables in CloudWatch's documentation."""

from typing import Any

import pytest

from build.monitoring.evaluation import DataPoint, Metric, State, metric_alarm

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
STATES = {"A": State.ALARM, "O": State.OK, "I": State.INSUFFICIENT_DATA}
THREE_OF_THREE = {
    "0 - X - X": "OOOO",
    "0 - - - -": "OOOO",
    "- - - - -": "I=AO",
    "0 X X - X": "AAAA",
    "- - X - -": "A=AO",
}
"""The first table: the data points, newest last, and the state by treatment; `=` for the state before."""
TWO_OF_THREE = {
    "0 - X - X": "AAAA",
    "0 0 X 0 X": "AAAA",
    "0 - X - -": "OOAO",
    "- - - - 0": "OOAO",
    "- - - X -": "A=AO",
}
"""The second table."""
TABLES = [(3, row, states) for row, states in THREE_OF_THREE.items()]
TABLES += [(2, row, states) for row, states in TWO_OF_THREE.items()]
TABLES += [(3, "- - - - X", "O=AO"), (3, "- - - X -", "O=AO")]
"""The last two are the text's examples of what does not go into ALARM at once."""
PROPERTIES: dict[str, Any] = {
    "Namespace": "App",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 300,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Threshold": 1,
    "EvaluationPeriods": 3,
}
BREACHES = {"0": False, "X": True, "-": None}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize(("needed", "row", "states"), TABLES)
def test_missing_data_is_treated_as_documented(
    needed: int, row: str, states: str, treatment: str, before: State
) -> None:
    alarm = metric_alarm(PROPERTIES | {"DatapointsToAlarm": needed, "TreatMissingData": treatment})
    expected = STATES.get(states[TREATMENTS.index(treatment)], before)
    assert alarm.judged([BREACHES[mark] for mark in row.split()], before) == expected


@pytest.mark.parametrize(
    ("statistic", "comparison", "threshold", "expected"),
    [
        ("Sum", "GreaterThanOrEqualToThreshold", 6, State.ALARM),
        ("Sum", "GreaterThanThreshold", 6, State.OK),
        ("Average", "LessThanOrEqualToThreshold", 3, State.ALARM),
        ("Maximum", "LessThanThreshold", 4, State.OK),
        ("Minimum", "LessThanThreshold", 3, State.ALARM),
        ("SampleCount", "LessThanThreshold", 2, State.OK),
    ],
)
def test_the_values_of_a_period_are_one_data_point(
    statistic: str, comparison: str, threshold: int, expected: State
) -> None:
    compared = {"Statistic": statistic, "ComparisonOperator": comparison, "Threshold": threshold}
    alarm = metric_alarm(PROPERTIES | compared | {"EvaluationPeriods": 1})
    points = [DataPoint(100, 1000), DataPoint(701, 2), DataPoint(1000, 4), DataPoint(1001, 1000)]
    assert alarm.state(points, 1000, State.OK) == expected


def test_an_alarm_is_read_from_its_template() -> None:
    dimensions = [{"Name": "service", "Value": "orders"}, {"Name": "environment", "Value": "dev"}]
    alarm = metric_alarm(PROPERTIES | {"Dimensions": dimensions})
    assert alarm.metric == Metric("App", "Errors", (("environment", "dev"), ("service", "orders")))
    assert (alarm.datapoints_to_alarm, alarm.missing_data) == (3, "missing")
