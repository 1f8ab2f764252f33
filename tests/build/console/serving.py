"""The console as a server on loopback, in a thread of the test, and a browser that looks at it."""

import asyncio
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from selenium import webdriver

from build.console.access import Access, AccessGuard, Session
from build.console.application import console_application
from build.console.command import assembled
from build.console.pages import Console
from build.console.target import Target
from build.loopback import HOST
from build.loopback_server import serve_on_loopback

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""The names of browsers that speak the protocol of chromedriver."""
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@dataclass(frozen=True)
class RunningConsole:
    """A console that answers."""

    console: Console
    access: Access
    port: int

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"


@contextmanager
def running_console(target: Target, session: Session | None = None) -> Iterator[RunningConsole]:
    """The console over a stack, for as long as the block lasts.

    Args:
        target: the stack; it is read once before the console answers, and then as often as it says.
        session: of a console that ran before.
    """
    kept = session or Session()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, kept.port))
        access = Access(Session(listener.getsockname()[1], kept.secret))
        console = assembled(target, access)
        console.overview.read()
        console.overview.start()
        guarded = AccessGuard(console_application(console), access)
        ended = threading.Event()
        serving = serve_on_loopback(guarded, listener, lambda: asyncio.to_thread(ended.wait))
        thread = threading.Thread(target=asyncio.run, args=(serving,), daemon=True)
        thread.start()
        _wait_for(listener.getsockname()[1])
        try:
            yield RunningConsole(console, access, listener.getsockname()[1])
        finally:
            ended.set()
            thread.join(timeout=30)


@contextmanager
def browser(width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[webdriver.Chrome]:
    """A headless browser with an empty profile.

    Args:
        width: of the page, in pixels.
        height: of what is seen of it at once.
        dark: whether its user prefers dark pages.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = next(path for name in BROWSERS if (path := shutil.which(name)))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="console-browser-", ignore_cleanup_errors=True) as profile:
        for option in (*_OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            resize(driver, width, height)
            scheme = "dark" if dark else "light"
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            yield driver
        finally:
            driver.quit()


def let_in(driver: webdriver.Chrome, running: RunningConsole) -> None:
    """Give a browser the cookie that the address of the console gives the first one."""
    driver.get(f"{running.address}/static/icon.svg")
    name, _, value = running.access.set_cookie.partition(";")[0].partition("=")
    driver.add_cookie({"name": name, "value": value, "path": "/"})


def resize(driver: webdriver.Chrome, width: int, height: int) -> None:
    """Have the browser show the page in exactly so many pixels."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def why_no_browser() -> str:
    """Why there is no browser to test with, as a sentence; nothing when there is one."""
    if not any(map(shutil.which, BROWSERS)):
        return "There is no Chromium here; install it (Debian: chromium) to test the console in a browser."
    if not shutil.which("chromedriver"):
        return "There is no chromedriver here; install it (Debian: chromium-driver) to test the console in a browser."
    return ""


def _wait_for(port: int) -> None:
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            continue
