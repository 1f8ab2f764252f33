"""The one exception that a command shows to its user, and how a command ends that was cut short."""

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal."""
NOBODY_READS = 141
"""The exit code when the reader of the output went away, as `head` does: 128 and the number of SIGPIPE."""


class CommandError(Exception):
    """Something the user can put right: the message is one sentence that says what was wrong and what to do.

    Args:
        message: the sentence, printed on stderr.
        exit_code: what the process exits with; 1 for a failure, 2 for wrong usage.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
