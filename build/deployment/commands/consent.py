"""Asking before something is gone for good."""

import sys

from build.errors import CommandError


def require_consent(word: str, given: bool) -> None:
    """Go on only when the user types a word.

    Args:
        word: what to type.
        given: whether the user agreed on the command line.

    Raises:
        CommandError: when the user does not agree, or cannot be asked.
    """
    if given:
        return
    if not sys.stdin.isatty():
        raise CommandError("nobody can be asked here; add --yes when it is meant.", exit_code=2)
    print(f"Type {word} to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise CommandError("nothing was deleted; repeat the command when it is meant.")
