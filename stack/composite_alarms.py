"""The composite alarms: one for each severity, which notifies when any alarm of that severity rings."""

from collections.abc import Sequence

from troposphere import If, Join, Sub, Template
from troposphere.cloudwatch import CompositeAlarm
from troposphere.sns import Topic

from stack.alarms import AlarmDefinition
from stack.config import StackConfig
from stack.parameters import NOTIFY_EACH_ALARM
from stack.runbook import RunbookEntry, Severity

_DESCRIPTIONS = {
    Severity.DATA_AT_RISK: "Records are lost, or will be if nobody acts: the dashboard shows which alarm rings.",
    Severity.BROKEN: "Something fails and will not succeed by itself: the dashboard shows which alarm rings.",
    Severity.LATE: "Nothing is lost, but it takes longer than it should: the dashboard shows which alarm rings.",
}


def add_composite_alarms(
    template: Template, config: StackConfig, topic: Topic, definitions: Sequence[AlarmDefinition]
) -> list[CompositeAlarm]:
    """Add the composite alarm of each severity."""
    return [
        template.add_resource(
            _composite_alarm(
                config, topic, severity, [alarm for alarm in definitions if alarm.runbook.severity is severity]
            )
        )
        for severity in Severity
    ]


def _composite_alarm(
    config: StackConfig, topic: Topic, severity: Severity, alarms: Sequence[AlarmDefinition]
) -> CompositeAlarm:
    """An alarm over others; it notifies of its end only if none of them waits for a person."""
    composite = CompositeAlarm(
        f"{severity.title.title().replace(' ', '')}Alarm",
        AlarmName=config.name(severity.value),
        ActionsEnabled=If(NOTIFY_EACH_ALARM, False, True),
        AlarmActions=[topic.ref()],
        AlarmDescription=RunbookEntry(severity.title, severity).under_heading(_DESCRIPTIONS[severity]),
        AlarmRule=_rule(alarms),
    )
    if not any(alarm.runbook.waits_for_a_person for alarm in alarms):
        composite.OKActions = [topic.ref()]
    return composite


def _rule(alarms: Sequence[AlarmDefinition]) -> Join:
    """Any of the alarms rings; one that its condition leaves out of the stack never does.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
    """
    conditional = [
        If(condition, Sub(_any_rings(alarms, condition)), "FALSE")
        for condition in sorted({alarm.condition for alarm in alarms if alarm.condition})
    ]
    return Join(" OR ", [Sub(_any_rings(alarms, None)), *conditional])


def _any_rings(alarms: Sequence[AlarmDefinition], condition: str | None) -> str:
    return " OR ".join(f'ALARM("${{{alarm.logical_id}}}")' for alarm in alarms if alarm.condition == condition)
