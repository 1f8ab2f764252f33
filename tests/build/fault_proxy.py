"""A proxy on loopback in front of an emulated CloudFormation, which loses requests or answers when told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs

from build.loopback import HOST, GuardedRequestHandler

_HOP_BY_HOP = frozenset({"connection", "content-length", "host", "transfer-encoding"})
DENIAL = (
    b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/x is not authorized "
    b"to perform: cloudformation:DescribeStackEvents</Message></Error></ErrorResponse>"
)


class Fault(Enum):
    """What happens to a call."""

    REQUEST_LOST = "the connection closes before the request arrives"
    ANSWER_LOST = "the connection closes after the request arrived"
    DENIED = "the request is answered with AccessDenied"


@dataclass
class FaultProxy:
    """Forwards calls, but for those that are to go wrong.

    Args:
        target: port of the emulator.
        port: that the proxy listens on.
        faults: of an action's next calls.
        calls: the actions that arrived at the proxy.
    """

    target: int
    port: int = 0
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def next_fault(self, action: str) -> Fault | None:
        self.calls.append(action)
        due = self.faults.get(action)
        return due.pop(0) if due else None


def _handler(proxy: FaultProxy) -> type[GuardedRequestHandler]:
    class Handler(GuardedRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fault = proxy.next_fault(parse_qs(body.decode())["Action"][0])
            if fault is Fault.DENIED:
                return self._answer(403, DENIAL)
            if fault is not Fault.REQUEST_LOST:
                answer = self._forward(body)
            if fault is None:
                return self._answer(*answer)
            self.close_connection = True

        def _forward(self, body: bytes) -> tuple[int, bytes]:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            connection = HTTPConnection(HOST, proxy.target)
            try:
                connection.request("POST", self.path, body, headers)
                response = connection.getresponse()
                return response.status, response.read()
            finally:
                connection.close()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@contextmanager
def running_fault_proxy(target: int) -> Iterator[FaultProxy]:
    """A proxy for as long as the block lasts.

    Args:
        target: port of the emulator.
    """
    proxy = FaultProxy(target)
    with ThreadingHTTPServer((HOST, 0), _handler(proxy)) as server:
        proxy.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
