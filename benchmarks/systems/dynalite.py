"""dynalite, a DynamoDB whose pages and capacity units are true: installed from npm, started on loopback, filled."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError

from benchmarks.systems.dynamodb import create_analytics_table, dynamodb_client
from benchmarks.systems.template_facts import analytics_table
from build.child_processes import parent_pipe, stop
from build.errors import CommandError
from build.local.emulator import free_port
from build.local.items import item_size
from build.loopback import HOST

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from handlers.keys import Item

NODE = Path(__file__).resolve().parents[1] / "node"
LOCK = NODE / "package-lock.json"
INSTALLED = NODE / "node_modules" / ".package-lock.json"
SECONDS_TO_START = 30


def version() -> str:
    """The version of dynalite that is pinned."""
    pinned: str = json.loads(LOCK.read_bytes())["packages"]["node_modules/dynalite"]["version"]
    return pinned


def install() -> None:
    """Install what the lock file names, unless it is there; nothing that a package would run is run.

    Raises:
        CommandError: when Node is missing or the installation fails.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        raise CommandError("Node and npm are not there: install Node 20 or newer for the measurements with dynalite.")
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
        return
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    finished = subprocess.run(["npm", "ci", *options], cwd=NODE, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise CommandError(f"npm could not install dynalite; check the network ({finished.stderr.strip()}).")


@contextmanager
def running_dynalite(database: Path | None = None) -> Iterator[str]:
    """A server for as long as the block lasts, guarded against web pages like every other.

    Args:
        database: folder of its data, kept when it stops; without it the data is in its memory.

    Returns:
        The URL of the server.

    Raises:
        CommandError: when it does not start.
    """
    port = free_port()
    with parent_pipe() as pipe:
        process = subprocess.Popen(
            ["node", str(NODE / "serve.js"), str(port), *([str(database)] if database else [])],
            stdin=pipe,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until_it_answers(process, f"http://{HOST}:{port}")
            yield f"http://{HOST}:{port}"
        finally:
            stop(process)


def wait_until_it_answers(process: "subprocess.Popen[bytes]", endpoint: str) -> None:
    """Wait for the server's first answer.

    Raises:
        CommandError: when it ended or did not answer in time.
    """
    client, deadline = dynamodb_client(endpoint), time.monotonic() + SECONDS_TO_START
    while not _answers(client):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError("dynalite did not start; fix what it printed above and run again.")
        time.sleep(0.05)


def _answers(client: "DynamoDBClient") -> bool:
    """Whether a server lists its tables."""
    try:
        client.list_tables()
        return True
    except BotoCoreError:
        return False


def fill_database(database: Path, items: "Iterable[Item]") -> int:
    """Make the analytics table in a new database and write items to it.

    Args:
        database: folder of its data; no server has it open.
        items: all of different keys.

    Returns:
        The bytes of all items, as DynamoDB counts them.

    Raises:
        CommandError: when Node fails.
    """
    with running_dynalite(database) as endpoint:
        create_analytics_table(dynamodb_client(endpoint))
    program = ["node", str(NODE / "load_items.js"), str(database), analytics_table()["TableName"]]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, text=True)
    size = write_lines(cast(IO[str], process.stdin), items)
    if process.wait():
        raise CommandError("dynalite could not be filled; fix what it printed above and run again.")
    return size


def write_lines(lines: IO[str], items: "Iterable[Item]") -> int:
    """Write items as JSON, one a line, while somebody reads them; their bytes as DynamoDB counts them."""
    size = 0
    with suppress(BrokenPipeError), lines:
        for item in items:
            lines.write(json.dumps(item) + "\n")
            size += item_size(item)
    return size
