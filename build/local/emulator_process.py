"""The process of the emulated AWS: MiniStack behind a guard, on the one port that it is handed.

    python -m build.local.emulator_process <file descriptor of the bound socket> <private folder>

Its standard input is a pipe from the program that started it. It brings the token for administrative requests, which
thereby is in no environment that the functions inherit; and it closes when that program ends, however it ends.
"""

import asyncio
import os
import socket
import sys
import threading
from hmac import compare_digest
from importlib import import_module

from build.child_processes import end_with_parent
from build.local.emulator import TOKEN_BYTES, TOKEN_HEADER
from build.local.emulator_services import complete_services
from build.local.resource_types import provide_resource_types
from build.loopback import Application, Receive, Scope, Send, forbid
from build.loopback_server import serve_on_loopback

_STANDARD_INPUT = 0


class Administration:
    """MiniStack, whose administrative paths are refused to those who do not know the token.

    They reset it, change its settings, and show the code and the messages that it holds. All begin with an underscore,
    which no path of an AWS API does (bucket names begin with a letter or a number), but for one.

    Args:
        application: MiniStack's.
        token: that opens them.
    """

    def __init__(self, application: Application, token: bytes) -> None:
        self._application = application
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not self._is_refused(scope):
            return await self._application(scope, receive, send)
        await forbid(scope, send, "Administrative requests take the token of the program that started this emulator.")

    def _is_refused(self, scope: Scope) -> bool:
        path: str = scope["path"]
        token = dict(scope["headers"]).get(TOKEN_HEADER.encode(), b"")
        return (path.startswith("/_") or path == "/health") and not compare_digest(token, self._token)


def _refuse_to_bind(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: no service of MiniStack opens a port of its own (MQTT, SFTP, databases, runtime APIs)."""
    if event == "socket.bind" and getattr(arguments[0], "family") in (socket.AF_INET, socket.AF_INET6):
        raise PermissionError("the emulator listens on its guarded port alone")


def main(descriptor: str, folder: str) -> None:
    """Serve until this process group is ended.

    Args:
        descriptor: of a socket that is bound and does not listen yet.
        folder: where this process runs, and what it removes when the program that started it has ended.
    """
    token = os.read(_STANDARD_INPUT, TOKEN_BYTES)
    if len(token) != TOKEN_BYTES:
        sys.exit("This is a part of `python -m build local`; run that.")
    threading.Thread(target=end_with_parent, args=(folder,), daemon=True).start()
    os.chdir(folder)
    sys.addaudithook(_refuse_to_bind)
    ministack: Application = import_module("ministack.app").app
    provide_resource_types()
    complete_services()
    listener = socket.socket(fileno=int(descriptor))
    asyncio.run(serve_on_loopback(Administration(ministack, token), listener, asyncio.Event().wait))


if __name__ == "__main__":
    main(*sys.argv[1:])
