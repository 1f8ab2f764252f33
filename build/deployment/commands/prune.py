"""The command `prune`."""

import argparse

from build.deployment.artifacts.prune import remove_versions, stacks_made_from, unneeded_versions
from build.deployment.artifacts.upload import artifact_bucket
from build.deployment.commands.consent import require_consent
from build.deployment.commands.options import add_connection_options, connection

EXAMPLE = "python -m build prune --region us-west-2 --yes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_connection_options(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """List the artifacts that no stack of the region needs, ask, and remove them; 0 when done.

    Raises:
        CommandError: while a stack is being changed, or when nobody agrees.
    """
    with connection(arguments) as connected:
        clients = connected.clients
        bucket = artifact_bucket(clients)
        unneeded = unneeded_versions(bucket, stacks_made_from(clients.cloudformation, bucket.name))
        for one in unneeded:
            connected.presenter.step(f"no longer needed: {one.key}, {one.size:,} bytes, of {one.modified:%Y-%m-%d}")
        if unneeded:
            require_consent("prune", arguments.yes)
            remove_versions(bucket, unneeded)
        freed = sum(one.size for one in unneeded)
        connected.presenter.step(f"removed {len(unneeded)} artifacts, {freed:,} bytes, from {bucket.name}")
        connected.presenter.result({"bucket": bucket.name, "removed": [one.key for one in unneeded], "bytes": freed})
    return 0
