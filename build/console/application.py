"""The routes of the console: which address shows what, and the three that change something."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from build.aws_errors import explanation
from build.console.pages import PANELS, Console, Pages
from build.console.reads import RefusedWrite, on_demand
from build.errors import CommandError
from build.executions import start_execution, summary_request
from build.local.generator import RATES
from build.loopback import Application, Receive, Scope, Send

_STATIC = Path(__file__).parent / "static"
_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_SIGNS_OF_LIFE = 10.0
_FROM_THE_SCRIPT = "hx-request"
_DEFAULT_PANEL = "dashboard"
_REFRESHED = "/live"
"""How the addresses end that the page asks for by itself."""


class ConsoleRoutes:
    """Answers requests; those that ask AWS run in threads of their own.

    Args:
        console: what the page is made from.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pages = Pages(console)

    def routes(self) -> list[Route | Mount]:
        """Every address."""
        return [
            Route("/", self._page),
            Route("/events", self._events),
            Route("/pipeline", self._pipeline),
            Route("/panels/{panel}", self._panel),
            Route("/panels/{panel}/live", self._live),
            Route("/dashboard/series", self._series),
            Route("/executions", self._start_execution, methods=["POST"]),
            Route("/executions/{name}", self._execution),
            Route("/alarms/{name}", self._alarm),
            Route("/summaries/{day}", self._day),
            Route("/trace", self._trace),
            Route("/redrive", self._redrive, methods=["POST"]),
            Route("/generator", self._set_rate, methods=["POST"]),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ]

    def refused(self, request: Request, error: Exception) -> Response:
        """What is wrong, as a sentence in the page."""
        match error:
            case ClientError() | BotoCoreError():
                return HTMLResponse(self._pages.problem(explanation(error, self._console.target.clients.region)), 502)
            case RefusedWrite():
                return HTMLResponse(self._pages.problem(str(error)), 403)
        return HTMLResponse(self._pages.problem(str(error)), 400)

    def _page(self, request: Request) -> Response:
        return HTMLResponse(self._pages.page(_panel_of(request.query_params.get("panel")), request.query_params))

    def _pipeline(self, request: Request) -> Response:
        return HTMLResponse(self._pages.pipeline())

    def _panel(self, request: Request) -> Response:
        return HTMLResponse(self._pages.panel(_panel_of(request.path_params["panel"]), request.query_params))

    def _live(self, request: Request) -> Response:
        return HTMLResponse(self._pages.live(_panel_of(request.path_params["panel"]), request.query_params))

    def _series(self, request: Request) -> Response:
        return JSONResponse(self._pages.series())

    def _execution(self, request: Request) -> Response:
        return self._detail(request, "executions", self._pages.execution(request.path_params["name"]))

    def _alarm(self, request: Request) -> Response:
        return self._detail(request, "alarms", self._pages.alarm(request.path_params["name"]))

    def _day(self, request: Request) -> Response:
        return self._detail(request, "summaries", self._pages.day(_day(request.path_params["day"])))

    def _trace(self, request: Request) -> Response:
        source, record_id = request.query_params.get("source", ""), request.query_params.get("id", "").strip()
        if source not in {known.name for known in self._console.target.config.sources} or not record_id:
            raise CommandError("Choose a source, and give the id of a record.")
        return self._detail(request, "trace", self._pages.trace(source, record_id))

    def _detail(self, request: Request, panel: str, detail: str) -> Response:
        """A detail for the script of the page, or the page with it for a browser that follows the link itself."""
        if _FROM_THE_SCRIPT in request.headers:
            return HTMLResponse(detail)
        return HTMLResponse(self._pages.page(panel, request.query_params, detail))

    async def _start_execution(self, request: Request) -> Response:
        _require(self._console.target.allowed.execute, "start executions", "--allow-execute")
        day = _day((await _form(request)).get("date", ""))
        target = self._console.target
        arn = await run_in_threadpool(
            start_execution, target.clients.workflow, target.state_machine, summary_request(day)
        )
        self._console.overview.hurry()
        name = arn.rsplit(":", 1)[-1]
        return HTMLResponse(await run_in_threadpool(self._pages.execution, name))

    async def _redrive(self, request: Request) -> Response:
        target = self._console.target
        _require(target.allowed.redrive, "redrive", "--allow-redrive")
        typed = (await _form(request)).get("stack", "")
        if target.config.protected and typed != target.stack.name:
            raise CommandError(f"Nothing was replayed; type {target.stack.name} if it is meant.")
        self._console.redrive.start()
        self._console.overview.hurry()
        return HTMLResponse(await run_in_threadpool(self._pages.live, "failed-events", {}))

    async def _set_rate(self, request: Request) -> Response:
        rate = (await _form(request)).get("rate", "")
        if self._console.generator is None:
            raise RefusedWrite("Records are generated in the local cloud alone.")
        if rate not in map(str, RATES):
            raise CommandError(f"Choose one of {', '.join(map(str, RATES))} records a second.")
        self._console.generator.set_rate(int(rate))
        return Response(status_code=204)

    async def _events(self, request: Request) -> Response:
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(self._versions(), media_type="text/event-stream", headers=headers)

    async def _versions(self) -> AsyncIterator[str]:
        """An event whenever there is something new to see, and a sign of life in between."""
        overview, seen, silent = self._console.overview, -1, 0.0
        with overview.watched():
            while True:
                if overview.version != seen:
                    seen, silent = overview.version, 0.0
                    yield f"event: refresh\ndata: {seen}\n\n"
                elif silent >= _SECONDS_BETWEEN_SIGNS_OF_LIFE:
                    silent = 0.0
                    yield ": still here\n\n"
                await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
                silent += _SECONDS_BETWEEN_LOOKS


def console_application(console: Console) -> Starlette:
    """The console as an ASGI application, which still needs its guards."""
    routes = ConsoleRoutes(console)
    handlers = {kind: routes.refused for kind in (CommandError, ClientError, BotoCoreError)}
    return Starlette(routes=routes.routes(), exception_handlers=handlers, middleware=[Middleware(_Precedence)])


class _Precedence:
    """Has what somebody asked for read before what the page refreshes by itself."""

    def __init__(self, app: Application) -> None:
        self._application = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(_REFRESHED):
            return await self._application(scope, receive, send)
        with on_demand():
            await self._application(scope, receive, send)


def _panel_of(name: str | None) -> str:
    return name if name in PANELS else _DEFAULT_PANEL


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CommandError("Give a day like 2026-01-31.") from error
    if day > datetime.now(UTC).date():
        raise CommandError(f"{day} is not over; give a day up to today, in UTC.")
    return day


def _require(allowed: bool, action: str, option: str) -> None:
    if not allowed:
        raise RefusedWrite(f"The console may not {action} here; start it with {option} if it is meant.")


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form; of a field that is given more than once, the first."""
    body = (await request.body()).decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
