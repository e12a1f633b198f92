"""A real Chromium against a real server in this process, as the application role under row-level security.

``open_as(person)`` gives a page on which that person is signed in. Every page that such a test opens is watched: an
error of a script, a refusal of the content policy, a failed request or one to another host fails the test.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.looking import HEIGHTS, WIDE, OpenAs, Scheme

if TYPE_CHECKING:
    from accounts.models import User

# Playwright runs an event loop in this thread, which Django would otherwise take for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser; a test against the real server commits what it does."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            item.add_marker(pytest.mark.browser)
            if "open_as" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("Chromium is not installed; on Debian: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def open_as(chromium: Browser, live_server: LiveServer) -> Iterator[OpenAs]:
    """Opens a page as somebody (None: a visitor), at a width and in a colour scheme, and watches it."""
    from tests.cast import signed_in_cookie  # the apps are not loaded yet when this file is

    contexts = []
    complaints: list[str] = []

    def opened(
        person: "User | None", path: str = "/", *, width: int = WIDE, scheme: Scheme = "light", scripts: bool = True
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHTS.get(width, 800)},
            color_scheme=scheme,
            java_script_enabled=scripts,
            accept_downloads=True,
        )
        contexts.append(context)
        context.on("request", lambda request: _stay_here(request.url, live_server.url, complaints))
        if person is not None:
            cookie = signed_in_cookie(person)
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: _listen(message, complaints))
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.goto(live_server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


def _stay_here(url: str, ours: str, complaints: list[str]) -> None:
    # Everything comes from our own host; what a page holds itself (data:, blob:) asks nobody.
    if not url.startswith((f"{ours}/", "data:", "blob:", "about:")):
        complaints.append(f"a request to another host: {url}")


def _listen(message: ConsoleMessage, complaints: list[str]) -> None:
    # A status of 4xx is an answer the test asked for; everything else on the console is somebody's mistake.
    if message.type in {"error", "warning"} and "the server responded with a status of 4" not in message.text:
        complaints.append(f"{message.type} at {message.location}: {message.text}")
