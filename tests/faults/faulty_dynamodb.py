"""The way to DynamoDB, a server on loopback in front of an emulator, on which requests meet faults."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import urllib3
from botocore.exceptions import ConnectionClosedError

from build.loopback import HOST, GuardedRequestHandler
from tests.handlers.fake_dynamodb import Answer

Fault = Callable[[Any, str, dict[str, Any]], Answer]
"""What happens to a request, given the table, the operation and the body; those of the table in memory are such."""

TARGET = "DynamoDB_20120810"
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 "
    "Credential=test/20260101/us-west-2/dynamodb/aws4_request, SignedHeaders=, Signature=",
}
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FaultyDynamoDB:
    """Hands requests on to the emulator; `faults` are used up one a request, None meaning an answer without fault.

    The connection is reset when a fault raises ConnectionClosedError.

    Args:
        endpoint: URL of the emulator.
        table_name: the only table.
    """

    def __init__(self, endpoint: str, table_name: str) -> None:
        self.table_name = table_name
        self.url = ""
        self.faults: deque[Fault | None] = deque()
        self.requests: list[str] = []
        self._endpoint = endpoint
        self._emulator = urllib3.PoolManager(maxsize=20)
        self._lock = threading.Lock()

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of a function that go with this table."""
        return {"ANALYTICS_TABLE_NAME": self.table_name, "AWS_ENDPOINT_URL_DYNAMODB": self.url}

    def answer(self, operation: str, body: dict[str, Any]) -> Answer:
        """What the emulator says to a request."""
        headers = HEADERS | {"X-Amz-Target": f"{TARGET}.{operation}"}
        response = self._emulator.request("POST", self._endpoint, body=json.dumps(body), headers=headers)
        return response.status, response.json()

    def serve(self, operation: str, body: dict[str, Any]) -> Answer:
        """What the client is told."""
        with self._lock:
            self.requests.append(operation)
            fault = self.faults.popleft() if self.faults else None
        return fault(self, operation, body) if fault else self.answer(operation, body)

    def activities(self) -> list[dict[str, Any]]:
        """Every activity in the table, which has to fit on one page."""
        _, answer = self.answer("Scan", {"TableName": self.table_name})
        assert "LastEvaluatedKey" not in answer
        return [item for item in answer["Items"] if not item["dataType"]["S"].endswith("_SUMMARY")]


class Connection(GuardedRequestHandler):
    """A client's connection; answers are written at once, or every one of them would wait for an acknowledgement."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: "Server"

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            status, answer = self.server.dynamodb.serve(operation, body)
        except ConnectionClosedError:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.close_connection = True
        else:
            self.send(status, json.dumps(answer).encode())

    def send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", HEADERS["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Lets connections reach the faults, and closes them without the goodbye that would hide a reset."""

    daemon_threads = True

    def __init__(self, dynamodb: FaultyDynamoDB) -> None:
        super().__init__((HOST, 0), Connection)
        self.dynamodb = dynamodb

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that were killed while they waited."""


@contextmanager
def faulty_table(endpoint: str, definition: dict[str, Any]) -> Iterator[FaultyDynamoDB]:
    """A new table that can be reached for as long as the block lasts.

    Args:
        endpoint: URL of the emulator.
        definition: what CreateTable is called with, but for the name.
    """
    dynamodb = FaultyDynamoDB(endpoint, f"analytics-{uuid4()}")
    status, answer = dynamodb.answer("CreateTable", {"TableName": dynamodb.table_name, **definition})
    assert status == 200, answer
    with Server(dynamodb) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            dynamodb.url = f"http://{HOST}:{server.server_port}"
            yield dynamodb
        finally:
            server.shutdown()
            thread.join()
