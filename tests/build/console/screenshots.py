"""Renders the console over a local cloud with a day's worth of records, failures and alarms.

python -m tests.build.console.screenshots [folder]
"""

import math
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import Image
from selenium.webdriver.common.by import By

from build.cloudformation.stacks import DeployedStack, existing_stack
from build.console.command import local_target
from build.console.metrics import Metric
from build.executions import execute_all
from build.local.cloud import LocalCloud, running_cloud
from build.local.scenario import INVALID_REQUEST, VALID_REQUEST
from build.packaging import package
from build.progress import StderrProgress
from stack.config import StackConfig
from tests.build.console.seeding import ring, seed_activities, seed_metrics, seed_summaries, store_failure
from tests.build.console.serving import RunningConsole, browser, let_in, resize, running_console, why_no_browser
from tests.build.console.writing import record, write_and_process

FOLDER = Path(__file__).parents[3] / "docs" / "console"
_SECONDS_TO_SETTLE = 3
_USUAL_PER_MINUTE = {
    "ActivitiesWritten": 270.0,
    "ConsumedReadCapacityUnits": 60.0,
    "ConsumedWriteCapacityUnits": 580.0,
    "Duration": 180.0,
    "Invocations": 6.0,
    "IteratorAge": 3_000.0,
    "RecordsProcessed": 290.0,
}
"""Of the metrics that are not zero in the screenshots."""


@dataclass(frozen=True)
class Screenshot:
    """A picture of the page: which panel, and what is clicked and typed before."""

    name: str
    panel: str
    width: int = 1280
    tallest: int = 1760
    dark: bool = False
    click: str = ""
    record_id: str = ""


SCREENSHOTS = (
    Screenshot("dashboard", "dashboard", tallest=1205),
    Screenshot("dashboard-dark", "dashboard", tallest=1205, dark=True),
    Screenshot("executions", "executions", click="#live tbody tr:last-child a"),
    Screenshot("alarms", "alarms", tallest=1205),
    Screenshot("failed-events", "failed-events", dark=True),
    Screenshot("summaries", "summaries", click="#live tbody a"),
    Screenshot("logs", "logs"),
    Screenshot("trace", "trace", record_id="user-000007"),
    Screenshot("narrow", "alarms", width=360, tallest=1500),
)


def main(folder: Path) -> None:
    """Render every screenshot."""
    if problem := why_no_browser():
        sys.exit(problem)
    folder.mkdir(exist_ok=True)
    config = StackConfig()
    with tempfile.TemporaryDirectory() as logs:
        with running_cloud(config, package(config), Path(logs), StderrProgress()) as cloud:
            target = local_target(cloud)
            with running_console(target) as running:
                _live_a_day(cloud, existing_stack(cloud.clients.cloudformation, config.stack_name), running)
                for screenshot in SCREENSHOTS:
                    _render(running, screenshot, folder)


def _live_a_day(cloud: LocalCloud, stack: DeployedStack, running: RunningConsole) -> None:
    """Have happen what there is to see."""
    sources, target = cloud.config.sources, running.console.target
    writes = [
        record(source, f"{source.words[0].lower()}-{number:06d}", number) for source in sources for number in range(60)
    ]
    write_and_process(cloud, writes)
    execute_all(cloud.clients.workflow, target.state_machine, [INVALID_REQUEST, VALID_REQUEST])
    seed_summaries(cloud, 30)
    seed_activities(cloud, 1)
    for number in range(7):
        store_failure(cloud, stack, f"user-{90 + number:06d}", error="Unhandled" if number % 3 else "TimedOut")
    seed_metrics(target, _curves(running))
    running.console.overview.read()


def _curves(running: RunningConsole) -> dict[Metric, list[float]]:
    """A value a minute of every metric of the dashboard; of what is not usual, zeros."""
    curves: dict[Metric, list[float]] = {}
    for widget in running.console.overview.widgets:
        subjects = list(dict.fromkeys(metric.subject for metric in widget.metrics))
        for metric in widget.metrics:
            usual = _USUAL_PER_MINUTE.get(metric.name, 0.0)
            curves[replace(metric, period=60)] = _curve(usual, subjects.index(metric.subject))
    return curves


def _curve(usual: float, subject: int) -> list[float]:
    """More than the three hours that a graph shows, of each subject a little less than of the one before."""
    return [round(usual * 0.8**subject * (1.4 + math.sin(minute / 25 + subject)), 1) for minute in range(190)]


def _render(running: RunningConsole, screenshot: Screenshot, folder: Path) -> None:
    with browser(screenshot.width, dark=screenshot.dark) as driver:
        let_in(driver, running)
        driver.get(f"{running.address}/?panel={screenshot.panel}")
        if screenshot.record_id:
            driver.find_element(By.NAME, "id").send_keys(screenshot.record_id)
            driver.find_element(By.CSS_SELECTOR, "main button").click()
        if screenshot.click:
            driver.execute_script("document.querySelector(arguments[0]).click()", screenshot.click)
        ring(running.console.target, "UserDataFailedEventsAlarm")
        time.sleep(_SECONDS_TO_SETTLE)
        height: int = driver.execute_script("return document.documentElement.scrollHeight")
        resize(driver, screenshot.width, min(height, screenshot.tallest))
        driver.execute_script("scrollTo(0, 0)")
        picture = Image.open(BytesIO(driver.get_screenshot_as_png())).convert("RGB")
        _with_palette(picture).save(folder / f"{screenshot.name}.png", optimize=True)


def _with_palette(picture: Image.Image) -> Image.Image:
    """A picture in its 256 most frequent colours, and so a third as large; Pillow's own palettes tint the surfaces."""
    parts = picture.tobytes()
    colours = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
    kept = [colour for colour, _ in Counter(colours).most_common(256)]
    nearest = {colour: min(kept, key=lambda other: math.dist(colour, other)) for colour in set(colours)}
    places = {colour: place for place, colour in enumerate(kept)}
    indexed = Image.frombytes("P", picture.size, bytes(places[nearest[colour]] for colour in colours))
    indexed.putpalette(bytes(part for colour in kept for part in colour))
    return indexed


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
