"""The page and its panels as HTML, from what the overview knows; every value is escaped by the templates."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from build.commands.list import age_text
from build.console.alarm_states import alarm_history
from build.console.daily_summaries import count_day
from build.console.execution_paths import RUNNING, drawn_path, execution_path, workflow_sheet
from build.console.failed_batches import FailedBatches, RedriveJob
from build.console.log_buffer import LogBuffer, LogFilter
from build.console.metrics import SHOWN, Widget
from build.console.overview import Overview, Snapshot
from build.console.pipeline import arrows_now, boxes_now, pipeline_sheet
from build.console.target import Target
from build.console.trace import RecordTracer
from build.local.generator import RATES, RecordGenerator

PANELS = {
    "dashboard": "Dashboard",
    "executions": "Executions",
    "alarms": "Alarms",
    "failed-events": "Failed events",
    "summaries": "Summaries",
    "logs": "Logs",
    "trace": "Trace",
}
"""The panels of the page and their titles, in order."""
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Console:
    """Everything that the page is made from."""

    target: Target
    overview: Overview
    failed: FailedBatches
    redrive: RedriveJob
    logs: LogBuffer
    generator: RecordGenerator | None
    csrf_token: str

    @cached_property
    def tracer(self) -> RecordTracer:
        return RecordTracer(self.target.clients, self.target.config, self.target.stack)


class Pages:
    """Renders.

    Args:
        console: what there is to see.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._target = console.target
        self._templates = _environment()
        self._pipeline = pipeline_sheet(console.target.graph)
        self._workflow = workflow_sheet(console.target.graph)
        self._names = {found.physical_id: found.logical_id for found in console.target.resources.values()}
        self._contents: Mapping[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
            "dashboard": lambda _: {"widgets": console.overview.widgets, "alarms": self._snapshot.alarms},
            "executions": lambda _: {"executions": self._snapshot.executions},
            "alarms": lambda _: {"alarms": self._snapshot.alarms},
            "failed-events": lambda _: self._failed_events(),
            "summaries": lambda _: {"summaries": self._snapshot.summaries},
            "logs": self._log_lines,
            "trace": lambda _: {},
        }

    def page(self, panel: str, query: Mapping[str, str], detail: str = "") -> str:
        """The whole page with a panel open, and a detail of it that was rendered before."""
        values = {**self._overview(), **self._panel(panel, query)}
        return self._render("page.html", in_page=True, detail=Markup(detail), **values)

    def pipeline(self) -> str:
        """The pipeline as it is now, and the numbers beside the panels' names."""
        return self._render("pipeline.html", in_page=False, **self._overview())

    def panel(self, panel: str, query: Mapping[str, str]) -> str:
        """A panel with its controls."""
        return self._render("panel.html", detail="", **self._panel(panel, query))

    def live(self, panel: str, query: Mapping[str, str]) -> str:
        """The part of a panel that changes by itself."""
        return self._render(f"live/{panel}.html", **self._panel(panel, query))

    def execution(self, name: str) -> str:
        """An execution with its way through the workflow.

        Raises:
            ClientError: when there is none of this name.
        """
        path = execution_path(self._target.clients.workflow, self._target.state_machine, name)
        drawing = drawn_path(self._workflow, path)
        return self._render("detail/execution.html", path=path, drawing=drawing, running=RUNNING)

    def alarm(self, name: str) -> str:
        """The history of an alarm."""
        return self._render(
            "detail/alarm.html", name=name, history=alarm_history(self._target.clients.cloudwatch, name)
        )

    def day(self, day: date) -> str:
        """A fresh count of a day beside its summary."""
        count = count_day(self._target, day)
        summary = next((found for found in self._snapshot.summaries if found.whole_day == day), None)
        return self._render("detail/day.html", count=count, summary=summary)

    def trace(self, source_name: str, record_id: str) -> str:
        """The way of a record."""
        source = next(source for source in self._target.config.sources if source.name == source_name)
        return self._render("detail/trace.html", trace=self._console.tracer.trace(source, record_id))

    def problem(self, sentence: str) -> str:
        """A sentence that says what is wrong."""
        return self._render("detail/problem.html", sentence=sentence)

    def series(self) -> list[dict[str, Any]]:
        """The lines of every graph of the dashboard, in the order of its widgets, for the page's script."""
        return [self._graph(widget) for widget in self._console.overview.widgets]

    @property
    def _snapshot(self) -> Snapshot:
        return self._console.overview.snapshot

    def _graph(self, widget: Widget) -> dict[str, Any]:
        series = {metric: self._snapshot.series.get(metric) for metric in widget.metrics}
        points = {
            metric: dict(zip(found.times, found.values, strict=True)) if found else {}
            for metric, found in series.items()
        }
        times = sorted({time for values in points.values() for time in values})
        lines = [
            {"label": widget.legend(metric, self._names), "values": [values.get(time) for time in times]}
            for metric, values in points.items()
            if values
        ]
        end = self._snapshot.taken or datetime.now(UTC)
        shown = [(end - SHOWN).timestamp(), end.timestamp()]
        return {"times": [time.timestamp() for time in times], "lines": lines, "shown": shown}

    def _overview(self) -> dict[str, Any]:
        snapshot, now = self._snapshot, datetime.now(UTC)
        boxes = boxes_now(self._target, snapshot.alarms, snapshot.executions, snapshot.counted)
        drawing = self._pipeline.drawn(boxes, arrows_now(self._console.overview.flows, snapshot.series, now))
        return {"drawing": drawing}

    def _panel(self, panel: str, query: Mapping[str, str]) -> dict[str, Any]:
        return {"panel": panel, **self._contents[panel](query)}

    def _failed_events(self) -> dict[str, Any]:
        objects = self._snapshot.failed_events
        groups = self._console.failed.groups(objects)
        return {"groups": groups, "objects": objects, "redrive": self._console.redrive.state}

    def _log_lines(self, query: Mapping[str, str]) -> dict[str, Any]:
        wanted = LogFilter(query.get("source", ""), query.get("level", ""), query.get("text", ""))
        lines, matching = self._console.logs.newest(wanted)
        return {"lines": lines, "matching": matching, "wanted": wanted, "log_sources": self._console.logs.sources}

    def _render(self, template: str, **values: Any) -> str:
        generator = self._console.generator
        return self._templates.get_template(template).render(
            target=self._target,
            snapshot=self._snapshot,
            panels=PANELS,
            rates=RATES,
            rate=generator.rate if generator else None,
            csrf_headers=json.dumps({"x-csrf-token": self._console.csrf_token}),
            yesterday=datetime.now(UTC).date() - timedelta(days=1),
            **values,
        )


def _environment() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"clock": _clock, "moment": _moment, "ago": _ago, "readable": _readable}
    return templates


def _clock(time: datetime) -> str:
    return f"{time.astimezone(UTC):%H:%M:%S}"


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _ago(time: datetime) -> str:
    return age_text(datetime.now(UTC) - time)


def _readable(text: str) -> str:
    """JSON with line breaks; other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
