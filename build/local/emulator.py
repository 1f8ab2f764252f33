"""An emulated AWS as a process of its own: loopback only, a free port, a private folder, a clean environment."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from build.errors import CommandError
from stack.config import DEFAULT_REGION

HOST = "127.0.0.1"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 10


@dataclass(frozen=True)
class Emulator:
    """A running emulator: where it listens and what it logs to."""

    port: int
    log_file: Path

    @property
    def endpoint(self) -> str:
        """The URL to give to AWS clients."""
        return f"http://{HOST}:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that point the AWS CLI or boto3 at it; the credentials are its own, not secrets."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": DEFAULT_REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


def free_port() -> int:
    """A port that nothing on loopback listens to now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment(port: int, home: Path) -> dict[str, str]:
    """What the emulator and the functions in it get to see: nothing of the user's but the way to find programs."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_REGION": DEFAULT_REGION,
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def answers(port: int) -> bool:
    """Whether the emulator says that it is ready."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/_ministack/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def wait_until_ready(process: subprocess.Popen[bytes], emulator: Emulator) -> None:
    """Wait for the emulator's first answer.

    Raises:
        CommandError: when it ended or did not answer in time.
    """
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers(emulator.port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"the emulated AWS did not start: read {emulator.log_file} and try again.")
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the emulator, by force if it does not end by itself."""
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running_emulator(log_file: Path, settings: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """An emulator for as long as the block lasts.

    It gets a session of its own, so that Ctrl-C in a terminal reaches this program alone, which then ends it.

    Args:
        log_file: what it prints goes there.
        settings: more environment variables of the emulator, such as `AUTH`.

    Raises:
        CommandError: when it does not start.
    """
    emulator = Emulator(free_port(), log_file)
    with tempfile.TemporaryDirectory(prefix="local-cloud-", ignore_cleanup_errors=True) as home, log_file.open(
        "wb"
    ) as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=home,
            env=clean_environment(emulator.port, Path(home)) | dict(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_ready(process, emulator)
            yield emulator
        finally:
            stop(process)
