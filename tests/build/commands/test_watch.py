"""`deploy --watch` on the emulated AWS: what a save leads to, and how the stack is told apart until it is deployed."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from build.aws import Clients
from build.cloudformation.stacks import DeployedStack
from build.command_line import main
from build.commands import watch
from build.commands.deploy import deploy
from build.commands.plan import plan
from build.commands.status import status_of
from build.commands.watch import Watcher
from build.deploy.desired import Deployment
from build.deploy.running_code import AHEAD, code_drifts, restore_code
from build.errors import CommandError
from build.local.emulator import Emulator
from build.options import StackContext
from build.packaging import package
from build.packaging.command import HANDLERS
from build.text import TextTable
from stack.config import StackConfig
from stack.parameters import STREAM_PROCESSING
from stack.settings import SuffixSettings
from stack.template import render
from tests.build.support import ANYTHING, Recorder, Stubs, a_stack

CONFIG = StackConfig("watch")
PROCESSORS = {"UserDataProcessor", "OrderDataProcessor"}


@dataclass
class Presenter(Recorder):
    """Remembers steps and log lines."""

    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def log(self, line: str, level: str, document: Mapping[str, Any]) -> None:
        self.lines.append(line)

    def result(self, document: Mapping[str, Any], tables: Sequence[TextTable] = ()) -> None:
        pass

    def failure(self, error: CommandError) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def deployment() -> Deployment:
    return Deployment(CONFIG, render(CONFIG), package(CONFIG), parameters={STREAM_PROCESSING: "Disabled"})


@pytest.fixture
def stack(cloud: Clients, deployment: Deployment) -> Iterator[DeployedStack]:
    """A stack whose functions run what was deployed."""
    deployed = deploy(cloud, deployment, Recorder())
    yield deployed
    restore_code(cloud, CONFIG, deployed, code_drifts(cloud, CONFIG, deployed), Recorder())


@dataclass
class Watched:
    """A watcher of a folder of handlers that a test edits."""

    watcher: Watcher
    handlers: Path
    presenter: Presenter

    def save(self, module: str, more: str) -> None:
        """Append to a handler, and let the watcher see it."""
        path = self.handlers / module
        path.write_text(path.read_text() + more)
        self.look()

    def look(self) -> None:
        """Once to see that something was saved, once to see that it is complete."""
        self.watcher.look()
        self.watcher.look()

    @property
    def put(self) -> set[str]:
        return {step.split()[0] for step in self.presenter.steps if "runs the saved code" in step}


@pytest.fixture
def watched(cloud: Clients, stack: DeployedStack, tmp_path: Path) -> Watched:
    handlers, presenter = tmp_path / "handlers", Presenter()
    shutil.copytree(HANDLERS, handlers, ignore=shutil.ignore_patterns("__pycache__"))
    context = StackContext(cloud, presenter, "--region", SuffixSettings(CONFIG.suffix), CONFIG)
    found = Watched(Watcher(context, stack, handlers), handlers, presenter)
    found.look()
    assert presenter.steps == []
    return found


def ahead(cloud: Clients, stack: DeployedStack) -> set[str]:
    return {drift.logical_id for drift in code_drifts(cloud, CONFIG, stack)}


def test_a_saved_handler_is_put_into_the_functions_that_have_it(
    cloud: Clients, stack: DeployedStack, watched: Watched
) -> None:
    watched.save("stream_processor.py", "# saved\n")
    assert watched.put == PROCESSORS == ahead(cloud, stack)
    watched.save("windows.py", "# saved\n")
    assert watched.put == {*PROCESSORS, "AnalyticsProcessor", "DataValidator"} == ahead(cloud, stack)
    assert watched.watcher.closing == (
        "stopped watching, put UserDataProcessor (1), OrderDataProcessor (1), AnalyticsProcessor (1), "
        "DataValidator (1); until the next `deploy` TapStackwatch has code ahead of its template"
    )


def test_what_it_logs_first_is_shown(cloud: Clients, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_FIRST_LOG_PAUSE", 0)
    watched.save("data_validator.py", "\nlogger.warning('the saved code was loaded')\n")
    assert watched.put == {"DataValidator"}
    name = CONFIG.name("datavalidator")
    for _ in range(2):
        cloud.functions.invoke(FunctionName=name, Payload=b'{"dataType": "DAILY_ANALYTICS"}')
    watched.watcher.look()
    (shown,) = [line for line in watched.presenter.lines if "the saved code was loaded" in line]
    assert "WARNING DataValidator the saved code was loaded" in shown
    before = len(watched.presenter.lines)
    watched.watcher.look()
    assert len(watched.presenter.lines) == before


def test_saved_without_a_change_puts_nothing(cloud: Clients, stack: DeployedStack, watched: Watched) -> None:
    watched.save("stream_processor.py", "")
    os.utime(watched.handlers / "stream_processor.py")
    watched.look()
    assert (watched.presenter.steps, ahead(cloud, stack)) == ([], set())
    assert watched.watcher.closing == "stopped watching, nothing was put"


def test_a_syntax_error_is_one_line_and_puts_nothing(cloud: Clients, stack: DeployedStack, watched: Watched) -> None:
    watched.save("analytics_processor.py", "def broken(:\n")
    watched.save("stream_processor.py", "# saved\n")
    assert ahead(cloud, stack) == set()
    assert len(watched.presenter.steps) == 2
    path = watched.handlers / "analytics_processor.py"
    refusal = f"not put: {path} cannot be packaged, it is not valid Python"
    assert all(step.startswith(refusal) for step in watched.presenter.steps)
    path.write_text((HANDLERS / "analytics_processor.py").read_text())
    watched.look()
    assert watched.put == PROCESSORS


def test_a_file_that_is_being_written_is_left_for_the_next_look(watched: Watched) -> None:
    path = watched.handlers / "stream_processor.py"
    content = path.read_text()
    path.write_text(content[:100])
    watched.watcher.look()
    path.write_text(content + "# complete\n")
    watched.watcher.look()
    assert watched.presenter.steps == []
    watched.watcher.look()
    assert watched.put == PROCESSORS


def test_another_layer_needs_a_deployment(cloud: Clients, stack: DeployedStack, watched: Watched) -> None:
    watched.save("requirements.txt", "# more\n")
    watched.look()
    assert watched.presenter.steps == ["requirements.txt changed, and another layer needs a `deploy`"]
    assert ahead(cloud, stack) == set()


def test_what_lambda_refuses_is_a_line_and_is_tried_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without_rights:
        without_rights.setattr(watched.watcher.context.config.__class__, "name", lambda *_: "nobody")
        watched.save("stream_processor.py", "# saved\n")
    assert [step.split(":")[0] for step in watched.presenter.steps] == ["not put"]
    watched.save("stream_processor.py", "# again\n")
    assert watched.put == PROCESSORS


def test_the_stack_is_told_apart_until_the_next_deployment(
    cloud: Clients,
    stack: DeployedStack,
    deployment: Deployment,
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(cloud.endpoint_url))
    assert plan(cloud, deployment, Recorder()).unchanged
    watched.save("data_validator.py", "# saved\n")
    details = {function.name: function.details for function in status_of(cloud, CONFIG, stack).functions}
    assert {name for name, detail in details.items() if detail.endswith(AHEAD)} == {"DataValidator"}
    found = plan(cloud, deployment, Recorder())
    assert [(drift.logical_id, drift.of_code) for drift in found.code] == [("DataValidator", AHEAD)]
    assert (found.unchanged, found.changes) == (False, ())
    assert main(["plan", "--suffix", "watch", "--no-bytecode", "--parameter", f"{STREAM_PROCESSING}=Disabled"]) == 2
    assert capsys.readouterr().out == f"DataValidator runs {AHEAD}; `deploy` ends that\n"
    progress = Recorder()
    deploy(cloud, deployment, progress)
    assert progress.steps == [f"DataValidator runs {AHEAD}; putting the template's back"]
    assert ahead(cloud, stack) == set()
    progress = Recorder()
    deploy(cloud, deployment, progress)
    assert progress.steps == ["no changes, TapStackwatch is as it should be"]


@pytest.mark.parametrize("code", ["403", "404"])
def test_an_archive_that_cannot_be_read_tells_nothing(stubs: Stubs, code: str) -> None:
    parameters = {"DataValidatorKey": "DataValidator/1.zip", "ArtifactBucket": "bucket"}
    stack = a_stack(Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()])
    stubs.answer("functions", "get_function_configuration", ANYTHING, {"CodeSha256": "abc"})
    stubs.of("s3").add_client_error("head_object", code, http_status_code=int(code))
    stubs.resources_are()
    assert code_drifts(stubs.clients, StackConfig(), stack) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--suffix", "prod"], "TapStackprod is protected and gets new code by a deployment only; leave out --watch."),
        (["--cancel"], "--watch deploys what is here; leave out --cancel and --plan."),
    ],
)
def test_what_cannot_be_watched_is_refused(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deploy", "--watch", *words]) == 2
    assert capsys.readouterr().err == f"deploy: {sentence}\n"


def test_ctrl_c_ends_with_a_summary(emulator: Emulator, stack: DeployedStack) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "build", "deploy", "--suffix", "watch", "--no-bytecode", "--watch"],
        env=os.environ | {"AWS_ENDPOINT_URL": emulator.endpoint},
        cwd=HANDLERS.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while not (line := process.stdout.readline()).startswith("watching "):
        assert line
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "stopped watching, nothing was put\n", "")
