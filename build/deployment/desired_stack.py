"""A stack as it should be, with a value for every parameter."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from build.deployment.deployed_stack import DeployedStack
from build.deployment.deployment import Deployment
from build.deployment.template_body import declared_parameters, shortest
from build.errors import CommandError
from build.packaging import Package
from stack.config import StackConfig
from stack.parameters import ARTIFACT_BUCKET, LAYER_KEY, code_key


@dataclass(frozen=True)
class DesiredStack:
    """What a change set is made of.

    Args:
        name: of the stack.
        template: JSON in one line.
        parameters: a value for every parameter of the template.
        tags: of the stack and its resources.
    """

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


def desired_stack(deployment: Deployment, bucket: str, stack: DeployedStack | None, template: str) -> DesiredStack:
    """Complete what a user asks for with what is deployed.

    Args:
        deployment: what is asked for.
        bucket: the artifact bucket.
        stack: as it is; None when it is to be made.
        template: that the stack was made from; `{}` when there is none.

    Raises:
        CommandError: for a parameter that the template does not have, or that has no value.
    """
    wanted = shortest(json.loads(deployment.template))
    given = {**deployment.parameters, **artifact_parameters(deployment.config, deployment.package, bucket)}
    kept = values_given_before(stack.parameters if stack else {}, declared_parameters(template))
    deployed_tags = stack.tags if stack else {}
    return DesiredStack(
        name=deployment.config.stack_name,
        template=wanted,
        parameters=parameter_values(declared_parameters(wanted), given, kept),
        tags=deployed_tags if deployment.tags is None else deployment.tags,
    )


def artifact_parameters(config: StackConfig, package: Package, bucket: str) -> dict[str, str]:
    """The parameters that say where the code lies."""
    names = {function.logical_id: code_key(function) for function in config.functions}
    keys = {names.get(archive.name, LAYER_KEY): archive.object_key for archive in package.archives}
    return {ARTIFACT_BUCKET: bucket, **keys}


def values_given_before(values: Mapping[str, str], defaults: Mapping[str, str | None]) -> dict[str, str]:
    """The values that somebody chose, and not those that are there because they were the default."""
    return {name: value for name, value in values.items() if value != defaults.get(name)}


def parameter_values(
    defaults: Mapping[str, str | None], given: Mapping[str, str], kept: Mapping[str, str]
) -> dict[str, str]:
    """A value for every parameter: the one given now, else the one given before, else the default.

    Raises:
        CommandError: for a value without a parameter, or a parameter without a value.
    """
    if unknown := sorted(given.keys() - defaults.keys()):
        raise CommandError(
            f"the template has no parameter {', '.join(unknown)}; it has {', '.join(sorted(defaults))}.", exit_code=2
        )
    values = {name: given.get(name, kept.get(name, default)) for name, default in defaults.items()}
    if missing := sorted(name for name, value in values.items() if value is None):
        raise CommandError(
            f"the parameter {', '.join(missing)} has no value; give one with --parameter NAME=VALUE.", exit_code=2
        )
    return {name: value for name, value in values.items() if value is not None}
