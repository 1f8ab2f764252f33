"""Requests to a console, each as a browser or a stranger sends it."""

import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.routing import Mount, Route

from build.console.access import CSRF_HEADER
from build.console.application import console_application
from build.loopback import HOST
from tests.build.console.serving import RunningConsole

_VALUES = {"{panel}": "alarms", "{name}": "nothing", "{day}": "2026-01-31"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


def all_routes(running: RunningConsole) -> Iterator[tuple[str, str]]:
    """The method and an address of every route that the router has."""
    for route in console_application(running.console).routes:
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/console.js"
        elif isinstance(route, Route):
            path = route.path
            for name, value in _VALUES.items():
                path = path.replace(name, value)
            yield from ((method, path) for method in sorted(route.methods or ()) if method != "HEAD")


def own_headers(running: RunningConsole) -> dict[str, str]:
    """What the page itself sends."""
    cookie = running.access.set_cookie.partition(";")[0]
    return {"Cookie": cookie, CSRF_HEADER: running.access.csrf_token, "HX-Request": "true"}


def ask(
    running: RunningConsole,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request; without headers it is one of the page itself. Of an endless answer, the beginning is read."""
    connection = http.client.HTTPConnection(HOST, running.port, timeout=60)
    try:
        sent = own_headers(running) if headers is None else dict(headers)
        connection.request(method, path, urlencode(form or {}) if method == "POST" else None, sent)
        response = connection.getresponse()
        endless = response.getheader("content-type", "").startswith("text/event-stream")
        content = response.readline() if endless else response.read()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, content.decode())
    finally:
        connection.close()
