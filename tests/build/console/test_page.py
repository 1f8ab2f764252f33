"""The page in a real browser: what its panels show, and how they change."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from build.cloudformation.stacks import DeployedStack
from build.console.pages import PANELS
from build.console.target import Target
from build.executions import execute_all
from build.local.cloud import LocalCloud
from build.local.faults import FAULTS
from build.local.scenario import INVALID_REQUEST, VALID_REQUEST
from tests.build.console.browsing import click, in_view, open_panel, problems, text, wait
from tests.build.console.seeding import SOURCE, ring, seed_metrics, seed_summaries, store_failure
from tests.build.console.serving import RunningConsole, let_in, running_console
from tests.build.console.writing import record, write_and_process

pytestmark = pytest.mark.slow
SECONDS_OF_A_FAULT = 180
"""An alarm rings within a minute here, and the busiest machine takes a few times as long."""


def test_the_page_is_complete_within_two_seconds(page: webdriver.Chrome, running: RunningConsole) -> None:
    begun = time.monotonic()
    page.get(running.address)
    wait(page, lambda: text(page, "#connection .words") == "live")
    loaded = page.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert 0 < loaded < 2000, time.monotonic() - begun
    for name in (f"{SOURCE.name}Table", f"{SOURCE.name}Processor", "AnalyticsTable", "FailedEventsBucket"):
        assert name in text(page, ".pipeline svg")
    assert text(page, ".tabs [aria-current]") == "Dashboard"
    assert problems(page) == []


def test_every_request_of_the_page_goes_to_the_console(page: webdriver.Chrome, running: RunningConsole) -> None:
    for panel in PANELS:
        open_panel(page, running, panel)
        asked = page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
        assert asked and all(name.startswith(f"{running.address}/") for name in asked)
    assert problems(page) == []


def test_what_is_written_shows_up_by_itself(
    page: webdriver.Chrome, running: RunningConsole, cloud: LocalCloud, target: Target
) -> None:
    open_panel(page, running, "logs")
    write_and_process(cloud, [record(SOURCE, "seen-live")])
    wait(page, lambda: "batch processed" in text(page, "#live"))
    flow = next(flow for flow in running.console.overview.flows if flow.table == f"{SOURCE.name}Table")
    seed_metrics(target, {flow.processed: [60.0, 60.0], flow.age: [90_000.0, 90_000.0]})
    wait(page, lambda: "records/s · oldest 1 min" in text(page, ".arrow.busy text"))


def test_every_graph_has_its_data_or_says_that_it_has_none(
    page: webdriver.Chrome, running: RunningConsole, target: Target
) -> None:
    widgets = running.console.overview.widgets
    full = next(widget for widget in widgets if "Invocations" in widget.title)
    seed_metrics(target, {full.metrics[0]: [1.0, 5.0, 2.0]})
    open_panel(page, running, "dashboard")
    place = widgets.index(full)
    wait(page, lambda: text(page, f"[data-widget='{place}'] .u-legend"))
    (alarms,) = (widget.alarm_names for widget in widgets if widget.alarms)
    assert set(text(page, ".chips .chip").split("\n")) == alarms
    titles = [widget.title for widget in widgets]
    assert text(page, "figcaption strong").split("\n") == titles
    states = page.execute_script(
        "return [...document.querySelectorAll('[data-widget]')].map(plot =>"
        " [plot.hidden, plot.parentElement.querySelector('.empty').hidden, plot.querySelector('canvas') !== null])"
    )
    assert all((hidden, empty, drawn) in ((True, False, False), (False, True, True)) for hidden, empty, drawn in states)


def test_both_ways_through_the_workflow_are_shown(page: webdriver.Chrome, running: RunningConsole) -> None:
    open_panel(page, running, "executions")
    click(page, "form[hx-post='/executions'] button")
    wait(page, lambda: "succeeded" in text(page, "#detail h3"))
    assert "ProcessAnalytics" in text(page, "#detail .box.well")
    assert "ValidationFailed" in text(page, "#detail .box.skipped")
    client = running.console.target.clients.workflow
    (failed,) = execute_all(client, running.console.target.state_machine, [INVALID_REQUEST])
    name = failed.arn.rsplit(":", 1)[-1]
    click(page, f"[id='execution-{name}']")
    wait(page, lambda: "failed" in text(page, "#detail h3"))
    assert "InvalidDataError: Data validation failed" in text(page, "#detail .problem")
    assert "ValidationFailed" in text(page, "#detail .box.ill")
    assert "ProcessAnalytics" in text(page, "#detail .box.skipped")
    assert len(text(page, "#detail .arrow.taken text").split("\n")) == 1


def test_an_alarm_that_rings_says_what_it_means_and_its_history(
    page: webdriver.Chrome, running: RunningConsole, target: Target
) -> None:
    open_panel(page, running, "alarms")
    ring(target, "UserDataProcessorDeliveryAlarm")
    wait(page, lambda: "rings" in text(page, "#details-UserDataProcessorDeliveryAlarm .chip"))
    assert "failed records could not be sent" in text(page, "#details-UserDataProcessorDeliveryAlarm dd")
    wait(page, lambda: "UserDataProcessor" in text(page, ".pipeline .box.ill"))
    assert int(text(page, "#badge-alarms")) >= 1
    click(page, "#history-UserDataProcessorDeliveryAlarm")
    wait(page, lambda: "ALARM" in text(page, "#detail"))
    assert "UTC" in text(page, "#details-UserDataProcessorDeliveryAlarm dd:last-of-type")
    assert in_view(page, "#detail h3")
    wait(page, lambda: text(page, "#details-UserDataProcessorDeliveryAlarm .chip").strip() == "ok")
    wait(page, lambda: "UserDataProcessor" not in text(page, ".pipeline .box.ill"))


@pytest.mark.timeout(600)
def test_a_fault_is_seen_from_ringing_to_all_clear(
    page: webdriver.Chrome, running: RunningConsole, cloud: LocalCloud
) -> None:
    open_panel(page, running, "alarms")
    state = "#details-UserDataFailedEventsAlarm .chip"
    wait(page, lambda: text(page, state).strip() == "ok")
    with FAULTS["crash"].inject(cloud, SOURCE):
        write_and_process(cloud, [record(SOURCE, f"crashed-{number}") for number in range(6)])
        wait(page, lambda: text(page, state).strip() == "rings", SECONDS_OF_A_FAULT)
        wait(page, lambda: "alarm" in text(page, ".pipeline .box.ill") and int(text(page, "#badge-alarms")) >= 1)
        click(page, "#tab-failed-events")
        wait(page, lambda: "RetryAttemptsExhausted" in text(page, "#live h3"))
        assert "FailedEventsBucket" in text(page, ".pipeline .box.ill")
    click(page, "form[hx-post='/redrive'] button")
    wait(page, lambda: re.search(r"failed events: \d+ recorded$", text(page, "#live [role=status] p")))
    wait(page, lambda: "The bucket is empty" in text(page, "#live"))
    click(page, "#tab-alarms")
    wait(page, lambda: text(page, state).strip() == "ok", SECONDS_OF_A_FAULT)
    wait(page, lambda: text(page, "#live .chip.alarm") == text(page, "#badge-alarms") == "", SECONDS_OF_A_FAULT)
    assert text(page, ".pipeline .box.ill") == text(page, "#badge-failed-events") == ""
    assert {f"crashed-{number}" for number in range(6)} <= _activities(cloud).keys()


def test_failed_events_are_redriven_from_the_page(
    page: webdriver.Chrome, running: RunningConsole, cloud: LocalCloud, stack: DeployedStack
) -> None:
    for number in range(3):
        store_failure(cloud, stack, f"redriven-{number}", error="Redriven")
    open_panel(page, running, "failed-events")
    wait(page, lambda: "RetryAttemptsExhausted, Redriven · 3 objects · 3 records" in text(page, "#live h3"))
    wait(page, lambda: "FailedEventsBucket" in text(page, ".pipeline .box.ill"))
    click(page, "form[hx-post='/redrive'] button")
    wait(page, lambda: "recorded" in text(page, "#live [role=status]"))
    wait(page, lambda: "The bucket is empty" in text(page, "#live"))
    wait(page, lambda: text(page, "#badge-failed-events") == "")


def test_a_record_is_traced_on_the_page(page: webdriver.Chrome, running: RunningConsole, cloud: LocalCloud) -> None:
    write_and_process(cloud, [record(SOURCE, "traced-on-the-page")])
    open_panel(page, running, "trace")
    page.find_element(By.NAME, "id").send_keys("traced-on-the-page", Keys.ENTER)
    wait(page, lambda: "USER_ACTIVITY" in text(page, "#detail .way .well"))
    page.find_element(By.NAME, "id").send_keys("-not", Keys.ENTER)
    wait(page, lambda: "Nothing is known of traced-on-the-page-not" in text(page, "#detail"))


@pytest.mark.timeout(600)
def test_200_of_200_records_are_traced_on_the_page(
    page: webdriver.Chrome, running: RunningConsole, cloud: LocalCloud, target: Target
) -> None:
    names = [f"followed-{number:03d}" for number in range(200)]
    write_and_process(cloud, [record(SOURCE, name) for name in names])
    (counted,) = execute_all(target.clients.workflow, target.state_machine, [VALID_REQUEST])
    assert counted.status == "SUCCEEDED"
    activities = _activities(cloud)
    open_panel(page, running, "trace")
    for name in names:
        page.find_element(By.NAME, "id").clear()
        page.find_element(By.NAME, "id").send_keys(name, Keys.ENTER)
        wait(page, lambda: text(page, "#detail h3") == f"{SOURCE.name} {name}")
        change, activity, summary = (text(page, f"#detail .way li:nth-child({place}).well p") for place in (1, 2, 3))
        assert "INSERT at" in change, name
        data_type, processed_at = _shown(r"^(\S+)\nprocessedAt (\S+)$", activity)
        assert (data_type, Decimal(processed_at)) == activities[name]
        (total,) = _shown(r"DAILY_SUMMARY: ([\d,]+) activities", summary)
        assert int(total.replace(",", "")) >= len(names)


def _activities(cloud: LocalCloud) -> dict[str, tuple[str, Decimal]]:
    """The key of the only activity of each record of the source, by the record's id."""
    pages = cloud.clients.dynamodb.get_paginator("scan").paginate(TableName=cloud.outputs["AnalyticsTableName"])
    items = [item for page in pages for item in page["Items"] if SOURCE.source_id_attribute in item]
    return {
        item[SOURCE.source_id_attribute]["S"]: (item["dataType"]["S"], Decimal(item["processedAt"]["N"]))
        for item in items
    }


