"""What acts in the name of a role of the stack, and what it is documented to need there."""

from collections.abc import Iterator
from itertools import chain

from tests.privileges import documented_needs
from tests.privileges.deployed import ARNS, KEY, arn_of, resolved
from tests.privileges.documented_needs import Need
from tests.stack.resolve import Json, nodes, resources_of

FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
STATE_MACHINE = "AWS::StepFunctions::StateMachine"
RULE = "AWS::Events::Rule"


def functions_of(suffix: str, role: str) -> dict[str, Json]:
    """The functions that run in a role: their properties by logical id."""
    functions = resources_of(suffix, FUNCTION).items()
    return {name: given for name, given in functions if resolved(suffix, given["Role"]) == arn_of(suffix, role)}


def state_machines_of(suffix: str, role: str) -> dict[str, Json]:
    """The state machines that run in a role: their properties by logical id."""
    machines = resources_of(suffix, STATE_MACHINE).items()
    return {name: given for name, given in machines if resolved(suffix, given["RoleArn"]) == arn_of(suffix, role)}


def rules_of(suffix: str, role: str) -> dict[str, Json]:
    """The rules that call a target in a role: the target by logical id of the rule."""
    targets = {name: target for name, rule in resources_of(suffix, RULE).items() for target in rule["Targets"]}
    return {
        name: given for name, given in targets.items() if resolved(suffix, given["RoleArn"]) == arn_of(suffix, role)
    }


def users_of(suffix: str, role: str) -> list[str]:
    """The ARNs of the functions, state machines and rules that act in a role."""
    everything = (functions_of(suffix, role), state_machines_of(suffix, role), rules_of(suffix, role))
    return [arn_of(suffix, logical_id) for logical_id in chain(*everything)]


def function_needs(suffix: str, function: Json) -> Iterator[Need]:
    """What Lambda does for a function."""
    log_group = ARNS["AWS::Logs::LogGroup"].format(name=resolved(suffix, function["LoggingConfig"]["LogGroup"]))
    yield from (need.on(log_group=log_group) for need in documented_needs.OF_A_FUNCTION)


def mapping_needs(suffix: str, function: str) -> Iterator[Need]:
    """What Lambda does for the mappings of a function."""
    for mapping in resources_of(suffix, MAPPING).values():
        if mapping["FunctionName"] == {"Ref": function}:
            stream = resolved(suffix, mapping["EventSourceArn"])
            destination = resolved(suffix, mapping["DestinationConfig"]["OnFailure"]["Destination"])
            yield from (need.on(stream=stream, destination=destination) for need in documented_needs.OF_A_MAPPING)


def state_machine_needs(suffix: str, state_machine: Json) -> Iterator[Need]:
    """What Step Functions does for a state machine and its tasks."""
    yield from documented_needs.OF_A_STATE_MACHINE
    substitutions = resolved(suffix, state_machine["DefinitionSubstitutions"])
    for state in nodes(state_machine["Definition"]):
        if isinstance(state, dict) and state.get("Type") == "Task":
            function = substitutions[state["Parameters"]["FunctionName"].strip("${}")]
            yield from (need.on(function=function) for need in documented_needs.OF_A_TASK)


def key_needs_of(suffix: str, role: str) -> Iterator[Need]:
    """What is needed beyond `needs_of` in a stack that has a key of its own."""
    for name, function in functions_of(suffix, role).items():
        if "ANALYTICS_TABLE_NAME" in function["Environment"]["Variables"]:
            yield from (need.on(key=KEY) for need in documented_needs.OF_AN_ENCRYPTED_TABLE)
        if any(mapping_needs(suffix, name)):
            yield from (need.on(key=KEY) for need in documented_needs.OF_A_KEY)


def needs_of(suffix: str, role: str) -> Iterator[Need]:
    """Everything that services do in the name of a role."""
    for name, function in functions_of(suffix, role).items():
        yield from function_needs(suffix, function)
        yield from mapping_needs(suffix, name)
    for state_machine in state_machines_of(suffix, role).values():
        yield from state_machine_needs(suffix, state_machine)
    for target in rules_of(suffix, role).values():
        yield from (need.on(target=resolved(suffix, target["Arn"])) for need in documented_needs.OF_A_TARGET)
