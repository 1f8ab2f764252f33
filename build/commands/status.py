"""The command `status`: a stack, its functions, their event source mappings and its alarms on one screen."""

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from botocore.exceptions import ClientError

from build.aws import Clients
from build.aws_errors import error_code
from build.cloudformation.stacks import (
    ALARM_TYPE,
    FUNCTION_TYPE,
    LAYER_TYPE,
    DeployedStack,
    StackResource,
    existing_stack,
    stack_resources,
)
from build.deploy.recovery import NextAction, next_action
from build.deploy.running_code import Drift, code_drifts
from build.options import add_stack_options, stack_context
from build.text import TextTable
from stack.config import StackConfig
from stack.parameters import STREAM_PROCESSING

EXAMPLE = "python -m build status --suffix prod"
REMEDY = "deploy the stack again, or look with `drift`"
_GONE = "GONE"
_NOT_WELL = 2
_CALM = frozenset({"INSUFFICIENT_DATA", "OK"})


@dataclass(frozen=True)
class Health:
    """How one part of a stack is.

    Args:
        name: logical id.
        state: AWS's word: `Active`, `Enabled`, `OK`, ...; `GONE` for what was deleted, but not by the stack.
        details: what else to know, in words.
        well: whether it is as in a stack at work; so is an alarm that lacks data.
    """

    name: str
    state: str
    details: str
    well: bool


@dataclass(frozen=True)
class Status:
    """How a stack is, part by part."""

    stack: DeployedStack
    functions: Sequence[Health]
    mappings: Sequence[Health]
    alarms: Sequence[Health]

    @property
    def problems(self) -> list[str]:
        """What is not well, by name: the stack when its status has to be recovered from, and its parts."""
        settled = next_action(self.stack.status) in {NextAction.FOLLOW, NextAction.UPDATE}
        ill = [part for part in (*self.functions, *self.mappings, *self.alarms) if not part.well]
        stack = [] if settled else [f"{self.stack.name} is {self.stack.status}"]
        return [*stack, *(f"{part.name} is {part.state}" for part in ill)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show how a stack and its parts are; 0 when all is well, 2 when something is not.

    Raises:
        CommandError: when there is none.
    """
    with stack_context(arguments) as context:
        stack = existing_stack(context.clients.cloudformation, context.config.stack_name)
        status = status_of(context.clients, context.config, stack)
        well = not status.problems
        context.presenter.result({"well": well, **asdict(status)}, status_tables(status))
    return 0 if well else _NOT_WELL


def status_of(clients: Clients, config: StackConfig, stack: DeployedStack) -> Status:
    """Ask Lambda and CloudWatch how the parts of a stack are, and whether its functions run what was deployed."""
    resources = stack_resources(clients.cloudformation, stack.stack_id)
    mapping_health = partial(_mapping_health, stack.parameters.get(STREAM_PROCESSING, "Enabled"))
    drifts = code_drifts(clients, config, stack)
    functions = _healths(clients, resources, FUNCTION_TYPE, partial(_function_health, drifts))
    return Status(
        stack=stack,
        functions=[*functions, *_layer_healths(drifts)],
        mappings=_healths(clients, resources, "AWS::Lambda::EventSourceMapping", mapping_health),
        alarms=_alarm_healths(clients, [resource for resource in resources if resource.resource_type == ALARM_TYPE]),
    )


def status_tables(status: Status) -> list[TextTable]:
    """A status on one screen."""
    return [
        _stack_table(status),
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
        return Health(resource.logical_id, _GONE, REMEDY, well=False)


def _function_health(drifts: Sequence[Drift], clients: Clients, resource: StackResource) -> Health:
    found = clients.functions.get_function_configuration(FunctionName=resource.physical_id)
    details = f"{found['Runtime']}, {found['MemorySize']} MB, code of {found['LastModified'][:19]}"
    last_update = found.get("LastUpdateStatus", "Successful")
    failed = "" if last_update == "Successful" else f", last update {last_update}"
    drift = "".join(f", {drift.of_code}" for drift in drifts if drift.logical_id == resource.logical_id)
    state = found.get("State", "Active")
    well = state == "Active" and last_update != "Failed"
    return Health(resource.logical_id, state, details + failed + drift, well=well)


def _layer_healths(drifts: Sequence[Drift]) -> list[Health]:
    """The layer is told of only when something is wrong with it."""
    changed = [drift for drift in drifts if drift.resource_type == LAYER_TYPE]
    return [Health(drift.logical_id, "Active", drift.of_code, well=True) for drift in changed]


def _mapping_health(processing: str, clients: Clients, resource: StackResource) -> Health:
    found = clients.functions.get_event_source_mapping(UUID=resource.physical_id)
    state = found["State"]
    return Health(
        resource.logical_id, state, found.get("LastProcessingResult", ""), well=state in {"Enabled", processing}
    )


def _alarm_healths(clients: Clients, resources: Sequence[StackResource]) -> list[Health]:
    """The alarms that are gone first, then those in ALARM, then those that lack data."""
    names = {resource.physical_id: resource.logical_id for resource in resources}
    if not names:
        return []
    found = clients.cloudwatch.describe_alarms(AlarmNames=sorted(names), MaxRecords=100)["MetricAlarms"]
    states: Mapping[str, Health] = {
        alarm["AlarmName"]: Health(
            name=names[alarm["AlarmName"]],
            state=alarm["StateValue"],
            details=f"since {alarm['StateUpdatedTimestamp']:%Y-%m-%d %H:%M}",
            well=alarm["StateValue"] in _CALM,
        )
        for alarm in found
    }
    gone = [Health(logical_id, _GONE, REMEDY, well=False) for name, logical_id in names.items() if name not in states]
    urgency = {_GONE: 0, "ALARM": 1, "INSUFFICIENT_DATA": 2}
    return sorted([*states.values(), *gone], key=lambda health: (urgency.get(health.state, 3), health.name))


def _stack_table(status: Status) -> TextTable:
    stack = status.stack
    protection = "on" if stack.termination_protection else "off"
    rows = [
        ("status", stack.status),
        ("reason", stack.status_reason),
        ("streams", stack.pause),
        ("last change", f"{stack.changed:%Y-%m-%d %H:%M} UTC"),
        ("termination protection", protection),
        ("not well", ", ".join(status.problems)),
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
