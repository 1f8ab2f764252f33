"""The rules of composite alarms, held against PutCompositeAlarm's documentation."""

import pytest

from build.monitoring.evaluation import State
from build.monitoring.rules import RuleError, composite_state

STATES = {
    "red": State.ALARM,
    "green": State.OK,
    "grey": State.INSUFFICIENT_DATA,
    "arn:aws:cloudwatch:us-west-2:123456789012:alarm:red": State.ALARM,
}


@pytest.mark.parametrize(
    ("rule", "rings"),
    [
        ("ALARM(red)", True),
        ('ALARM("red")', True),
        ('ALARM("arn:aws:cloudwatch:us-west-2:123456789012:alarm:red")', True),
        ("ALARM(grey)", False),
        ("OK(green) AND INSUFFICIENT_DATA(grey)", True),
        ("ALARM(green) OR FALSE", False),
        ("TRUE", True),
        ("NOT ALARM(green)", True),
        ("ALARM(red) AND NOT ALARM(green)", True),
        ("NOT (ALARM(red) OR ALARM(green))", False),
        ("TRUE OR TRUE AND FALSE", True),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT NOT TRUE", True),
        (" ALARM( red )  OR\nFALSE ", True),
    ],
)
def test_a_rule_says_when_its_alarm_rings(rule: str, rings: bool) -> None:
    assert composite_state(rule, STATES) == (State.ALARM if rings else State.OK)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "its end"),
        ("ALARM(red", "'ALARM' where an alarm's state"),
        ("TRUE OR %", "cannot be read from"),
        ("ALARM(red) ALARM(green)", "'ALARM' where it should end"),
        ("(TRUE", "closing parenthesis"),
        ("TRUE OR", "its end"),
        ("AND TRUE", "'AND' where an alarm's state"),
        ("ALARM(blue)", "'blue', which does not exist"),
    ],
)
def test_what_is_no_rule_is_refused_in_a_sentence(rule: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        composite_state(rule, STATES)
