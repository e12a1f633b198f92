"""The frame in a real browser: under the real content policy, by eye, keyboard and screen reader, and over time.

No database and no sign-in: a small server of this file renders the pages for whoever the test says is signed in.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from csp.utils import build_policy
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Dialog, Page

from medichat import pages
from medichat.styleguide import styleguide
from tests.browser.looking import assert_accessible

pytestmark = pytest.mark.browser

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
DESK = """
{% extends "base_clinical.html" %}
{% block main %}<h1>Desk</h1>
<form method="post" action="/slow/" data-warn-unsaved>{% csrf_token %}
  <label for="words">Words</label><textarea id="words" name="words"></textarea>
  <button class="button" name="act" value="send">Send</button></form>
<form id="by-htmx" hx-post="/slow/" hx-target="#answer">{% csrf_token %}
  <button class="button">Send by htmx</button></form>
<button class="button" id="refused" hx-get="/refused/" hx-target="#answer">Ask</button>
<button class="button" id="led-away" hx-get="/led-away/" hx-target="#answer">Go</button>
<button class="button" id="background" hx-get="/slow/" hx-target="#answer" data-background>Look</button>
<form method="post" action="/slow/" data-warn-unsaved data-draft-url="/draft/">{% csrf_token %}
  <label for="draft">Draft</label><textarea id="draft" name="draft"></textarea>
  {% include "components/draft_note.html" %}<button class="button">Send the draft</button></form>
