"""The command `status`: a stack, its functions, their event source mappings and its alarms on one screen."""

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from botocore.exceptions import ClientError

from build.aws import Clients, error_code
from build.cloudformation.stacks import ALARM_TYPE, DeployedStack, StackResource, existing_stack, stack_resources
from build.options import add_stack_options, stack_context
from build.text import TextTable

EXAMPLE = "python -m build status --suffix prod"
REMEDY = "deploy the stack again, or look with `drift`"
_GONE = "GONE"
_CALM = frozenset({"INSUFFICIENT_DATA", "OK"})


@dataclass(frozen=True)
class Health:
    """How one part of a stack is.

    Args:
        name: logical id.
        state: AWS's word: `Active`, `Enabled`, `OK`, ...; `GONE` for what was deleted, but not by the stack.
        details: what else to know, in words.
    """

    name: str
    state: str
    details: str


@dataclass(frozen=True)
class Status:
    """How a stack is, part by part."""

    stack: DeployedStack
    functions: Sequence[Health]
    mappings: Sequence[Health]
    alarms: Sequence[Health]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show how a stack and its parts are; 0 when there is such a stack.

    Raises:
        CommandError: when there is none.
    """
    with stack_context(arguments) as context:
        stack = existing_stack(context.clients.cloudformation, context.config.stack_name)
        status = status_of(context.clients, stack)
        context.presenter.result(asdict(status), status_tables(status))
    return 0


def status_of(clients: Clients, stack: DeployedStack) -> Status:
    """Ask Lambda and CloudWatch how the parts of a stack are."""
    resources = stack_resources(clients.cloudformation, stack.stack_id)
    return Status(
        stack=stack,
        functions=_healths(clients, resources, "AWS::Lambda::Function", _function_health),
        mappings=_healths(clients, resources, "AWS::Lambda::EventSourceMapping", _mapping_health),
        alarms=_alarm_healths(clients, [resource for resource in resources if resource.resource_type == ALARM_TYPE]),
    )


def status_tables(status: Status) -> list[TextTable]:
    """A status on one screen."""
    return [
        _stack_table(status.stack),
        _health_table("Functions", status.functions),
        _health_table("Event source mappings", status.mappings),
        _alarm_table(status.alarms),
    ]


def _healths(
    clients: Clients,
    resources: Sequence[StackResource],
    resource_type: str,
    ask: Callable[[Clients, StackResource], Health],
) -> list[Health]:
    return [
        _health_or_gone(clients, resource, ask) for resource in resources if resource.resource_type == resource_type
    ]


def _health_or_gone(
    clients: Clients, resource: StackResource, ask: Callable[[Clients, StackResource], Health]
) -> Health:
    try:
        return ask(clients, resource)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        return Health(resource.logical_id, _GONE, REMEDY)


def _function_health(clients: Clients, resource: StackResource) -> Health:
    found = clients.functions.get_function_configuration(FunctionName=resource.physical_id)
    details = f"{found['Runtime']}, {found['MemorySize']} MB, code of {found['LastModified'][:19]}"
    last_update = found.get("LastUpdateStatus", "Successful")
    failed = "" if last_update == "Successful" else f", last update {last_update}"
    return Health(resource.logical_id, found.get("State", "Active"), details + failed)


def _mapping_health(clients: Clients, resource: StackResource) -> Health:
    found = clients.functions.get_event_source_mapping(UUID=resource.physical_id)
    return Health(resource.logical_id, found["State"], found.get("LastProcessingResult", ""))


def _alarm_healths(clients: Clients, resources: Sequence[StackResource]) -> list[Health]:
    """The alarms that are gone first, then those in ALARM, then those that lack data."""
    names = {resource.physical_id: resource.logical_id for resource in resources}
    if not names:
        return []
    found = clients.cloudwatch.describe_alarms(AlarmNames=sorted(names), MaxRecords=100)["MetricAlarms"]
    states: Mapping[str, Health] = {
        alarm["AlarmName"]: Health(
            names[alarm["AlarmName"]], alarm["StateValue"], f"since {alarm['StateUpdatedTimestamp']:%Y-%m-%d %H:%M}"
        )
        for alarm in found
    }
    gone = [Health(logical_id, _GONE, REMEDY) for name, logical_id in names.items() if name not in states]
    urgency = {_GONE: 0, "ALARM": 1, "INSUFFICIENT_DATA": 2}
    return sorted([*states.values(), *gone], key=lambda health: (urgency.get(health.state, 3), health.name))


def _stack_table(stack: DeployedStack) -> TextTable:
    protection = "on" if stack.termination_protection else "off"
    rows = [
        ("status", stack.status),
        ("reason", stack.status_reason),
        ("streams", stack.pause),
        ("last change", f"{stack.changed:%Y-%m-%d %H:%M} UTC"),
        ("termination protection", protection),
    ]
    return TextTable(stack.name, ("", ""), [row for row in rows if row[1]])


def _health_table(title: str, healths: Sequence[Health]) -> TextTable:
    return TextTable(
        title, ("name", "state", "details"), [(health.name, health.state, health.details) for health in healths]
    )


def _alarm_table(alarms: Sequence[Health]) -> TextTable:
    """The alarms that ask for attention, a row for each, and how many do not."""
    calm = Counter(alarm.state for alarm in alarms if alarm.state in _CALM)
    urgent = _health_table("Alarms", [alarm for alarm in alarms if alarm.state not in _CALM])
    rest = [(f"{count} alarms", state, "") for state, count in sorted(calm.items())]
    return replace(urgent, rows=[*urgent.rows, *rest])
