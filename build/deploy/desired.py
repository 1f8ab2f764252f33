"""What a user asks for, completed to a stack as it should be, beside the stack as it is."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from build.aws import Clients
from build.cloudformation.change_sets import rollback_configuration
from build.cloudformation.stacks import (
    DeployedStack,
    DesiredStack,
    canonical_template,
    deployed_template,
    parsed_template,
)
from build.deploy.artifacts import ArtifactBucket, artifact_bucket, template_argument
from build.deploy.expiry import EXPIRY_TAG, NEVER
from build.errors import CommandError
from build.options import assignment, email_address, given_once
from build.packaging import Package, package
from build.packaging.command import OUTPUT, add_bytecode_option, bytecode_compiler
from build.progress import Progress
from stack.activity_shards import activity_shards_from_variable, require_unchanged_past
from stack.config import ANALYTICS_PROCESSOR, StackConfig
from stack.errors import ConfigurationError
from stack.parameters import ALERT_EMAIL, ARTIFACT_BUCKET, LAYER_KEY, code_key
from stack.settings import SuffixSettings
from stack.template import render

NO_TEMPLATE = "{}"


@dataclass(frozen=True)
class Deployment:
    """What a user asks for.

    Args:
        config: names the stack and says whether it is protected.
        template: JSON text.
        package: the archives that the template's parameters point at.
        parameters: values given by the user; the others keep what was given before, or are the defaults.
        tags: of the stack and its resources; None keeps those there are.
        role_arn: the role that CloudFormation acts as; None keeps the stack's.
        rollback: whether a failure rolls everything back; without, the stack stays as it failed.
        allow_replace: logical ids of resources whose data may be lost.
        continue_rollback: whether to continue a rollback that failed.
        skip: logical ids of resources that such a rollback leaves alone.
        revert_drift: whether to undo what was changed outside of CloudFormation, too.
        expiry: until when the stack is needed, as its tag says it; None keeps the stack's.
    """

    config: StackConfig
    template: str
    package: Package
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    role_arn: str | None = None
    rollback: bool = True
    allow_replace: frozenset[str] = frozenset()
    continue_rollback: bool = False
    skip: frozenset[str] = frozenset()
    revert_drift: bool = False
    expiry: str | None = None


@dataclass(frozen=True)
class Comparison:
    """A stack as it is and as it should be.

    Args:
        stack: as it is; None when it is to be created.
        template: that it was created from.
        desired: as it should be.
        bucket: of what it is created from.
        may_have_drifted: whether its resources count, of which only a change set says how they are.
    """

    stack: DeployedStack | None
    template: str
    desired: DesiredStack
    bucket: ArtifactBucket
    may_have_drifted: bool = False

    @property
    def is_as_desired(self) -> bool:
        """Whether template, parameters and tags are what is asked for, and resources that count cannot differ."""
        if self.stack is None or self.may_have_drifted:
            return False
        deployed = (self.template, self.stack.parameters, self.stack.tags)
        return deployed == (self.desired.template, self.desired.parameters, self.desired.tags)


def add_deployment_options(parser: argparse.ArgumentParser) -> None:
    """The options that say what is to be deployed, for the commands that deploy it or show what that would change."""
    parser.add_argument(
        "--alert-email", type=email_address, metavar="ADDRESS", help="where alarms are mailed to; empty for nowhere"
    )
    parser.add_argument(
        "--parameter",
        action="append",
        type=assignment,
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template; those not given keep their value",
    )
    parser.add_argument(
        "--tag",
        action="append",
        type=assignment,
        metavar="KEY=VALUE",
        help="a tag of the stack and its resources; without any, those there are stay, as its expiry always does",
    )
    parser.add_argument("--role-arn", metavar="ARN", help="role that CloudFormation acts as")
    add_bytecode_option(parser)
    parser.add_argument("--no-rollback", action="store_true", help="leave the stack as it failed, to look at it")
    parser.add_argument(
        "--allow-replace",
        action="append",
        default=[],
        metavar="LOGICAL_ID",
        help="a table, bucket or log group that may be deleted or replaced with all that it stores",
    )
    parser.add_argument(
        "--revert-drift", action="store_true", help="also undo what was changed outside of CloudFormation (`drift`)"
    )


def requested_deployment(arguments: argparse.Namespace, settings: SuffixSettings, progress: Progress) -> Deployment:
    """What the options and the suffix's settings ask for, its archives made; an option wins over a setting.

    Raises:
        CommandError: for options that exclude each other, and when something cannot be packaged.
    """
    config = settings.config
    if arguments.no_rollback and config.protected:
        raise CommandError(f"{config.stack_name} is protected and always rolls back; leave out --no-rollback.", 2)
    parameters = _given_parameters(arguments, config)
    tags = given_once("--tag", arguments.tag or ())
    bytecode = settings.bytecode if arguments.bytecode is None else arguments.bytecode
    return Deployment(
        config=config,
        template=render(config),
        package=package(config, OUTPUT, bytecode_compiler(bytecode, progress)),
        parameters={**settings.parameters, **parameters},
        tags={**settings.tags, **tags} if tags or settings.tags else None,
        role_arn=arguments.role_arn or settings.role,
        rollback=not arguments.no_rollback,
        allow_replace=frozenset(arguments.allow_replace),
        revert_drift=arguments.revert_drift,
    )


def compare(clients: Clients, deployment: Deployment, stack: DeployedStack | None) -> Comparison:
    """Read what is deployed and complete what is asked for with it; one call when there is a stack.

    Raises:
        CommandError: for a parameter that the template does not have, or that has no value; for a resource that an
            option names and that is nowhere; for shards that would change for records that exist.
    """
    template = deployed_template(clients.cloudformation, stack.stack_id) if stack else NO_TEMPLATE
    _refuse_unknown_resources(deployment, template)
    _refuse_changed_past(deployment.config, template)
    bucket = artifact_bucket(clients, stack)
    default_tags = _default_tags(clients, deployment.config)
    desired = desired_stack(deployment, bucket.name, stack, template, default_tags)
    return Comparison(stack, template, desired, bucket, deployment.revert_drift)


def _default_tags(clients: Clients, config: StackConfig) -> Mapping[str, str]:
    """The tags of a stack that nobody chose.

    CloudFormation passes a stack's tags on to its resources, of which event source mappings take none in GovCloud.
    """
    return {} if clients.partition == "aws-us-gov" else config.tags


def change_set_arguments(
    clients: Clients, deployment: Deployment, comparison: Comparison, progress: Progress
) -> dict[str, Any]:
    """The arguments of CreateChangeSet: the template, and what is not part of the desired stack.

    A change set that reverts drift compares the template with the resources themselves
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html).
    """
    arguments = template_argument(comparison.bucket, comparison.desired.template)
    if deployment.role_arn:
        arguments["RoleARN"] = deployment.role_arn
    if deployment.revert_drift and comparison.stack:
        arguments["DeploymentMode"] = "REVERT_DRIFT"
    if deployment.config.protected and comparison.stack:
        arguments["RollbackConfiguration"] = rollback_configuration(
            clients, comparison.stack, comparison.desired.template, progress
        )
    return arguments


def desired_stack(
    deployment: Deployment,
    bucket: str,
    stack: DeployedStack | None,
    template: str,
    default_tags: Mapping[str, str],
) -> DesiredStack:
    """Complete what a user asks for with what is deployed.

    Args:
        deployment: what is asked for.
        bucket: name of the artifact bucket.
        stack: as it is; None when it is to be created.
        template: that the stack was created from; `{}` when there is none.
        default_tags: of the stack; a tag that was chosen, now or before, wins over the one of its name.

    Raises:
        CommandError: for a parameter that the template does not have, or that has no value.
    """
    wanted = canonical_template(json.loads(deployment.template))
    given = {**deployment.parameters, **artifact_parameters(deployment.config, deployment.package, bucket)}
    kept = _values_given_before(stack.parameters if stack else {}, declared_parameters(template))
    return DesiredStack(
        name=deployment.config.stack_name,
        template=wanted,
        parameters=parameter_values(declared_parameters(wanted), given, kept),
        tags={**default_tags, **_tags(deployment, stack.tags if stack else {})},
    )


def artifact_parameters(config: StackConfig, package: Package, bucket: str) -> dict[str, str]:
    """The parameters that say where the code is stored."""
    names = _code_keys(config)
    keys = {names.get(archive.name, LAYER_KEY): archive.object_key for archive in package.archives}
    return {ARTIFACT_BUCKET: bucket, **keys}


def declared_parameters(template: str) -> dict[str, str | None]:
    """The parameters of a template with their defaults as text; None for one that has to be given."""
    declarations = parsed_template(template).get("Parameters", {})
    return {
        name: str(declaration["Default"]) if "Default" in declaration else None
        for name, declaration in declarations.items()
    }


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


def _tags(deployment: Deployment, deployed: Mapping[str, str]) -> Mapping[str, str]:
    """All tags of a stack, which an update replaces all at once; its expiry stays until it is given again."""
    tags = deployed if deployment.tags is None else deployment.tags
    kept = tags.get(EXPIRY_TAG, deployed.get(EXPIRY_TAG, NEVER))
    expiry = kept if deployment.expiry is None else deployment.expiry
    others = {key: value for key, value in tags.items() if key != EXPIRY_TAG}
    return {**others, EXPIRY_TAG: expiry} if expiry else others


def _code_keys(config: StackConfig) -> dict[str, str]:
    """The parameter that says where the code of each function is stored."""
    return {function.logical_id: code_key(function) for function in config.functions}


def _given_parameters(arguments: argparse.Namespace, config: StackConfig) -> dict[str, str]:
    """The parameters on the command line; those that say where the code is stored are not the user's."""
    address = [] if arguments.alert_email is None else [(ALERT_EMAIL, arguments.alert_email)]
    given = given_once("--parameter", [*arguments.parameter, *address])
    if ours := sorted(given.keys() & {ARTIFACT_BUCKET, LAYER_KEY, *_code_keys(config).values()}):
        raise CommandError(
            f"--parameter {ours[0]} says where the code is stored, which a deployment decides itself; leave it out.", 2
        )
    try:
        email_address(given.get(ALERT_EMAIL, ""))
    except argparse.ArgumentTypeError as error:
        raise CommandError(f"--parameter {ALERT_EMAIL}: {error}; correct it, or leave it empty.", 2) from error
    return given