<p id="answer">nothing yet</p>
<div data-shortcuts="queue">{% include "components/shortcuts_help.html" only %}
<table><tbody><tr data-row><td><a href="#first" data-open>First</a></td></tr>
<tr data-row><td><a href="#second" data-open>Second</a></td></tr></tbody></table></div>
{% endblock %}
"""


@dataclass
class Clinic:
    """What stands behind the browser: who is signed in, and what was asked for."""

    person: str | None = "ana"
    asked: list[tuple[str, str, Message]] = field(default_factory=list)
    address: str = ""
    seconds_left: int | None = None
    takes_drafts: bool = True
    drafts: list[str] = field(default_factory=list)

    def keep(self, body: str) -> int:
        """The status for a draft that arrives, which is noted."""
        if self.person is None:
            return 401
        if not self.takes_drafts:
            return 503
        self.drafts.append(body)
        return 204

    def answer(self, method: str, path: str, headers: Message) -> tuple[int, str, bytes, dict[str, str]]:
        """Status, type, body and further headers for one request, as the site would give them."""
        self.asked.append((method, path, headers))
        if path.startswith("/static/"):
            name = path.removeprefix("/static/")
            return 200, TYPES[name.rsplit(".", 1)[-1]], Path(str(finders.find(name))).read_bytes(), {}
        if path == "/led-away/":
            return 302, "text/html", b"", {"Location": "/"}
        if path == "/slow/":
            time.sleep(0.3)
            return 200, "text/html", b"<p>answered</p>", {}
        status, page = self.page(path, headers.get("Cookie", ""))
        return status, "text/html; charset=utf-8", page.encode(), {"Content-Security-Policy": build_policy()}

    def page(self, path: str, cookie: str) -> tuple[int, str]:
        """The status and the page at this path for the person who is signed in."""
        request: HttpRequest = RequestFactory().get(path, headers={"cookie": cookie})
        request.user = self._user()  # type: ignore[assignment]  # a stand-in with what the frame reads
        if self.seconds_left is not None:
            ends = timezone.now() + timedelta(seconds=self.seconds_left + 0.5)
            request.session = SimpleNamespace(row=SimpleNamespace(expires_at=ends))  # type: ignore[assignment]  # as above
        request._messages = CookieStorage(request)  # type: ignore[attr-defined]  # what the middleware sets
        if path.startswith("/styleguide/"):
            return 200, styleguide(request).content.decode()
        if path == "/refused/":
            return 403, pages.handler403(request, PermissionError("Only doctors may ask.")).content.decode()  # type: ignore[arg-type]  # any exception with words
        if path == "/missing/":
            return 404, pages.handler404(request, LookupError()).content.decode()
        if path == "/down/":
            return 503, pages.unavailable(request).content.decode()
        return 200, engines["django"].from_string(DESK).render({}, request)

    def _user(self) -> object:
        if self.person is None:
            return AnonymousUser()
        return SimpleNamespace(
            pk=self.person, is_authenticated=True, role="doctor", is_approved=True, first_name="Ana", last_name="Test",
            email="ana@example.org",
        )  # fmt: skip

    def posts(self) -> int:
        """How many forms have arrived."""
        return sum(method == "POST" for method, _, _ in self.asked)


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    """The site behind the browser, served on a free port of this machine."""
    clinic = Clinic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/draft/":
                self.send_response(clinic.keep(sent.decode()))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            status, content_type, body, more = clinic.answer(self.command, self.path, self.headers)
            self.send_response(status)
            for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name is http.server's

        def log_message(self, *_: object) -> None:
            """Say nothing; the tests look at ``asked``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    clinic.address = f"http://127.0.0.1:{server.server_port}"
    yield clinic
    server.shutdown()
    server.server_close()
    thread.join()


Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, clinic: Clinic) -> Iterator[Open]:
    """Open a path of the site in a window of this width and colour scheme; refused styles and scripts fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str = "/", *, width: int = 1280, dark: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.clock.install()
        page.goto(clinic.address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize(
    ("path", "width", "dark"),
    [
        ("/styleguide/", 1280, False),
        ("/styleguide/", 1280, True),
        ("/styleguide/", 390, False),
        ("/styleguide/?banner=unasked", 390, True),
        ("/missing/", 1280, True),
        ("/down/", 390, False),
    ],
)
def test_nothing_stands_in_the_way_of_anybody(opened: Open, path: str, width: int, dark: bool) -> None:
    page = opened(path, width=width, dark=dark)
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found] == []


@pytest.mark.parametrize("width", [320, 390, 640, 1280])
def test_no_page_scrolls_sideways(opened: Open, width: int) -> None:
    page = opened("/styleguide/", width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_patient_stays_in_sight(opened: Open) -> None:
    page = opened("/styleguide/", width=390)
    page.evaluate("scrollTo({top: 4000, behavior: 'instant'})")
    box = page.locator(".patient-banner").bounding_box()
    assert box is not None
    assert box["y"] == 0
    assert page.get_by_text("Penicillin").first.is_visible()


def test_light_or_dark_is_remembered(opened: Open) -> None:
    page = opened()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.click("[data-theme-switch]")
    page.click("[data-theme-switch]")
    dark = page.evaluate(ground)
    page.reload()
    assert page.evaluate(ground) == dark != light


def test_a_form_is_sent_once_however_often_one_clicks(opened: Open, clinic: Clinic) -> None:
    page = opened()
    page.fill("#words", "It hurts")
    page.click("button[name=act]", click_count=3, delay=5)
    page.get_by_text("answered").wait_for()
    assert clinic.posts() == 1


def test_a_form_sent_by_htmx_is_sent_once_and_can_be_sent_again_afterwards(opened: Open, clinic: Clinic) -> None:
    page = opened()
    page.click("#by-htmx button", click_count=3, delay=5)
    page.locator("#answer >> text=answered").wait_for()
    assert clinic.posts() == 1
    page.click("#by-htmx button")
    page.locator("#by-htmx[aria-busy]").wait_for(state="detached")
    assert clinic.posts() == 2


def test_words_that_were_not_sent_are_asked_about_before_one_leaves(opened: Open, clinic: Clinic) -> None:
    page = opened()
    page.fill("#words", "It hurts")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", stay)
    page.goto(clinic.address + "/missing/")
    assert asked == ["beforeunload"]


def test_a_refusal_is_said_and_leaves_the_page_as_it_is(opened: Open) -> None:
    page = opened()
    page.click("#refused")
    page.locator("#toasts >> text=Only doctors may ask.").wait_for()
    assert page.inner_text("#answer") == "nothing yet"


def test_a_redirect_to_another_page_is_followed_as_a_page(opened: Open, clinic: Clinic) -> None:
    page = opened("/desk/")
    page.click("#led-away")
    page.wait_for_url(clinic.address + "/")
    assert page.locator("h1").count() == 1


def test_the_keyboard_walks_through_a_list(opened: Open) -> None:
    page = opened()
    focused = "document.activeElement.textContent"
    page.keyboard.press("j")
    assert page.evaluate(focused) == "First"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "Second"
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    assert page.url.endswith("#first")
    page.keyboard.press("?")
    assert page.get_by_text("next row, previous row").is_visible()


def test_keys_that_are_typed_into_a_field_are_only_letters(opened: Open) -> None:
    page = opened()
    page.focus("#words")
    page.keyboard.type("jk?")
    assert page.input_value("#words") == "jk?"
    assert page.locator(".is-current").count() == 0


class TestSession:
    """15 minutes without activity end the session, and after some hours it ends in any case."""

    def test_warns_two_minutes_before_and_goes_on_when_asked_to(self, opened: Open) -> None:
        page = opened()
        page.clock.run_for("12:50")
        assert not page.locator("#session-warning").is_visible()
        page.clock.run_for("00:20")
        assert page.locator("#session-warning").is_visible()
        assert page.evaluate("document.activeElement.textContent") == "Stay signed in"
        page.click("[data-session-stay]")
        page.locator("#session-warning").wait_for(state="hidden")
        page.clock.run_for("12:50")
        assert not page.locator("#session-warning").is_visible()

    def test_the_warning_says_little_to_who_listens(self, opened: Open) -> None:
        """The figures change every second, the words that are read out three times."""
        page = opened()
        page.clock.run_for("13:10")
        note, said = page.locator("#session-warning [data-session-note]"), []
        for _ in range(105):
            page.clock.run_for(1000)
            words = note.inner_text()
            if words and words not in said:
                said.append(words)
        assert said == ["60 seconds left.", "30 seconds left.", "10 seconds left."]

    def test_escape_is_an_answer_too(self, opened: Open) -> None:
        page = opened()
        page.clock.run_for("13:10")
        page.keyboard.press("Escape")
        page.locator("#session-warning").wait_for(state="hidden")
        page.clock.run_for("12:00")
        assert not page.locator("#session-warning").is_visible()

    def test_when_it_ends_in_any_case_the_warning_says_so_and_offers_no_more_time(
        self, opened: Open, clinic: Clinic
    ) -> None:
        clinic.seconds_left = 300
        page = opened()
        page.clock.run_for("03:05")
        warning = page.locator("#session-warning")
        assert "for as long as the clinic allows" in warning.inner_text()
        assert not page.locator("[data-session-stay]").is_visible()
        assert_accessible(page)
        page.click("[data-session-understood]")
        page.clock.run_for("01:00")
        assert not warning.is_visible()
        page.clock.run_for("01:00")
        assert page.locator("#session-over").is_visible()

    def test_asking_the_site_counts_as_activity_but_what_the_page_asks_by_itself_does_not(
        self, opened: Open, clinic: Clinic
    ) -> None:
        page = opened()
        page.clock.run_for("10:00")
        page.click("#by-htmx button")
        page.locator("#answer >> text=answered").wait_for()
        page.clock.run_for("10:00")
        assert not page.locator("#session-over").is_visible()
        page.click("#background")
        page.locator(".htmx-request").wait_for(state="detached")
        assert clinic.asked[-1][2]["x-background-request"] == "1"
        page.clock.run_for("05:10")
        assert page.locator("#session-over").is_visible()

    def test_nothing_is_left_on_the_page(self, opened: Open) -> None:
        page = opened("/desk/")
        page.clock.run_for("15:05")
        assert page.locator("#session-over").is_visible()
        assert page.locator("body > *").evaluate_all("all => all.map(one => one.id)") == ["session-over"]
        assert "Ana" not in page.content().split("</head>")[1]
        assert "Ana" not in page.title()
        kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
        assert kept in ("[{},{}]", '[{"htmx-current-path-for-history":"/desk/"},{}]')
        link = page.get_by_role("link", name="Sign in again").get_attribute("href") or ""
        assert link.endswith("/account/sign-in/?next=%2Fdesk%2F")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.locator("#session-over").wait_for(state="visible")
        assert_accessible(page)

    def test_words_that_are_kept_nowhere_else_come_back_for_the_same_person_only(
        self, opened: Open, clinic: Clinic
    ) -> None:
        page = opened()
        page.fill("#words", "It hurts")
        page.clock.run_for("15:05")
        assert page.locator("#session-over").is_visible()
        assert page.locator("main").count() == 0
        for nobody_or_somebody_else in (None, "boris"):
            clinic.person = nobody_or_somebody_else
            page.click("[data-session-continue]")
            page.get_by_text("You are not signed in yet").wait_for()
            assert page.locator("main").count() == 0
        clinic.person = "ana"
        page.click("[data-session-continue]")
        page.locator("main").wait_for(state="visible")
        assert page.input_value("#words") == "It hurts"

    def test_a_draft_is_kept_while_it_is_typed_and_that_is_activity(self, opened: Open, clinic: Clinic) -> None:
        page = opened()
        page.clock.run_for("10:00")
        page.locator("#draft").press_sequentially("It hurts")
        assert clinic.drafts == []
        page.clock.run_for(2000)
        page.get_by_text("It is not sent yet.").wait_for()
        assert clinic.drafts == ["draft=It+hurts"]
        page.clock.run_for("10:00")
        assert not page.locator("#session-warning").is_visible()
        page.clock.run_for("05:10")
        assert page.locator("#session-over").is_visible()
        assert "A message or an answer that you were writing is kept" in page.locator("#session-over").inner_text()
        assert not page.locator("[data-session-continue]").is_visible()

    def test_a_draft_that_cannot_be_kept_stays_in_the_page(self, opened: Open, clinic: Clinic) -> None:
        page = opened()
        clinic.takes_drafts = False
        page.locator("#draft").press_sequentially("It hurts")
        page.clock.run_for(2000)
        page.get_by_text("Not kept just now").wait_for()
        page.clock.run_for("15:05")
        assert page.locator("#session-over").is_visible()
        clinic.takes_drafts = True
        page.click("[data-session-continue]")
        page.get_by_text("It is not sent yet.").wait_for()
        assert clinic.drafts == ["draft=It+hurts"]
        assert page.input_value("#draft") == "It hurts"

    def test_a_server_that_ended_the_session_is_believed(self, opened: Open, clinic: Clinic) -> None:
        page = opened()
        clinic.person = None
        page.locator("#draft").press_sequentially("It hurts")
        page.clock.run_for(2000)
        page.locator("#session-over").wait_for(state="visible")
        assert page.locator("main").count() == 0


@pytest.mark.parametrize("path", ["/", "/styleguide/"])
def test_pages_work_without_script(chromium: Browser, clinic: Clinic, path: str) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(clinic.address + path)
    page.click("summary.topbar__button")
    assert page.get_by_text("ana@example.org").is_visible()
    page.click("summary.topbar__button")
    if path == "/styleguide/":
        page.locator(".panes__tabs label").nth(1).click()
        assert page.get_by_text("Middle column.").is_visible()
        assert not page.get_by_text("Left column.").is_visible()
        page.get_by_role("button", name="End consultation").first.click()
        assert page.get_by_text("End this consultation?").is_visible()
    context.close()
