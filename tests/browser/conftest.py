"""Debian's Chromium without a screen, or any other that is on the PATH; it is given one document, and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

ROOT = Path(__file__).parent.parent.parent
SCREENSHOTS = ROOT / ".screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOME = "http://localhost/report.html"
"""Where the document is served: a secure origin, as a page needs it for the clipboard."""


@dataclass
class Tab:
    """A page with a report in it, and what it said and asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)


class Reader:
    """Opens reports."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: list[Tab] = []

    def open(self, text: str, width: int = 1280, height: int = 800, dark: bool = False) -> Tab:
        """A report in a window of a size; everything else that it asks for is refused."""
        scheme = "dark" if dark else "light"
        context = self._browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin="http://localhost")
        tab = Tab(context.new_page())

        def answer(route: Route) -> None:
            if route.request.url == HOME and HOME not in tab.asked_for:
                tab.asked_for.append(HOME)
                route.fulfill(body=text, content_type="text/html; charset=utf-8")
            else:
                tab.asked_for.append(route.request.url)
                route.abort()

        tab.page.route("**/*", answer)
        tab.page.on("console", lambda message: tab.said.append(f"{message.type}: {message.text}"))
        tab.page.on("pageerror", lambda error: tab.said.append(f"error: {error}"))
        tab.page.goto(HOME)
        self._open.append(tab)
        return tab

    def close(self) -> None:
        for tab in self._open:
            tab.page.context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: on Debian and Ubuntu, `apt install chromium` brings it")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    made = Reader(browser)
    yield made
    made.close()
