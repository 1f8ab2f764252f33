"""Servers on loopback answer programs of this machine, and no web page."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from build.loopback import HOST, GuardedRequestHandler, LoopbackGuard, Message, Receive, Scope, Send, refusal
from tests.build.hostile_requests import NAMES, exchange, hostile_request, with_body

PORT = 4566


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1:4566"},
        {"host": "LOCALHOST:4566 "},
        {"Host": "localhost:4566", "Origin": "http://127.0.0.1:4566", "Sec-Fetch-Site": "same-origin"},
        {"Host": "127.0.0.1:4566", "Origin": "http://localhost:4566"},
        {"Host": "127.0.0.1:4566", "Sec-Fetch-Site": "none"},
    ],
)
def test_programs_and_own_pages_are_answered(headers: dict[str, str]) -> None:
    assert refusal(PORT, "/path", headers.items()) is None


@pytest.mark.parametrize(
    ("target", "headers", "reason"),
    [
        ("*", {"Host": "127.0.0.1:4566"}, "target"),
        ("/", {"Host": "127.0.0.1"}, "The Host has to be 127.0.0.1:4566 or localhost:4566"),
        ("/", {"Host": "127.0.0.1:4566", "origin": "null"}, "other origins"),
        ("/", {"Host": "127.0.0.1:4566", "sec-fetch-site": "cross-site"}, "another site"),
    ],
)
def test_a_refusal_says_why(target: str, headers: dict[str, str], reason: str) -> None:
    assert reason in (refusal(PORT, target, headers.items()) or "")


class Answering(GuardedRequestHandler):
    """Answers what reaches it, and remembers that."""

    reached: list[str] = []

    def do_GET(self) -> None:
        self.reached.append(self.command)
        self.send_response(200)
        self.end_headers()

    do_POST = do_OPTIONS = do_PRI = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer((HOST, 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def nothing_has_reached_it() -> None:
    Answering.reached.clear()


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_does_not_see_what_is_hostile(port: int, name: str) -> None:
    status, _ = exchange(port, hostile_request(name, port))
    assert status == 403
    assert not Answering.reached


def test_a_handler_sees_what_programs_send(port: int) -> None:
    for host in (HOST, "localhost"):
        assert exchange(port, with_body(f"POST / HTTP/1.1\nHost: {host}:{port}", b"x"))[0] == 200
    assert Answering.reached == ["POST", "POST"]


async def answered(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that lets every page read its answers."""
    headers = [(b"Access-Control-Allow-Origin", b"*"), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"here"})


def messages(scope: Scope) -> list[Message]:
    """What an application behind the guard sends."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is there to be received")

    asyncio.run(LoopbackGuard(answered, PORT)(scope, receive, send))
    return sent


def test_an_application_sends_no_cors_headers() -> None:
    start, body = messages({"type": "http", "path": "/", "headers": [(b"host", b"localhost:4566")]})
    assert (start["status"], start["headers"]) == (200, [(b"content-type", b"text/plain")])
    assert body["body"] == b"here"


def test_an_application_does_not_see_what_is_refused() -> None:
    start, body = messages({"type": "http", "path": "/", "headers": [(b"host", b"evil.example")]})
    assert start["status"] == 403
    assert body["body"].startswith(b"The Host has to be")


def test_a_foreign_websocket_is_not_accepted() -> None:
    assert messages({"type": "websocket", "path": "/", "headers": []}) == [{"type": "websocket.close"}]
