"""An emulated AWS as a process of its own: loopback only, a free port, a private folder, a clean environment."""

import http.client
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from build.child_processes import child_process
from build.errors import CommandError
from build.loopback import HOST
from stack.config import DEFAULT_REGION

PROJECT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 30
BYTES_NEEDED = 64 * 1024 * 1024
"""In the temporary folder, where each function unpacks its code and the layer: a short run was seen to write 20 MB."""
TOKEN_HEADER = "x-emulator-token"
TOKEN_BYTES = 32
"""The length of the token as it is sent: hexadecimal digits of 128 random bits."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator: where it listens, what it logs to, and what opens its administrative paths."""

    port: int
    log_file: Path
    token: str = field(repr=False)

    @property
    def endpoint(self) -> str:
        """The URL to give to AWS clients."""
        return f"http://{HOST}:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that point the AWS CLI or boto3 at it; the credentials are its own, not secrets.

        The CLI and boto3 read AWS_DEFAULT_REGION, other SDKs AWS_REGION
        (https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html).
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": DEFAULT_REGION,
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


def bound_socket() -> socket.socket:
    """A socket with a port of its own on loopback, to which nothing can connect yet."""
    bound = socket.socket()
    bound.bind((HOST, 0))
    return bound


def free_port() -> int:
    """A port that nothing on loopback listens to now."""
    with bound_socket() as probe:
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
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_REGION": DEFAULT_REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def answers(emulator: Emulator) -> bool:
    """Whether the emulator says that it is ready."""
    connection = http.client.HTTPConnection(HOST, emulator.port, timeout=1)
    try:
        connection.request("GET", "/_ministack/ready", headers={TOKEN_HEADER: emulator.token})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def require_room(folder: Path) -> None:
    """Find out whether there is room for what the emulator and the functions in it write, for without it they do not
    fail: the functions' invocations do, again and again.

    Raises:
        CommandError: when there is not.
    """
    free = shutil.disk_usage(folder).free
    if free < BYTES_NEEDED:
        raise CommandError(
            f"{folder.parent} has {free / 2**20:.1f} MB free, and {BYTES_NEEDED / 2**20:.0f} MB are needed; "
            "make room, or set TMPDIR to a folder that has it."
        )


def wait_until_ready(process: subprocess.Popen[bytes], emulator: Emulator) -> None:
    """Wait for the emulator's first answer.

    Raises:
        CommandError: when it ended or did not answer in time.
    """
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers(emulator):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"the emulated AWS did not start: read {emulator.log_file} and try again.")
        time.sleep(0.05)


@contextmanager
def running_emulator(log_file: Path, settings: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """An emulator for as long as the block lasts.

    Args:
        log_file: what it prints goes there.
        settings: more environment variables of the emulator, such as `AUTH`.

    Raises:
        CommandError: when it does not start, or has no room for its files.
    """
    token = secrets.token_hex(TOKEN_BYTES // 2)
    with (
        tempfile.TemporaryDirectory(prefix="local-cloud-", ignore_cleanup_errors=True) as home,
        log_file.open("wb") as log,
        bound_socket() as listener,
    ):
        require_room(Path(home))
        emulator = Emulator(listener.getsockname()[1], log_file, token)
        with child_process(
            [sys.executable, "-m", "build.local.emulator_process", str(listener.fileno()), home],
            token.encode(),
            cwd=PROJECT,
            env=clean_environment(emulator.port, Path(home)) | dict(settings or {}),
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process:
            listener.close()
            wait_until_ready(process, emulator)
            yield emulator
