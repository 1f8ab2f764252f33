"""A network that is lost for a while, borne with while something is followed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import UNREACHABLE, Answer

MOST_MINUTES = 10
"""How long AWS may be out of reach before following it ends."""


@dataclass
class Reconnection:
    """Asks AWS through a lost network, and says when it is lost and when it is back, once each.

    Args:
        tell: hears both.
    """

    tell: Callable[[str], None]
    _lost_at: float | None = field(default=None, init=False)

    def attempt(self, read: Callable[[], Answer | None]) -> Answer | None:
        """The answer; None while AWS cannot be reached.

        Raises:
            ConnectionError, HTTPClientError: botocore's, when that lasts longer than MOST_MINUTES.
        """
        try:
            answer = read()
        except UNREACHABLE as error:
            self._lose(error)
            return None
        except ClientError:
            self._recover()
            raise
        self._recover()
        return answer

    def _lose(self, error: BotoCoreError) -> None:
        now = monotonic()
        if self._lost_at is None:
            self._lost_at = now
            reason = str(error).rstrip(".")
            self.tell(f"AWS cannot be reached ({reason}); trying again for up to {MOST_MINUTES} minutes")
        elif now - self._lost_at > MOST_MINUTES * 60:
            raise error

    def _recover(self) -> None:
        if self._lost_at is not None:
            self._lost_at = None
            self.tell("AWS can be reached again")
