"""Who may talk to a server on loopback: programs of this machine, and no web page that its user has open.

A page reaches loopback through the user's browser: with requests that need no preflight, or under a name that the
page's owner makes resolve to 127.0.0.1 (DNS rebinding). What it cannot do is choose the headers Host, Origin and
Sec-Fetch-Site, so these decide, before anything else of a request is looked at.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

HOST = "127.0.0.1"
"""The only address that servers of the project listen on; hence no IPv6 authority is their own."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application (https://asgi.readthedocs.io/en/latest/specs/www.html)."""


def refusal(port: int, target: str, headers: Iterable[tuple[str, str]]) -> str | None:
    """Why a request is refused, whatever its method; None when it is not.

    Args:
        port: of the server.
        target: of the request, as its first line has it. Anything but a path would name an authority of its own, which
            takes precedence over Host (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2).
        headers: every field, repeated ones included.
    """
    authorities = {f"{HOST}:{port}", f"localhost:{port}"}
    fields = [(name.lower(), value.strip()) for name, value in headers]

    def values(wanted: str) -> list[str]:
        return [value for name, value in fields if name == wanted]

    hosts = [value.lower() for value in values("host")]
    if not target.startswith("/"):
        return "The target of a request has to be a path."
    if len(hosts) != 1 or hosts[0] not in authorities:
        return f"The Host has to be {HOST}:{port} or localhost:{port}, once."
    if any(origin not in {f"http://{authority}" for authority in authorities} for origin in values("origin")):
        return "Pages of other origins are not answered."
    if any(site not in ("same-origin", "none") for site in values("sec-fetch-site")):
        return "Requests that another site causes are not answered."
    return None


class LoopbackGuard:
    """An ASGI application that answers in another's place what is refused, and sends no CORS headers.

    Args:
        application: gets to see what is not refused.
        port: of the server.
    """

    def __init__(self, application: Application, port: int) -> None:
        self._application = application
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._application(scope, receive, send)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        reason = refusal(self._port, scope["path"], headers)
        if reason:
            return await forbid(scope, send, reason)
        await self._application(scope, receive, _without_cors(send))


async def forbid(scope: Scope, send: Send, reason: str) -> None:
    """Answer a request of an ASGI server with status 403; a WebSocket is closed, which its server turns into that."""
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close"})
    body = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": HTTPStatus.FORBIDDEN.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _without_cors(send: Send) -> Send:
    async def send_without_cors(message: Message) -> None:
        if "headers" in message:
            kept = [field for field in message["headers"] if not field[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return send_without_cors


class GuardedRequestHandler(BaseHTTPRequestHandler):
    """A handler of `http.server` whose `do_` methods are called only for what is not refused."""

    default_request_version = "HTTP/1.0"
    server: HTTPServer

    def parse_request(self) -> bool:
        """Read a request's head; false when it was answered already."""
        if not super().parse_request():
            return False
        reason = refusal(self.server.server_port, self.path, self.headers.items())
        if reason:
            self.send_error(HTTPStatus.FORBIDDEN, explain=reason)
        return reason is None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with an error; what is no request of HTTP/1 at all is refused like everything else."""
        malformed = code in (HTTPStatus.BAD_REQUEST, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        super().send_error(HTTPStatus.FORBIDDEN if malformed else code, message, explain)
