"""The page in a real browser: with the keyboard alone, in 360 pixels, in two tabs, and when a connection is lost."""

from dataclasses import replace

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from build.console.access import Session
from build.console.pages import PANELS
from build.console.target import Target
from build.local.cloud import LocalCloud
from tests.build.console.browsing import open_panel, press, tab_to, text, visible, wait
from tests.build.console.seeding import SOURCE, ring
from tests.build.console.serving import RunningConsole, browser, let_in, resize, running_console
from tests.build.console.test_static import AXE
from tests.build.console.writing import record, write_and_process

pytestmark = pytest.mark.slow
SERIOUS = ("serious", "critical")


def test_the_page_goes_on_when_the_console_was_started_again(page: webdriver.Chrome, target: Target) -> None:
    session = Session()
    with running_console(target, session) as first:
        session = replace(session, port=first.port)
        let_in(page, first)
        open_panel(page, first, "alarms")
    wait(page, lambda: "connection lost" in text(page, "#connection"))
    with running_console(target, session) as again:
        wait(page, lambda: text(page, "#connection .words") == "live")
        ring(target, "UserDataProcessorDeliveryAlarm")
        wait(page, lambda: "rings" in text(page, "#details-UserDataProcessorDeliveryAlarm .chip"))
        assert again.port == session.port


def test_two_tabs_show_the_same(page: webdriver.Chrome, running: RunningConsole, target: Target) -> None:
    open_panel(page, running, "alarms")
    first = page.current_window_handle
    page.switch_to.new_window("tab")
    try:
        open_panel(page, running, "alarms")
        ring(target, "OrderDataProcessorDeliveryAlarm")
        wait(page, lambda: "rings" in text(page, "#details-OrderDataProcessorDeliveryAlarm .chip"))
    finally:
        page.close()
        page.switch_to.window(first)
    ring(target, "OrderDataProcessorDeliveryAlarm")
    wait(page, lambda: "rings" in text(page, "#details-OrderDataProcessorDeliveryAlarm .chip"))


def test_the_keyboard_is_enough(page: webdriver.Chrome, running: RunningConsole) -> None:
    open_panel(page, running, "dashboard")
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the panel"
    tab_to(page, "#tab-alarms")
    outline = page.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.switch_to.active_element.send_keys(Keys.ENTER)
    wait(page, lambda: text(page, ".tabs [aria-current]").startswith("Alarms"))
    assert page.execute_script("return document.activeElement.id") == "tab-alarms"
    assert page.current_url.endswith("/?panel=alarms")
    page.back()
    wait(page, lambda: text(page, ".tabs [aria-current]") == "Dashboard")


def test_a_record_is_traced_with_the_keyboard_alone(
    page: webdriver.Chrome, running: RunningConsole, cloud: LocalCloud
) -> None:
    write_and_process(cloud, [record(SOURCE, "typed")])
    open_panel(page, running, "dashboard")
    tab_to(page, "#tab-trace")
    press(page, Keys.ENTER)
    wait(page, lambda: text(page, ".tabs [aria-current]") == "Trace")
    tab_to(page, "[name=id]")
    press(page, "typed", Keys.ENTER)
    wait(page, lambda: "USER_ACTIVITY" in text(page, "#detail .way .well"))
    tab_to(page, "#tab-failed-events", backwards=True)
    press(page, Keys.ENTER)
    wait(page, lambda: text(page, ".tabs [aria-current]").startswith("Failed events"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(running: RunningConsole, page: webdriver.Chrome, dark: bool) -> None:
    with browser(dark=dark) as driver:
        let_in(driver, running)
        for panel in PANELS:
            open_panel(driver, running, panel)
            driver.execute_script(AXE.read_text())
            found = driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
            serious = [
                (violation["id"], [node["html"][:120] for node in violation["nodes"][:3]])
                for violation in found["violations"]
                if violation["impact"] in SERIOUS
            ]
            assert serious == [], panel
        scheme = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (scheme == "rgb(245, 246, 248)") is not dark


def test_it_fits_into_360_pixels(page: webdriver.Chrome, running: RunningConsole) -> None:
    resize(page, 360, 780)
    try:
        for panel in PANELS:
            open_panel(page, running, panel)
            assert page.execute_script("return document.documentElement.scrollWidth") <= 360, panel
            assert visible(page, ".pipeline-list") and not visible(page, ".pipeline svg"), panel
    finally:
        resize(page, 1280, 900)


def test_a_lost_connection_to_aws_is_told_and_goes_on(page: webdriver.Chrome, target: Target) -> None:
    clients = replace(target.clients, endpoint_url="http://127.0.0.1:9").configured(
        connect_timeout=1, retries={"total_max_attempts": 1}
    )
    lost = replace(target, seconds_between_reads=0.5)
    with running_console(lost) as console:
        let_in(page, console)
        open_panel(page, console, "alarms")
        overview = console.console.overview
        overview.target = replace(lost, clients=clients)
        wait(page, lambda: "cannot be reached" in text(page, "#pipeline [role=alert]"))
        assert "UserDataProcessor" in text(page, ".pipeline svg")
        overview.target = lost
        wait(page, lambda: text(page, "#pipeline [role=alert]") == "")
