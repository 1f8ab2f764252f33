"""What usually helps against a reason that CloudFormation gives."""

import re

HINTS = tuple(
    (re.compile(pattern, re.IGNORECASE), hint)
    for pattern, hint in (
        (
            r"not authorized to perform|access ?denied|forbidden",
            "have the permission granted to whoever deploys, or deploy with --role-arn.",
        ),
        (
            r"NoSuchKey|specified key does not exist|NoSuchBucket",
            "an artifact is missing; deploying again uploads it.",
        ),
        (
            r"already exists|ResourceConflict|AlreadyExists",
            "something outside the stack has that name; delete or rename it, or deploy under another suffix.",
        ),
        (
            r"DeletionProtection|deletion protection",
            "the table is protected against deletion; turn that off on the table itself if its data may go.",
        ),
        (
            r"not empty|BucketNotEmpty",
            "the bucket got new objects meanwhile; repeat the command, which empties it again.",
        ),
        (
            r"rate exceeded|throttl|too many requests",
            "AWS was asked for too much at once; repeat the command in a few minutes.",
        ),
        (
            r"limit ?exceeded|quota|UnreservedConcurrentExecution",
            "a quota of the account is used up; have it raised in Service Quotas, or remove what is not needed.",
        ),
        (
            r"rollback trigger|in ALARM state",
            "an alarm of the stack rang during the update; see what it says with `python -m build status`.",
        ),
        (
            r"\btimed out\b|did not stabilize|NotStabilized",
            "AWS took longer than it allows itself; repeat the command.",
        ),
        (
            r"internal ?failure|service unavailable|internal error",
            "AWS failed itself; repeat the command.",
        ),
        (
            r"invalid|must be|malformed|validation",
            "correct that property where stack/ sets it, or the parameter's value, and deploy again.",
        ),
    )
)
OTHERWISE = "correct what the reason names and repeat the command."


def hint_for(reason: str) -> str:
    """What to try first, judged from CloudFormation's own words."""
    return next((hint for pattern, hint in HINTS if pattern.search(reason)), OTHERWISE)
