"""A function as it is deployed: its zip and the layer, in a process that can be killed."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3

from build.packaging import Package
from build.poller.invocation import Response
from tests.build.packaging.test_real_archives import RUNTIME_PACKAGES
from tests.faults import execution_environment
from tests.faults.functions import function_error

DEATHS = {
    "Runtime.ExitError": "Runtime exited with error: signal: killed",
    "Sandbox.Timedout": f"Task timed out after {execution_environment.SECONDS}.00 seconds",
}


@dataclass(frozen=True)
class UnpackedArchives:
    """The folders of a function's process: archives as Lambda unpacks them, and what the runtime brings along."""

    folder: Path

    def of_function(self, name: str) -> list[str]:
        """What a function can import from, first to last."""
        return [str(self.folder / name), str(self.folder / "Layer" / "python"), str(self.folder / "runtime")]


def unpack(package: Package, folder: Path) -> UnpackedArchives:
    """Unpack every archive, and link the packages of the runtime, and nothing else of this environment."""
    for archive in package.archives:
        with zipfile.ZipFile(archive.path) as content:
            content.extractall(folder / archive.name)
    (folder / "runtime").mkdir()
    for name in RUNTIME_PACKAGES:
        (folder / "runtime" / name).symlink_to(Path(boto3.__file__).parents[1] / name)
    return UnpackedArchives(folder)


class BuiltFunction:
    """A built function as something to invoke; every invocation is a cold start, `printed` is what the last one said.

    Args:
        folders: what it can import from.
        variables: its environment, `_HANDLER` included.
    """

    def __init__(self, folders: list[str], variables: Mapping[str, str]) -> None:
        self.payloads: list[bytes] = []
        self.printed = b""
        self._folders = folders
        self._variables = dict(variables)
        self._process: subprocess.Popen[bytes] | None = None
        self._death = ""

    def __call__(self, payload: bytes) -> Response:
        self.payloads.append(payload)
        with tempfile.NamedTemporaryFile() as answer:
            status = self._run(payload, answer.name)
            if status < 0:
                return function_error(self._death, DEATHS[self._death])
            assert status == 0, "the function ended with an error that no test has injected"
            return Response(str(uuid4()), 200, "$LATEST", None, answer.read())

    def die(self, death: str) -> None:
        """Kill the process, and have the invoker told why."""
        assert self._process
        self._death = death
        self._process.kill()

    def _run(self, payload: bytes, answer: str) -> int:
        arguments = [sys.executable, "-I", "-S", execution_environment.__file__, answer, *self._folders]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._variables)
        self.printed, _ = self._process.communicate(payload)
        return self._process.returncode
