"""The servers that run on Node answer programs of this machine, and no web page."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from benchmarks.systems.dynalite import INSTALLED, NODE, running_dynalite
from benchmarks.systems.dynamodb import create_analytics_table, dynamodb_client
from build.child_processes import parent_pipe, stop
from build.local.emulator import free_port
from build.loopback import HOST
from tests.build.hostile_requests import NAMES, exchange, hostile_request, with_body

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")

SERVER = """
const { HOST, guard } = require('./loopback_guard')
const server = require('node:http').createServer((request, response) => {
  console.log('reached')
  if (request.headers.origin) response.setHeader('Access-Control-Allow-Origin', '*')
  response.end()
})
guard(server, process.argv[1]).listen(process.argv[1], HOST, () => console.log('listening'))
"""


class Server:
    """A server of Node that says when a request reaches it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(
            ["node", "-e", SERVER, str(port)], cwd=NODE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self.said() == b"listening\n"

    def said(self) -> bytes:
        """What it prints next."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server(free_port())
    yield running
    stop(running.process)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_hostile_is_refused(server: Server, name: str) -> None:
    assert exchange(server.port, hostile_request(name, server.port))[0] == 403


def test_only_programs_and_own_pages_reach_it() -> None:
    server = Server(free_port())
    for name in NAMES:
        exchange(server.port, hostile_request(name, server.port))
    for host in (HOST, "localhost"):
        own = f"{host}:{server.port}"
        head = f"POST / HTTP/1.1\nHost: {own}\nOrigin: http://{own}"
        status, received = exchange(server.port, with_body(head, b"x"))
        assert (status, b"access-control" in received.lower()) == (200, False)
    stop(server.process)
    assert server.process.stdout is not None
    assert server.process.stdout.read() == b"reached\n" * 2


@pytest.mark.skipif(not INSTALLED.exists(), reason="dynalite is not installed; `make bench` installs it")
def test_dynalite_is_guarded() -> None:
    with running_dynalite() as endpoint:
        create_analytics_table(dynamodb_client(endpoint))
        port = int(endpoint.rpartition(":")[2])
        assert exchange(port, hostile_request("a page, without a preflight", port))[0] == 403
        assert len(dynamodb_client(endpoint).list_tables()["TableNames"]) == 1


@pytest.mark.skipif(not INSTALLED.exists(), reason="dynalite is not installed; `make bench` installs it")
def test_dynalite_ends_with_the_program_that_started_it() -> None:
    with parent_pipe() as pipe:
        process = subprocess.Popen(["node", str(NODE / "serve.js"), str(free_port())], stdin=pipe)
    assert process.wait(30) == 0
