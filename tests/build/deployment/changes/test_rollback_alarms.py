import json
from typing import Any

from build.deployment.changes.rollback_alarms import rollback_configuration
from tests.build.deployment.support import ACCOUNT, REGION, STACK_ID, START, Stubs, a_stack

ALARM = "AWS::CloudWatch::Alarm"


def template(**metrics: str) -> str:
    alarms = {name: {"Type": ALARM, "Properties": {"MetricName": metric}} for name, metric in metrics.items()}
    return json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, **alarms}})


def arn(name: str) -> str:
    return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"


def foretell(stubs: Stubs, deployed: list[str], states: dict[str, str]) -> None:
    summaries: list[dict[str, Any]] = [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": f"dev-{name}",
            "ResourceType": ALARM,
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": START,
        }
        for name in deployed
    ]
    stubs.answer(
        "cloudformation", "list_stack_resources", {"StackName": STACK_ID}, {"StackResourceSummaries": summaries}
    )
    if states:
        alarms = [
            {"AlarmName": f"dev-{name}", "AlarmArn": arn(name), "StateValue": state} for name, state in states.items()
        ]
        parameters = {"AlarmNames": [f"dev-{name}" for name in states], "MaxRecords": 100}
        stubs.answer("cloudwatch", "describe_alarms", parameters, {"MetricAlarms": alarms})


def test_alarms_that_tell_of_a_bad_update_take_it_back_most_telling_first(stubs: Stubs) -> None:
    foretell(stubs, ["Slow", "Throttled", "Failed", "Errors"], {"Errors": "OK", "Failed": "OK", "Throttled": "OK"})
    body = template(Slow="IteratorAge", Throttled="Throttles", Failed="ExecutionsFailed", Errors="Errors")
    assert rollback_configuration(stubs.clients, a_stack(), body) == {
        "RollbackTriggers": [{"Arn": arn(name), "Type": ALARM} for name in ("Errors", "Failed", "Throttled")],
        "MonitoringTimeInMinutes": 5,
    }


def test_alarms_that_ring_already_or_are_new_or_go_take_nothing_back(stubs: Stubs) -> None:
    foretell(stubs, ["Quiet", "Ringing", "Going"], {"Quiet": "INSUFFICIENT_DATA", "Ringing": "ALARM"})
    body = template(Quiet="Errors", Ringing="Errors", Coming="Errors")
    triggers = rollback_configuration(stubs.clients, a_stack(), body)["RollbackTriggers"]
    assert triggers == [{"Arn": arn("Quiet"), "Type": ALARM}]


def test_there_are_at_most_five(stubs: Stubs) -> None:
    names = [f"Alarm{number}" for number in range(7)]
    foretell(stubs, names, dict.fromkeys(names, "OK"))
    triggers = rollback_configuration(stubs.clients, a_stack(), template(**dict.fromkeys(names, "Errors")))
    assert len(triggers["RollbackTriggers"]) == 5


def test_without_alarms_nothing_is_watched(stubs: Stubs) -> None:
    foretell(stubs, [], {})
    assert rollback_configuration(stubs.clients, a_stack(), template()) == {
        "RollbackTriggers": [],
        "MonitoringTimeInMinutes": 0,
    }