def _shown(pattern: str, words: str) -> tuple[str, ...]:
    """What the groups of a pattern match in a part of the page, which has to match."""
    found = re.search(pattern, words.strip())
    assert found, words
    return found.groups()


def test_thirty_days_of_summaries_and_a_fresh_count(
    page: webdriver.Chrome, running: RunningConsole, cloud: LocalCloud
) -> None:
    seed_summaries(cloud, 30)
    open_panel(page, running, "summaries")
    wait(page, lambda: len(page.find_elements(By.CSS_SELECTOR, "#live tbody tr")) == 30)
    assert len(page.find_elements(By.CSS_SELECTOR, "#live .bars rect")) == 30 * len(cloud.config.sources)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    click(page, f"[id='day-{yesterday}']")
    wait(page, lambda: "differs: run the workflow for this day again" in text(page, "#detail"))
    assert len(page.find_elements(By.CSS_SELECTOR, "#detail .bars rect")) == 24 * len(cloud.config.sources)
    assert in_view(page, "#detail h3")


def test_ten_thousand_log_lines_are_filtered(page: webdriver.Chrome, running: RunningConsole, target: Target) -> None:
    group = target.resources["DataValidatorLogGroup"].physical_id
    target.clients.logs.create_log_stream(logGroupName=group, logStreamName="many")
    now = int(time.time() * 1000)
    for first in range(0, 10_000, 1_000):
        events: Any = [
            {"timestamp": now, "message": json.dumps({"level": "INFO", "message": f"line {number:05d}"})}
            for number in range(first, first + 1_000)
        ]
        target.clients.logs.put_log_events(logGroupName=group, logStreamName="many", logEvents=events)
    open_panel(page, running, "logs")
    wait(page, lambda: "300 of 10,000 matching lines" in text(page, "#live"))
    page.find_element(By.ID, "log-text").send_keys("line 09876")
    wait(page, lambda: "1 of 1 matching lines" in text(page, "#live"))
    assert "line 09876" in text(page, ".log li")
    click(page, "#follow")
    time.sleep(2)
    assert "1 of 1 matching lines" in text(page, "#live")


