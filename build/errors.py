"""The exception that a command shows to its user, and the exit codes of a command that was cut short."""

from typing import Any

STILL_UNDER_WAY = 3
"""When AWS goes on with what the command began, but could not be followed to the end."""
INTERRUPTED = 130
"""After Ctrl-C: 128 and the number of the signal."""
NOBODY_READS = 141
"""When the reader of the output went away, as `head` does: 128 and the number of SIGPIPE."""


class CommandError(Exception):
    """Something that the user can fix: the message is one sentence that says what was wrong and what to do.

    Args:
        message: the sentence, printed on stderr.
        exit_code: what the process exits with; 1 for a failure, 2 for wrong usage, 3 for what AWS goes on with.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    @property
    def document(self) -> dict[str, Any]:
        """The error for programs that read JSON."""
        return {"message": str(self), "exit_code": self.exit_code}
