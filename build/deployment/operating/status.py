"""How a stack is: itself, its functions, their event source mappings, its alarms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from build.deployment.aws_errors import error_code
from build.deployment.clients import Clients
from build.deployment.deployed_stack import DeployedStack
from build.deployment.stack_resources import StackResource, stack_resources

GONE = "GONE"
REMEDY = "deploy the stack again, or look with `drift`"


@dataclass(frozen=True)
class Health:
    """How one part of a stack is.

    Args:
        name: logical id.
        state: AWS's word: `Active`, `Enabled`, `OK`, ...; `GONE` for what was deleted behind the stack's back.
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


def status_of(clients: Clients, stack: DeployedStack) -> Status:
    """Ask Lambda and CloudWatch how the parts of a stack are."""
    resources = stack_resources(clients.cloudformation, stack.stack_id)
    return Status(
        stack=stack,
        functions=healths(clients, resources, "AWS::Lambda::Function", function_health),
        mappings=healths(clients, resources, "AWS::Lambda::EventSourceMapping", mapping_health),
        alarms=alarm_healths(clients, [one for one in resources if one.resource_type == "AWS::CloudWatch::Alarm"]),
    )


def healths(
    clients: Clients,
    resources: list[StackResource],
    resource_type: str,
    ask: Callable[[Clients, StackResource], Health],
) -> list[Health]:
    """How the resources of a type are; one that AWS does not find is gone."""
    return [existing(clients, one, ask) for one in resources if one.resource_type == resource_type]


def existing(clients: Clients, resource: StackResource, ask: Callable[[Clients, StackResource], Health]) -> Health:
    """How a resource is, if it still is."""
    try:
        return ask(clients, resource)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        return Health(resource.logical_id, GONE, REMEDY)


def function_health(clients: Clients, resource: StackResource) -> Health:
    """State, size and age of a function."""
    found = clients.functions.get_function_configuration(FunctionName=resource.physical_id)
    details = f"{found['Runtime']}, {found['MemorySize']} MB, code of {found['LastModified'][:19]}"
    last_update = found.get("LastUpdateStatus", "Successful")
    failed = "" if last_update == "Successful" else f", last update {last_update}"
    return Health(resource.logical_id, found.get("State", "Active"), details + failed)


def mapping_health(clients: Clients, resource: StackResource) -> Health:
    """State of a mapping, and how its last batch went."""
    found = clients.functions.get_event_source_mapping(UUID=resource.physical_id)
    return Health(resource.logical_id, found["State"], found.get("LastProcessingResult", ""))


def alarm_healths(clients: Clients, resources: list[StackResource]) -> list[Health]:
    """State of the alarms, those that ring first, then those that lack data."""
    names = {one.physical_id: one.logical_id for one in resources}
    if not names:
        return []
    found = clients.cloudwatch.describe_alarms(AlarmNames=sorted(names), MaxRecords=100)["MetricAlarms"]
    states: Mapping[str, Health] = {
        alarm["AlarmName"]: Health(
            names[alarm["AlarmName"]], alarm["StateValue"], f"since {alarm['StateUpdatedTimestamp']:%Y-%m-%d %H:%M}"
        )
        for alarm in found
    }
    gone = [Health(logical_id, GONE, REMEDY) for name, logical_id in names.items() if name not in states]
    urgency = {GONE: 0, "ALARM": 1, "INSUFFICIENT_DATA": 2}
    return sorted([*states.values(), *gone], key=lambda health: (urgency.get(health.state, 3), health.name))