def _refuse_unknown_resources(deployment: Deployment, template: str) -> None:
    known = {name for text in (template, deployment.template) for name in parsed_template(text).get("Resources", {})}
    for option, names in (("--allow-replace", deployment.allow_replace), ("--skip", deployment.skip)):
        if unknown := sorted(names - known):
            raise CommandError(
                f"{option} {f' {option} '.join(unknown)} names no resource, neither of the deployed stack "
                "nor of the template; correct the name or leave it out.",
                exit_code=2,
            )


def _refuse_changed_past(config: StackConfig, template: str) -> None:
    """Keep the number of shards of records that exist; a template without one has recorded none."""
    function = parsed_template(template).get("Resources", {}).get(ANALYTICS_PROCESSOR.logical_id, {})
    variables = function.get("Properties", {}).get("Environment", {}).get("Variables", {})
    if deployed := variables.get("ACTIVITY_SHARDS"):
        try:
            require_unchanged_past(activity_shards_from_variable(deployed), config.activity_shards, datetime.now(UTC))
        except ConfigurationError as error:
            raise CommandError(f"{config.stack_name}: {error}", exit_code=2) from error


def _values_given_before(values: Mapping[str, str], defaults: Mapping[str, str | None]) -> dict[str, str]:
    """The values that somebody chose, and not those that are there because they were the default."""
    return {name: value for name, value in values.items() if value != defaults.get(name)}
