"""Hypercorn on loopback, without what it answers before an application could refuse it."""

import os
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from socket import socket
from typing import cast

import h11
import hypercorn.protocol
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.events import Closed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import ASGIFramework

from build.loopback import Application, LoopbackGuard

SECONDS_KEPT_ALIVE = 75
"""How long an idle connection stays open: longer than clients of AWS pause between two requests."""


class GuardedConnection(H11Protocol):
    """A connection that speaks HTTP/1 and no other protocol, and refuses what is malformed like what is foreign."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """Never go on in HTTP/2, neither when asked to (h2c) nor when the client starts with it."""

    async def _create_stream(self, request: h11.Request) -> None:
        """Hand a request to the application, unless it asks for a WebSocket or another protocol."""
        if any(name == b"upgrade" for name, _ in request.headers):
            await self._send_error_response(HTTPStatus.FORBIDDEN)
            await self.send(Closed())
        else:
            await super()._create_stream(request)

    async def _send_error_response(self, status_code: int) -> None:
        """Answer what the application does not get to see, such as two Hosts, or none."""
        await super()._send_error_response(HTTPStatus.FORBIDDEN)


async def serve_on_loopback(
    application: Application, listener: socket, shutdown_trigger: Callable[[], Awaitable[object]] | None = None
) -> None:
    """Serve an ASGI application to programs of this machine.

    Args:
        application: gets to see what is not refused.
        listener: bound to a port of 127.0.0.1, not listening yet.
        shutdown_trigger: returns when it is time to end; without one, SIGINT and SIGTERM end it.
    """
    setattr(hypercorn.protocol, "H11Protocol", GuardedConnection)  # Hypercorn has no setting for it.
    config = Config()
    config.loglevel = "WARNING"
    config.keep_alive_timeout = SECONDS_KEPT_ALIVE
    config.bind = [f"fd://{os.dup(listener.fileno())}"]  # Hypercorn closes what it is given.
    guarded = cast(ASGIFramework, LoopbackGuard(application, listener.getsockname()[1]))
    await serve(guarded, config, mode="asgi", shutdown_trigger=shutdown_trigger)
