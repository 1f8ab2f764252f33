"""What a test does with the page in a browser: open a panel, wait, read, click, press Tab."""

from collections.abc import Callable
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.build.console.serving import RunningConsole

_SECONDS = 30


def wait(page: webdriver.Chrome, condition: Callable[[], Any], seconds: int = _SECONDS) -> Any:
    """Wait until a condition holds; what is exchanged while it is looked at is looked at again."""
    ignored = (StaleElementReferenceException,)
    return WebDriverWait(page, seconds, 0.1, ignored).until(lambda _: condition())


def text(page: webdriver.Chrome, selector: str) -> str:
    """The text of everything that a selector finds."""
    script = "return [...document.querySelectorAll(arguments[0])].map(found => found.textContent).join('\\n')"
    found: str = page.execute_script(script, selector)
    return found


def visible(page: webdriver.Chrome, selector: str) -> bool:
    """Whether what a selector finds first is to be seen, asked at once, as it may be exchanged meanwhile."""
    return bool(page.execute_script("return document.querySelector(arguments[0]).checkVisibility()", selector))


def in_view(page: webdriver.Chrome, selector: str) -> bool:
    """Whether what a selector finds first is in the part of the page that the browser shows."""
    script = """
        const place = document.querySelector(arguments[0]).getBoundingClientRect();
        return place.top >= 0 && place.bottom <= innerHeight;
    """
    return bool(page.execute_script(script, selector))


def click(page: webdriver.Chrome, selector: str) -> None:
    """Click what a selector finds first, though it may be exchanged meanwhile."""
    wait(page, lambda: page.execute_script("return document.querySelector(arguments[0]) !== null", selector))
    page.execute_script("document.querySelector(arguments[0]).click()", selector)


def press(page: webdriver.Chrome, *keys: str) -> None:
    """Press keys, whatever has the focus."""
    ActionChains(page).send_keys(*keys).perform()


def tab_to(page: webdriver.Chrome, selector: str, backwards: bool = False) -> None:
    """Press Tab, or Shift and Tab, until what a selector finds has the focus."""
    for _ in range(40):
        press(page, *([Keys.SHIFT] if backwards else []), Keys.TAB, Keys.NULL)
        if page.execute_script("return document.activeElement.matches(arguments[0])", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def open_panel(page: webdriver.Chrome, running: RunningConsole, panel: str) -> None:
    page.get(f"{running.address}/?panel={panel}")
    wait(page, lambda: text(page, "#connection .words") == "live")


def problems(page: webdriver.Chrome) -> list[str]:
    """What the browser complained of since the last look: refused by the policy, not found, raised."""
    return [entry["message"] for entry in page.get_log("browser")]