def test_script_from_a_record_stays_text(
    page: webdriver.Chrome, running: RunningConsole, cloud: LocalCloud, stack: DeployedStack, target: Target
) -> None:
    hostile = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>'\"&{{7*7}}"
    write_and_process(cloud, [record(SOURCE, hostile)])
    key = store_failure(cloud, stack, "hostile", error=hostile)
    execute_all(target.clients.workflow, target.state_machine, [{"dataType": hostile}])
    group = target.resources["DataValidatorLogGroup"].physical_id
    line = json.dumps({"level": hostile, "message": hostile})
    events: Any = [{"timestamp": int(time.time() * 1000), "message": line}]
    target.clients.logs.create_log_stream(logGroupName=group, logStreamName="hostile")
    target.clients.logs.put_log_events(logGroupName=group, logStreamName="hostile", logEvents=events)
    dashboard = target.resources["ServerlessDashboard"].physical_id
    body = json.loads(target.clients.cloudwatch.get_dashboard(DashboardName=dashboard)["DashboardBody"])
    body["widgets"][0]["properties"]["title"] = hostile
    target.clients.cloudwatch.put_dashboard(DashboardName=dashboard, DashboardBody=json.dumps(body))
    with running_console(target) as second:
        let_in(page, second)
        for panel in PANELS:
            open_panel(page, second, panel)
            if panel in ("failed-events", "logs", "dashboard"):
                wait(page, lambda: hostile[:20] in text(page, "#live"))
        page.find_element(By.NAME, "id").send_keys(hostile, Keys.ENTER)
        wait(page, lambda: hostile[:20] in text(page, "#detail"))
        open_panel(page, second, "executions")
        click(page, "#live tbody a")
        wait(page, lambda: hostile[:20] in text(page, "#detail pre"))
        assert page.execute_script("return window.hacked === undefined") is True
        assert not [found for found in problems(page) if "Content Security Policy" in found]
    cloud.clients.s3.delete_object(Bucket=cloud.outputs["FailedEventsBucketName"], Key=key)
