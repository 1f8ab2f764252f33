"""Who gets to see the page: a browser that was opened with the token of the address, and nobody else.

The guard of the local servers has refused foreign Hosts, Origins and sites before. What is left is another program or
user of this machine, who does not know the token, and a page that this one would be framed in.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from time import time
from typing import Self
from urllib.parse import parse_qs

from build.loopback import HOST, Application, Message, Receive, Scope, Send, forbid

CSRF_HEADER = "x-csrf-token"
_SECONDS_KEPT = 12 * 60 * 60
_CLOSED = "Open the address that `python -m build console` printed, which is good once; or start it again."
_SAFE_METHODS = ("GET", "HEAD")
_HEADERS = (
    (b"content-security-policy", b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True)
class Session:
    """What stays the same when the console is started again, so that an open page goes on by itself.

    Args:
        port: that the console listens on; 0 before it was chosen.
        secret: the value of the cookie.
        begun: in seconds since 1970.
    """

    port: int = 0
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    begun: float = field(default_factory=time)

    @classmethod
    def load(cls, file: Path) -> Self:
        """The session that a file keeps, or a new one when there is none of the last twelve hours."""
        try:
            session = cls(**json.loads(file.read_text("utf-8")))
            return session if time() - session.begun < _SECONDS_KEPT else cls(session.port)
        except (OSError, TypeError, ValueError):
            return cls()

    def save(self, file: Path) -> None:
        """Keep the session in a file that its user alone can read.

        Raises:
            OSError: when it cannot be written.
        """
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream)


class Access:
    """What opens the page: a token that is good once, the cookie that it becomes, and the token of every POST.

    Args:
        session: with the port that the console listens on.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._token = secrets.token_urlsafe(32)
        self._spent = False

    @property
    def address(self) -> str:
        """What to open in a browser, once."""
        return f"http://{HOST}:{self._session.port}/?token={self._token}"

    @property
    def csrf_token(self) -> str:
        """What a POST has to bring in a header."""
        return hmac.new(self._session.secret.encode(), b"post", hashlib.sha256).hexdigest()

    @property
    def cookie(self) -> str:
        """The name of the cookie; browsers send the cookies of one port to all."""
        return f"console-{self._session.port}"

    @property
    def set_cookie(self) -> str:
        """The header that gives a browser the cookie."""
        return f"{self.cookie}={self._session.secret}; Path=/; HttpOnly; SameSite=Strict"

    def spend(self, token: str) -> bool:
        """Whether a token is the one of the address and was not used before."""
        good = not self._spent and hmac.compare_digest(token.encode(), self._token.encode())
        self._spent = self._spent or good
        return good

    def knows(self, header: str) -> bool:
        """Whether a Cookie header has the cookie."""
        try:
            found = SimpleCookie(header).get(self.cookie)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self._session.secret.encode())

    def may_post(self, token: str) -> bool:
        """Whether a POST came from the page."""
        return hmac.compare_digest(token.encode(), self.csrf_token.encode())


class AccessGuard:
    """An ASGI application that answers what nobody has opened the page for, and adds the headers of every answer.

    Args:
        application: gets to see what is not refused.
        access: decides.
    """

    def __init__(self, application: Application, access: Access) -> None:
        self._application = application
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._application(scope, receive, send)
        guarded = _with_headers(send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        known = self._access.knows(headers.get("cookie", ""))
        if token and scope["path"] == "/" and (known or self._access.spend(token)):
            return await _open_page(guarded, self._access.set_cookie)
        if not known:
            return await forbid(scope, guarded, _CLOSED)
        if scope["method"] not in _SAFE_METHODS and not self._access.may_post(headers.get(CSRF_HEADER, "")):
            return await forbid(scope, guarded, "Only the page itself may change something.")
        await self._application(scope, receive, guarded)


async def _open_page(send: Send, set_cookie: str) -> None:
    """Lead to the page without the token in its address."""
    headers = [(b"location", b"/"), (b"set-cookie", set_cookie.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *_HEADERS]}
        await send(message)

    return send_with_headers
