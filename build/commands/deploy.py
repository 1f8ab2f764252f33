"""The command `deploy`: package, upload, create or update a stack, follow it; or cancel an update."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import cast

from build.aws import Clients
from build.cloudformation.change_sets import ChangeSet, NothingToChange
from build.cloudformation.changes import ResourceChange, guard_data, guard_refusals, reverted_drift, summary
from build.cloudformation.failures import Conflict, StackGone
from build.cloudformation.operations import SUCCEEDED, OperationEvents, Operations, with_profile
from build.cloudformation.stacks import DeployedStack, find_stack
from build.cloudformation.termination_protection import set_termination_protection
from build.commands.outputs import write_outputs
from build.commands.watch import refuse_to_watch_protected, watch
from build.deploy.artifacts import record_deployment, upload_package
from build.deploy.desired import Comparison, Deployment, add_deployment_options, requested_deployment
from build.deploy.expiry import expiry_from_now, refuse_expiry
from build.deploy.proposal import Proposal, propose
from build.deploy.recovery import NEXT_ACTIONS, NextAction, Recovery, cancel_update, next_action, unchanged_stack
from build.deploy.running_code import Drift, code_drifts, restore_code
from build.deploy.saved_plan import SavedPlan, read_plan
from build.errors import CommandError
from build.options import (
    StackContext,
    add_stack_options,
    require_consent,
    require_credentials,
    require_folder,
    stack_context,
)
from build.output import result_tables
from build.progress import Progress

_MOST_ROUNDS = 5
"""How often a deployment begins again after somebody else got in between."""
EXAMPLE = "python -m build deploy --suffix prod --alert-email ops@example.com --tag team=data --outputs outputs.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    add_deployment_options(parser)
    parser.add_argument(
        "--expires",
        type=expiry_from_now,
        metavar="TIME",
        help="when `sweep` may destroy the stack: after 12h, 3d or 2w, or never; without, what was given before",
    )
    parser.add_argument("--plan", type=Path, metavar="FILE", help="execute exactly what `plan --save FILE` saved")
    parser.add_argument("--yes", action="store_true", help="do not ask before a protected stack is changed")
    parser.add_argument("--outputs", type=Path, metavar="FILE", help="write the stack's outputs to a file, as JSON")
    parser.add_argument(
        "--continue-rollback", action="store_true", help="after a rollback that failed: continue it, then deploy"
    )
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="LOGICAL_ID",
        help="with --continue-rollback: a resource to leave as it is",
    )
    parser.add_argument(
        "--watch", action="store_true", help="then put every handler that is saved into its functions, until Ctrl-C"
    )
    parser.add_argument("--cancel", action="store_true", help="cancel the update that is under way, deploy nothing")


def run(arguments: argparse.Namespace) -> int:
    """Deploy, or cancel a deployment; 0 when the stack is as it should be.

    Raises:
        CommandError: when it is not.
    """
    _check(arguments)
    with stack_context(arguments) as context:
        if arguments.expires is not None:
            refuse_expiry(context.config, arguments.expires, dict(arguments.tag or ()))
        if arguments.watch:
            refuse_to_watch_protected(context.config)
        stack = _cancelled(context) if arguments.cancel else _deployed(context, arguments)
        if arguments.outputs:
            write_outputs(arguments.outputs, stack.outputs)
        document = {"stack": stack.name, "status": stack.status, "outputs": stack.outputs, "pause": stack.pause}
        context.presenter.result(document, result_tables(stack))
        if arguments.watch:
            watch(context, stack)
    return 0


def _approved() -> None:
    """Nobody has to agree."""


def deploy(
    clients: Clients, deployment: Deployment, progress: Progress, approve: Callable[[], None] = _approved
) -> DeployedStack:
    """Bring a stack to what is asked for, and do nothing when it is.

    Args:
        clients: of the account and region.
        deployment: what is asked for.
        progress: hears what happens.
        approve: called when the changes were shown and before they are made; an error that it raises prevents them.

    Returns:
        The stack as it is now; its `outputs` are the template's.

    Raises:
        CommandError: when the stack's status, the guard of stored data or the template does not allow it.
        Conflict: when somebody else deleted the stack, or keeps changing it.
        OperationFailed: when CloudFormation fails; it names the first resource that did.
        Detached: when the user stops following.
        FollowingLost: when AWS goes on, but cannot be asked any more.
    """
    return _Deployer(clients, deployment, progress, approve).deploy()


def deploy_plan(
    clients: Clients,
    saved: SavedPlan,
    deployment: Deployment,
    progress: Progress,
    approve: Callable[[], None] = _approved,
) -> DeployedStack:
    """Execute the change set of a saved plan, which stays when it is refused.

    Args:
        clients: of the account and region.
        saved: the plan.
        deployment: what the plan's options ask for now.
        progress: hears what happens.
        approve: as for `deploy`.

    Raises:
        CommandError: when the stack, the package or the template changed since, or the change set is gone.
        OperationFailed: when CloudFormation fails; it names the first resource that did.
        Detached: when the user stops following.
    """
    return _Deployer(clients, deployment, progress, approve).execute(saved)


@dataclass(frozen=True)
class _Deployer:
    """The steps of a deployment."""

    clients: Clients
    deployment: Deployment
    progress: Progress
    approve: Callable[[], None]

    def deploy(self) -> DeployedStack:
        """All steps, as far as they are needed; again when somebody else got in between."""
        for _ in range(_MOST_ROUNDS - 1):
            try:
                return self._deploy_once()
            except Conflict as conflict:
                self._await_others(conflict)
        return self._deploy_once()

    def _await_others(self, conflict: Conflict) -> None:
        """Follow what somebody else does, however that ends; a stack that they deleted is not made again."""
        stack = self._find()
        if stack is None and isinstance(conflict, StackGone):
            raise conflict
        self.progress.step(f"{conflict.event}; looking again")
        if stack and stack.in_progress:
            self.progress.step(f"{stack.name} is {stack.status}; following that first")
            self._operations.attach(stack.stack_id, NEXT_ACTIONS)

    def _deploy_once(self) -> DeployedStack:
        recovered = Recovery(self.clients, self._operations, self.deployment).run()
        proposal = propose(self.clients, self.deployment, recovered, self.progress)
        stack = unchanged_stack(proposal.comparison) or self._change(proposal)
        restored = recovered and self._restore_code(stack, approved=stack is not recovered)
        if stack is recovered and not restored:
            self.progress.step(f"no changes, {stack.name} is as it should be")
        return self._protect(stack)

    def _restore_code(self, stack: DeployedStack, approved: bool) -> bool:
        """Put right the code that CloudFormation does not look at; whether there was any."""
        drifts = code_drifts(self.clients, self.deployment.config, stack)
        if drifts and not approved:
            self._tell_drifts(drifts)
            self.approve()
        restore_code(self.clients, self.deployment.config, stack, drifts, self.progress)
        return bool(drifts)

    def _tell_drifts(self, drifts: list[Drift]) -> None:
        for drift in drifts:
            self.progress.step(f"{drift.logical_id} runs {drift.of_code}; putting the template's back")

    def execute(self, saved: SavedPlan) -> DeployedStack:
        """Execute the change set of a plan, when it is still what would be made now."""
        stack = saved.unchanged_stack(self.clients.cloudformation)
        proposal = propose(self.clients, self.deployment, stack, self.progress)
        saved.require_same(proposal.comparison.desired, self.deployment.package)
        change_set = ChangeSet(saved.change_set, saved.stack_id)
        proposal.change_sets.require_executable(change_set)
        upload_package(proposal.comparison.bucket, self.deployment.package, self.progress)
        changes = self._approved_changes(proposal, change_set)
        changed = self._follow(self._execute(change_set), proposal.comparison, changes)
        if stack:
            self._restore_code(changed, approved=True)
        return self._protect(changed)

    def _protect(self, stack: DeployedStack) -> DeployedStack:
        if self.deployment.config.protected:
            return set_termination_protection(self.clients.cloudformation, stack, True, self.progress)
        return stack

    def _change(self, proposal: Proposal) -> DeployedStack:
        comparison = proposal.comparison
        upload_package(comparison.bucket, self.deployment.package, self.progress)
        try:
            events, changes = self._begin(proposal)
        except NothingToChange:
            return _unless_failed(cast(DeployedStack, comparison.stack))
        except Conflict as conflict:
            if comparison.stack and self._find() is None:
                raise StackGone(comparison.stack.name) from conflict
            raise
        return self._follow(events, comparison, changes)

    def _follow(self, events: OperationEvents, comparison: Comparison, changes: list[ResourceChange]) -> DeployedStack:
        stack = self._operations.follow(events, SUCCEEDED)
        for reverted in reverted_drift(changes):
            self.progress.step(f"reverted drift: {reverted}")
        before = comparison.stack.parameters if comparison.stack else {}
        record_deployment(comparison.bucket, comparison.desired, before)
        return stack

    def _begin(self, proposal: Proposal) -> tuple[OperationEvents, list[ResourceChange]]:
        """Create a change set and begin to execute it, unless it would lose stored data."""
        change_set = proposal.create_change_set()
        with proposal.change_sets.deleted_on_error(change_set):
            proposal.change_sets.wait(change_set)
            changes = self._approved_changes(proposal, change_set)
        with proposal.change_sets.deleted_if_refused(change_set):
            return self._execute(change_set), changes

    def _approved_changes(self, proposal: Proposal, change_set: ChangeSet) -> list[ResourceChange]:
        """Show what a change set changes, and go on unless a guard, the user or a restoration begun since refuses."""
        changes = proposal.changes(change_set)
        guard_refusals(changes)
        guard_data(changes, self.deployment.allow_replace)
        self.progress.step(summary(changes))
        self.progress.changes(changes)
        if stack := proposal.comparison.stack:
            self._tell_drifts(code_drifts(self.clients, self.deployment.config, stack))
        self.approve()
        proposal.refuse_during_restoration()
        return changes

    def _execute(self, change_set: ChangeSet) -> OperationEvents:
        return self._operations.begin_execution(change_set.change_set_id, change_set.stack_id, self.deployment.rollback)

    def _find(self) -> DeployedStack | None:
        return find_stack(self.clients.cloudformation, self.deployment.config.stack_name)

    @cached_property
    def _operations(self) -> Operations:
        command = with_profile("deploy", self.clients)
        return Operations(self.clients.cloudformation, self.progress, self.deployment.role_arn, command)


def _unless_failed(stack: DeployedStack) -> DeployedStack:
    """The stack that an empty change set leaves as it is; one that is left as it failed is no success."""
    if next_action(stack.status) is not NextAction.UPDATE:
        raise CommandError(
            f"{stack.name} is {stack.status}, and CloudFormation sees nothing to change; "
            "leave out --no-rollback to roll that back first."
        )
    return stack


def _check(arguments: argparse.Namespace) -> None:
    """Find out before anything is deployed what would fail after."""
    if arguments.skip and not arguments.continue_rollback:
        raise CommandError("--skip goes with --continue-rollback; add that.", exit_code=2)
    if arguments.watch and (arguments.cancel or arguments.plan):
        raise CommandError("--watch deploys what is here; leave out --cancel and --plan.", exit_code=2)
    if arguments.plan and (arguments.cancel or arguments.continue_rollback or arguments.expires is not None):
        raise CommandError(
            "--plan executes a plan and nothing else; leave out --cancel, --continue-rollback and --expires.", 2
        )
    if arguments.outputs:
        require_folder(arguments.outputs)


def _cancelled(context: StackContext) -> DeployedStack:
    context.announce_stack("cancel the update that is under way")
    return cancel_update(context.clients, context.config.stack_name, context.presenter)


def _deployed(context: StackContext, arguments: argparse.Namespace) -> DeployedStack:
    what = f"execute the plan {arguments.plan}" if arguments.plan else "create or update the stack"
    require_credentials(context.clients)
    context.announce_stack(f"package and upload the code, {what}")
    approve = approval(context, arguments)
    if not arguments.plan:
        return deploy(context.clients, _requested(context, arguments), context.presenter, approve)
    saved = read_plan(arguments.plan)
    saved.require_stack(context.config.stack_name, context.clients.region)
    deployment = _requested(context, saved.completed(arguments))
    return deploy_plan(context.clients, saved, deployment, context.presenter, approve)


def _requested(context: StackContext, arguments: argparse.Namespace) -> Deployment:
    return replace(
        requested_deployment(arguments, context.settings, context.presenter),
        continue_rollback=arguments.continue_rollback,
        skip=frozenset(arguments.skip),
        expiry=arguments.expires,
    )


def approval(context: StackContext, arguments: argparse.Namespace) -> Callable[[], None]:
    """What asks for somebody's consent, which changes of a protected stack need."""
    if not context.config.protected:
        return _approved

    def ask() -> None:
        context.presenter.close()
        require_consent(context.config.stack_name, arguments.yes, "nothing was changed")

    return ask
