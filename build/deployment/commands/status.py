"""The command `status`."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace

from build.deployment.commands.options import add_target_options, session
from build.deployment.deployed_stack import DeployedStack, existing_stack
from build.deployment.operating.status import Health, Status, status_of
from build.deployment.tables import Table

EXAMPLE = "python -m build status --suffix prod"
CALM = frozenset({"INSUFFICIENT_DATA", "OK"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_target_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show how a stack and its parts are; 0 when there is such a stack.

    Raises:
        CommandError: when there is none.
    """
    with session(arguments) as chosen:
        stack = existing_stack(chosen.clients.cloudformation, chosen.config.stack_name)
        status = status_of(chosen.clients, stack)
        chosen.presenter.result(asdict(status), status_tables(status))
    return 0


def status_tables(status: Status) -> list[Table]:
    """A status on one screen."""
    return [
        stack_table(status.stack),
        health_table("Functions", status.functions),
        health_table("Event source mappings", status.mappings),
        alarm_table(status.alarms),
    ]


def stack_table(stack: DeployedStack) -> Table:
    """What CloudFormation says about the stack."""
    protection = "on" if stack.termination_protection else "off"
    rows = [
        ("status", stack.status),
        ("reason", stack.status_reason),
        ("last change", f"{stack.changed:%Y-%m-%d %H:%M} UTC"),
        ("termination protection", protection),
    ]
    return Table(stack.name, ("", ""), [row for row in rows if row[1]])


def health_table(title: str, healths: Sequence[Health]) -> Table:
    """How parts are, a row for each."""
    return Table(title, ("name", "state", "details"), [(one.name, one.state, one.details) for one in healths])


def alarm_table(alarms: Sequence[Health]) -> Table:
    """The alarms that ask for attention, a row for each, and how many do not."""
    calm = Counter(one.state for one in alarms if one.state in CALM)
    urgent = health_table("Alarms", [one for one in alarms if one.state not in CALM])
    rest = [(f"{count} alarms", state, "") for state, count in sorted(calm.items())]
    return replace(urgent, rows=[*urgent.rows, *rest])
