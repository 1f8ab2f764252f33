"""What a web page can make a browser send to a server on loopback, and stranger requests, byte by byte."""

import socket
from http.client import HTTPResponse

from build.loopback import HOST

_PAGE = "Origin: http://evil.example"
_WEBSOCKET = (
    "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)
_H2C = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"

_HEADS = {
    "a page, without a preflight": f"POST {{path}} HTTP/1.1\nHost: {{own}}\n{_PAGE}\nContent-Type: text/plain",
    "a page by the name": f"POST {{path}} HTTP/1.1\nHost: localhost:{{port}}\n{_PAGE}\nContent-Type: text/plain",
    "a form": f"POST {{path}} HTTP/1.1\nHost: {{own}}\n{_PAGE}\nContent-Type: application/x-www-form-urlencoded",
    "a file": "POST {path} HTTP/1.1\nHost: {own}\nOrigin: null\nContent-Type: text/plain",
    "a page of another port": "POST {path} HTTP/1.1\nHost: {own}\nOrigin: http://localhost:1",
    "a page over TLS": "POST {path} HTTP/1.1\nHost: {own}\nOrigin: https://{own}",
    "two Origins": f"POST {{path}} HTTP/1.1\nHost: {{own}}\nOrigin: http://{{own}}\n{_PAGE}",
    "a preflight": f"OPTIONS {{path}} HTTP/1.1\nHost: {{own}}\n{_PAGE}\nAccess-Control-Request-Method: POST",
    "an image": "GET {path} HTTP/1.1\nHost: {own}\nSec-Fetch-Site: cross-site",
    "a cross-site post": "POST {path} HTTP/1.1\nHost: {own}\nSec-Fetch-Site: cross-site",
    "a same-site post": "POST {path} HTTP/1.1\nHost: {own}\nSec-Fetch-Site: same-site",
    "DNS rebinding": "POST {path} HTTP/1.1\nHost: evil.example:{port}",
    "DNS rebinding, same origin": "POST {path} HTTP/1.1\nHost: evil.example:{port}\nOrigin: http://evil.example:{port}",
    "a subdomain": "POST {path} HTTP/1.1\nHost: bucket.localhost:{port}",
    "no port": "POST {path} HTTP/1.1\nHost: 127.0.0.1",
    "another port": "POST {path} HTTP/1.1\nHost: 127.0.0.1:1",
    "IPv6": "POST {path} HTTP/1.1\nHost: [::1]:{port}",
    "two Hosts": "POST {path} HTTP/1.1\nHost: {own}\nHost: evil.example",
    "two Hosts, both its own": "POST {path} HTTP/1.1\nHost: {own}\nHost: {own}",
    "two Hosts in a line": "POST {path} HTTP/1.1\nHost: {own}, evil.example",
    "no Host": "POST {path} HTTP/1.1",
    "an empty Host": "POST {path} HTTP/1.1\nHost:",
    "HTTP/1.0 without Host": "POST {path} HTTP/1.0",
    "a target with an authority": "POST http://evil.example{path} HTTP/1.1\nHost: {own}",
    "a target that is a star": "OPTIONS * HTTP/1.1\nHost: evil.example",
    "a WebSocket": f"GET {{path}} HTTP/1.1\nHost: {{own}}\n{_PAGE}\n{_WEBSOCKET}",
    "half a WebSocket": f"GET {{path}} HTTP/1.1\nHost: {{own}}\n{_PAGE}\nConnection: Upgrade\nUpgrade: websocket",
    "an upgrade to HTTP/2": f"GET {{path}} HTTP/1.1\nHost: evil.example\n{_H2C}",
    "HTTP/2 from the start": "PRI * HTTP/2.0\n\nSM",
    "no HTTP": "garbage",
}

NAMES = tuple(_HEADS)


def hostile_request(name: str, port: int, path: str = "/", body: bytes = b"x") -> bytes:
    """A request that has to be refused.

    Args:
        name: one of NAMES.
        port: of the server.
        path: that it asks for.
        body: of a POST.
    """
    head = _HEADS[name].format(own=f"{HOST}:{port}", port=port, path=path)
    return with_body(head, body) if head.startswith("POST") else with_body(head)


def with_body(head: str, body: bytes = b"") -> bytes:
    """A request whose head has plain line ends and does not say how long the body is."""
    lines = head.split("\n") + ([f"Content-Length: {len(body)}"] if body else [])
    return "\r\n".join([*lines, "", ""]).encode() + body


def exchange(port: int, request: bytes) -> tuple[int, bytes]:
    """Send bytes to a server on loopback.

    Returns:
        The status, and the headers and the body of the answer.
    """
    with socket.create_connection((HOST, port), timeout=60) as connection:
        connection.sendall(request)
        with HTTPResponse(connection) as response:
            response.begin()
            return response.status, response.headers.as_bytes() + response.read()
