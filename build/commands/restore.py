"""The command `restore`: a table of a stack as it was at a time, in its stack and under its own name."""

import argparse
from collections.abc import Callable

from build.cloudformation.operations import Operations, with_profile
from build.cloudformation.stacks import existing_stack
from build.deploy.artifacts import artifact_bucket
from build.errors import CommandError
from build.options import StackContext, add_stack_options, require_consent, require_credentials, stack_context, utc_time
from build.recovery.journal import Journal, JournalFile
from build.recovery.restoration import Restoration, begin

EXAMPLE = "python -m build restore --suffix prod --table AnalyticsTable --to 2026-01-31T14:30:00"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.add_argument("--table", metavar="LOGICAL_ID", help="which table of the stack, AnalyticsTable for example")
    parser.add_argument(
        "--to", type=utc_time, metavar="TIME", help="as of when, in UTC without an offset; not for a table that is gone"
    )
    parser.add_argument("--abort", action="store_true", help="undo the restoration that is under way")
    parser.add_argument("--yes", action="store_true", help="do not ask when the tables were compared")
    parser.add_argument("--role-arn", metavar="ARN", help="role that CloudFormation acts as")


def run(arguments: argparse.Namespace) -> int:
    """Begin a restoration, go on with the one that is under way, or go back; 0 when it is done.

    Raises:
        CommandError: when it cannot be done, or nobody agrees; what was done is written down.
    """
    if arguments.abort and (arguments.table or arguments.to):
        raise CommandError(
            "--abort undoes whichever restoration is under way; leave out --table and --to.", exit_code=2
        )
    with stack_context(arguments) as context:
        require_credentials(context.clients)
        stack = existing_stack(context.clients.cloudformation, context.config.stack_name)
        file = JournalFile(artifact_bucket(context.clients, stack), stack)
        role = arguments.role_arn or context.settings.role
        command = with_profile("restore", context.clients)
        operations = Operations(context.clients.cloudformation, context.presenter, role, command)
        restoration = Restoration(context.clients, context.config, operations, file, _consent(context, arguments))
        journal = _done(context, restoration, arguments)
        done = "undid the restoration of" if journal.going_back else "restored"
        context.presenter.step(f"done: {done} {journal.goal}")
        hidden = {"template", "parameters"}
        context.presenter.result({name: value for name, value in journal.document.items() if name not in hidden})
    return 0


def _done(context: StackContext, restoration: Restoration, arguments: argparse.Namespace) -> Journal:
    journal = restoration.file.read()
    if arguments.abort:
        if journal is None:
            raise CommandError(f"no restoration of {context.config.stack_name} is under way, so nothing was undone.")
        context.announce_stack(f"undo the restoration of {journal.goal}")
        return restoration.go_back(journal)
    if journal is None:
        journal = _begun(context, restoration, arguments)
    else:
        _require_same(journal, arguments)
    context.announce_stack(f"{'undo the restoration of' if journal.going_back else 'restore'} {journal.goal}")
    return restoration.run(journal)


def _begun(context: StackContext, restoration: Restoration, arguments: argparse.Namespace) -> Journal:
    if arguments.table is None:
        raise CommandError("no restoration is under way to go on with; say what to restore with --table and --to.", 2)
    name = context.config.stack_name
    journal = begin(context.clients, restoration.operations, name, arguments.table, arguments.to)
    restoration.file.bucket.ensure()
    restoration.file.write(journal)
    return journal


def _require_same(journal: Journal, arguments: argparse.Namespace) -> None:
    """Refuse to begin another restoration; without options the one under way is meant."""
    to = arguments.to.isoformat() if arguments.to else ""
    if (arguments.table or arguments.to) and not journal.is_of(arguments.table, to):
        raise CommandError(
            f"the restoration of {journal.goal} is under way; finish it with `restore` alone, or undo it with --abort.",
            exit_code=2,
        )


def _consent(context: StackContext, arguments: argparse.Namespace) -> Callable[[], None]:
    def ask() -> None:
        context.presenter.close()
        otherwise = "nothing of the stack was changed, and --abort deletes the restored table"
        require_consent(context.config.stack_name, arguments.yes, otherwise)

    return ask
