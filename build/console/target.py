"""What the console shows: a stack, the clients to read it with, and what may be done to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from build.aws import Clients
from build.cloudformation.stacks import (
    DeployedStack,
    StackResource,
    deployed_template,
    existing_stack,
    stack_resources,
)
from build.diagram.graph import ResourceGraph, extract
from build.errors import CommandError
from build.redrive.failed_events import DeployedPipeline, deployed_pipeline
from stack.config import StackConfig


@dataclass(frozen=True)
class AllowedActions:
    """What the page offers beside reading: to start executions, to redrive, to generate records."""

    execute: bool = False
    redrive: bool = False
    generate: bool = False


@dataclass(frozen=True)
class Target:
    """A deployed stack.

    Args:
        clients: for everything that is read.
        redrive_clients: for redriving, which is not held back as reading is.
        config: of the stack.
        stack: as CloudFormation describes it.
        graph: of the template that it was deployed with.
        resources: by logical id.
        allowed: what may be done to it.
        place: where it is, for people.
        seconds_between_reads: how long what was read stays good enough.
    """

    clients: Clients
    redrive_clients: Clients
    config: StackConfig
    stack: DeployedStack
    graph: ResourceGraph
    resources: Mapping[str, StackResource]
    allowed: AllowedActions
    place: str
    seconds_between_reads: float

    @cached_property
    def pipeline(self) -> DeployedPipeline:
        """The sources, the bucket of failed events and the workflow."""
        return deployed_pipeline(self.stack, self.config)

    @property
    def state_machine(self) -> str:
        """The ARN of the workflow."""
        return self.pipeline.state_machine

    @property
    def analytics_table(self) -> str:
        """The name of the table of activities and summaries."""
        return self.stack.outputs["AnalyticsTableName"]

    def physical_ids(self, *types: str) -> dict[str, str]:
        """The logical ids of the resources of some types, by their names in AWS."""
        return {
            resource.physical_id: resource.logical_id
            for resource in self.resources.values()
            if resource.resource_type in types
        }


def open_target(
    clients: Clients,
    redrive_clients: Clients,
    config: StackConfig,
    allowed: AllowedActions,
    place: str,
    seconds_between_reads: float,
) -> Target:
    """Look at a stack, which has to be deployed; the arguments are those of `Target`.

    Raises:
        CommandError: when it is not deployed, or not with this project.
    """
    stack = existing_stack(clients.cloudformation, config.stack_name)
    try:
        graph = extract(json.loads(deployed_template(clients.cloudformation, stack.stack_id)))
    except ValueError as error:
        raise CommandError(f"the template of {stack.name} is not JSON, so something else made it.") from error
    resources = {found.logical_id: found for found in stack_resources(clients.cloudformation, stack.stack_id)}
    target = Target(
        clients,
        redrive_clients,
        config,
        stack,
        graph,
        resources,
        allowed,
        place,
        seconds_between_reads,
    )
    _ = target.pipeline
    return target
