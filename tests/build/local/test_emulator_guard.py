"""The emulated AWS answers programs that were pointed at it, and no web page; it shows nobody how it is managed."""

import json
import os
import re
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import pytest

from build.local.emulator import TOKEN_HEADER, Emulator, running_emulator
from build.loopback import HOST
from tests.build.hostile_requests import NAMES, exchange, hostile_request, with_body
from tests.build.local.processes import listening_addresses, on_linux, processes_of
from tests.build.poller.cloud import ROLE, zipped

LOOPBACK = "0100007F"
FUNCTIONS = "/2015-03-31/functions"
LOOKS_FOR_THE_TOKEN = """
import os, pathlib, urllib.error, urllib.request
import boto3

def status(path, method):
    try:
        request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + path, method=method)
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code

def files(process):
    for name in ("environ", "cmdline"):
        file = pathlib.Path("/proc", str(process), name)
        if file.exists():
            yield file.read_bytes().decode(errors="replace")

def handler(event, context):
    return {
        "buckets": len(boto3.client("s3").list_buckets()["Buckets"]),
        "reset": status("/_ministack/reset", "POST"),
        "seen": [dict(os.environ), *files("self"), *files(os.getppid())],
    }
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log") as running:
        yield running


@pytest.fixture
def functions(emulator: Emulator) -> Any:
    """A client of Lambda, and no function."""
    client = boto3.client("lambda", endpoint_url=emulator.endpoint)
    for function in client.list_functions()["Functions"]:
        client.delete_function(FunctionName=function["FunctionName"])
    return client


def new_function(code: str) -> bytes:
    """What CreateFunction is called with."""
    properties = {"Runtime": "python3.13", "Handler": "index.handler", "Role": ROLE}
    return json.dumps(
        {"FunctionName": "new", "Code": {"ZipFile": b64encode(zipped(code)).decode()}} | properties
    ).encode()


def invoked(functions: Any, code: str) -> Any:
    """What a new function answers."""
    functions.create_function(
        FunctionName="invoked", Runtime="python3.13", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped(code)}
    )
    return json.load(functions.invoke(FunctionName="invoked")["Payload"])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_hostile_makes_no_function(emulator: Emulator, functions: Any, name: str) -> None:
    status, received = exchange(emulator.port, hostile_request(name, emulator.port, FUNCTIONS, new_function("")))
    assert status == 403
    assert b"access-control" not in received.lower()
    assert functions.list_functions()["Functions"] == []


@pytest.mark.parametrize("host", [HOST, "localhost"])
def test_the_same_request_of_a_program_makes_one(emulator: Emulator, functions: Any, host: str) -> None:
    head = f"POST {FUNCTIONS} HTTP/1.1\nHost: {host}:{emulator.port}\nContent-Type: text/plain"
    status, received = exchange(emulator.port, with_body(head, new_function("")))
    assert status == 201
    assert b"access-control" not in received.lower()
    assert [function["FunctionName"] for function in functions.list_functions()["Functions"]] == ["new"]


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_page_is_told_that_it_may_read(emulator: Emulator, method: str) -> None:
    own = f"{HOST}:{emulator.port}"
    head = f"{method} / HTTP/1.1\nHost: {own}\nOrigin: http://{own}"
    status, received = exchange(emulator.port, with_body(head))
    assert status == 200
    assert b"access-control" not in received.lower()


@pytest.mark.parametrize("handshake", ["", "\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="])
def test_nobody_gets_a_websocket(emulator: Emulator, handshake: str) -> None:
    head = f"GET / HTTP/1.1\nHost: {HOST}:{emulator.port}\nConnection: Upgrade\nUpgrade: websocket{handshake}"
    assert exchange(emulator.port, with_body(head))[0] == 403


def test_it_does_not_listen_to_ipv6(emulator: Emulator) -> None:
    with pytest.raises(OSError):
        socket.create_connection(("::1", emulator.port), timeout=60)


def test_a_function_reaches_it_and_does_not_find_the_token(emulator: Emulator, functions: Any) -> None:
    boto3.client("s3", endpoint_url=emulator.endpoint).create_bucket(
        Bucket="seen", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    answer = invoked(functions, LOOKS_FOR_THE_TOKEN)
    assert (answer["buckets"], answer["reset"]) == (1, 403)
    assert "GATEWAY_PORT" in answer["seen"][0]
    assert emulator.token not in json.dumps(answer)


def ministacks_own_paths() -> set[str]:
    """Every path in MiniStack's source that is none of AWS."""
    spec = find_spec("ministack")
    assert spec and spec.submodule_search_locations
    sources = Path(spec.submodule_search_locations[0]).rglob("*.py")
    return {path for source in sources for path in re.findall(r'"(/_\w+/[\w./-]*|/health)"', source.read_text("utf-8"))}


def test_administrative_paths_are_refused_without_the_token(emulator: Emulator) -> None:
    paths = ministacks_own_paths() | {"/_localstack/state", "/%5Fministack/reset", "/_ministack/reset?init=1"}
    assert paths >= {"/_ministack/reset", "/_ministack/config", "/_ministack/ready", "/_localstack/health", "/health"}
    for path in paths:
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            head = f"{method} {path} HTTP/1.1\nHost: {HOST}:{emulator.port}"
            assert exchange(emulator.port, with_body(head))[0] == 403, (method, path)


def test_only_the_token_resets_it(emulator: Emulator, functions: Any) -> None:
    new = with_body(f"POST {FUNCTIONS} HTTP/1.1\nHost: {HOST}:{emulator.port}", new_function(""))
    assert exchange(emulator.port, new)[0] == 201
    reset = f"POST /_ministack/reset HTTP/1.1\nHost: {HOST}:{emulator.port}\n{TOKEN_HEADER}: "
    for guess in ("", emulator.token[:-1], emulator.token.upper() + "0"):
        assert exchange(emulator.port, with_body(reset + guess))[0] == 403
    assert len(functions.list_functions()["Functions"]) == 1
    assert exchange(emulator.port, with_body(reset + emulator.token))[0] == 200
    assert functions.list_functions()["Functions"] == []


@pytest.mark.skipif(not shutil.which("aws"), reason="the AWS CLI is not installed")
def test_the_aws_cli_goes_through(emulator: Emulator, functions: Any) -> None:
    invoked(functions, "def handler(event, context): pass")
    command = ["aws", "lambda", "list-functions", "--query", "Functions[].FunctionName", "--output", "text"]
    for endpoint in (emulator.endpoint, f"http://localhost:{emulator.port}"):
        variables = os.environ | emulator.variables | {"AWS_ENDPOINT_URL": endpoint}
        assert subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout == "invoked\n"


@on_linux
def test_one_port_listens_and_that_on_loopback(emulator: Emulator, functions: Any) -> None:
    invoked(functions, "def handler(event, context): pass")
    processes = processes_of(emulator.port)
    assert len(processes) >= 2
    assert listening_addresses(processes) == {f"{LOOPBACK}:{emulator.port:04X}"}


def test_its_services_open_no_ports_of_their_own(functions: Any) -> None:
    code = {"ZipFile": zipped("", "bootstrap")}
    functions.create_function(
        FunctionName="own-runtime", Runtime="provided.al2023", Handler="bootstrap", Role=ROLE, Code=code
    )
    answer = functions.invoke(FunctionName="own-runtime")
    assert "the emulator listens on its guarded port alone" in json.load(answer["Payload"])["errorMessage"]
