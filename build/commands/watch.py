"""What `deploy --watch` does after the deployment: every handler that is saved is put into its functions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep, time

from botocore.exceptions import ClientError

from build.aws_errors import aws_errors_explained, is_transient
from build.cloudformation.stacks import DeployedStack
from build.commands.logs import LogTail, log_tails, show_new_entries
from build.deploy.running_code import wait_until_updated
from build.errors import CommandError
from build.options import StackContext
from build.packaging.archive import Members, digest_of, object_key, zip_of
from build.packaging.command import HANDLERS
from build.packaging.members import function_members
from stack.config import FunctionSpecification, StackConfig
from stack.parameters import code_key

_SECONDS_BETWEEN_LOOKS = 0.05
_FIRST_LOG_PAUSE, _LOG_PAUSE_GROWTH, _LONGEST_LOG_PAUSE = 0.2, 1.5, 1.0
"""Seconds; FilterLogEvents has a quota of requests a second
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html)."""
_REQUIREMENTS = "requirements.txt"

_Saved = Mapping[Path, tuple[int, int]]
"""When each file was saved, and its size."""


def refuse_to_watch_protected(config: StackConfig) -> None:
    """Refuse a suffix whose code has to come from a deployment.

    Raises:
        CommandError: when it is protected.
    """
    if config.protected:
        raise CommandError(
            f"{config.stack_name} is protected and gets new code by a deployment only; leave out --watch.", 2
        )


def watch(context: StackContext, stack: DeployedStack, handlers: Path = HANDLERS) -> None:
    """Put every handler that is saved, until Ctrl-C.

    Args:
        context: of the stack.
        stack: as it was deployed just now.
        handlers: the folder to look at.
    """
    watcher = Watcher(context, stack, handlers)
    try:
        context.presenter.step(f"watching {handlers}, Ctrl-C ends it")
        while True:
            watcher.look()
            sleep(_SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        context.presenter.step(watcher.closing)


@dataclass
class Watcher:
    """Knows what the functions run and what the files hold, and puts what differs.

    Args:
        context: of the stack.
        stack: as it was deployed.
        handlers: the folder to look at.
    """

    context: StackContext
    stack: DeployedStack
    handlers: Path
    _running: dict[str, str] = field(init=False)
    _seen: _Saved = field(init=False)
    _requirements: str = field(init=False)
    _unsettled: bool = True
    _puts: Counter[str] = field(default_factory=Counter)
    _tails: dict[str, LogTail] = field(default_factory=dict)
    _next_logs: float = 0.0
    _log_pause: float = _FIRST_LOG_PAUSE

    def __post_init__(self) -> None:
        functions = self.context.config.functions
        self._running = {function.logical_id: self.stack.parameters[code_key(function)] for function in functions}
        self._seen = self._saved()
        self._requirements = self._read_requirements()

    @property
    def closing(self) -> str:
        """What came of it, in a sentence."""
        if not self._puts:
            return "stopped watching, nothing was put"
        puts = ", ".join(f"{logical_id} ({count})" for logical_id, count in self._puts.items())
        return f"stopped watching, put {puts}; until the next `deploy` {self.stack.name} has code ahead of its template"

    def look(self) -> None:
        """Put what was saved since the last look, and show what the functions that were put have logged.

        A file that is still being written is left for the next look.
        """
        saved = self._saved()
        if saved != self._seen:
            self._seen, self._unsettled = saved, True
        elif self._unsettled:
            self._unsettled = False
            self._compare()
        if self._tails and monotonic() >= self._next_logs:
            self._show_logs()
            self._next_logs = monotonic() + self._log_pause
            self._log_pause = min(self._log_pause * _LOG_PAUSE_GROWTH, _LONGEST_LOG_PAUSE)

    def _saved(self) -> _Saved:
        paths = [*self.handlers.glob("*.py"), self.handlers / _REQUIREMENTS]
        states = {path: path.stat() for path in paths if path.exists()}
        return {path: (state.st_mtime_ns, state.st_size) for path, state in states.items()}

    def _compare(self) -> None:
        try:
            with aws_errors_explained(self.context.clients.region):
                self._put_changed()
        except CommandError as error:
            self.context.presenter.step(f"not put: {error}")
        self._compare_requirements()

    def _put_changed(self) -> None:
        """Package all functions first, so that a mistake in one handler leaves all as they are."""
        packaged = {
            function: function_members(function.handler_module, self.handlers)
            for function in self.context.config.functions
        }
        changed = {
            function: members
            for function, members in packaged.items()
            if self._running[function.logical_id] != object_key(function.logical_id, digest_of(members))
        }
        began = monotonic()
        for function, members in changed.items():
            self._put(function, members)
        for function in changed:
            name = self.context.config.name(function.name_part)
            wait_until_updated(self.context.clients, name, self.context.presenter)
            seconds = monotonic() - began
            self.context.presenter.step(f"{function.logical_id} runs the saved code after {seconds:.1f} s")

    def _put(self, function: FunctionSpecification, members: Members) -> None:
        self._follow_logs(function)
        self.context.clients.functions.update_function_code(
            FunctionName=self.context.config.name(function.name_part), ZipFile=zip_of(members), Publish=False
        )
        self._running[function.logical_id] = object_key(function.logical_id, digest_of(members))
        self._puts[function.logical_id] += 1
        self._log_pause = _FIRST_LOG_PAUSE

    def _follow_logs(self, function: FunctionSpecification) -> None:
        if function.logical_id not in self._tails:
            (tail,) = log_tails(self.context.clients, self.stack, function.logical_id, int(time() * 1000))
            self._tails[function.logical_id] = tail

    def _compare_requirements(self) -> None:
        requirements = self._read_requirements()
        if requirements != self._requirements:
            self._requirements = requirements
            self.context.presenter.step(f"{_REQUIREMENTS} changed, and another layer needs a `deploy`")

    def _read_requirements(self) -> str:
        path = self.handlers / _REQUIREMENTS
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _show_logs(self) -> None:
        """Throttled, it reads the same again the next time."""
        try:
            show_new_entries(list(self._tails.values()), self.context.presenter)
        except ClientError as error:
            if not is_transient(error):
                raise
