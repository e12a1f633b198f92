"""What a browser test does with a page: measure it, ask axe about it, keep a picture of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

if TYPE_CHECKING:
    from accounts.models import User

Scheme = Literal["light", "dark"]
OpenAs = Callable[..., Page]
WIDE, NARROW = 1280, 390
HEIGHTS = {WIDE: 800, NARROW: 844}
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"

# They are for people to look at: a run of all tests by several workers leaves them out.
KEEPS_PICTURES = "PYTEST_XDIST_WORKER" not in os.environ or "EVERY_LOOK" in os.environ

# The two looks that differ in everything; `make screenshots` asks for the other two as well.
LOOKS: list[tuple[int, Scheme]] = [(WIDE, "light"), (NARROW, "dark")]
if os.environ.get("EVERY_LOOK"):
    LOOKS += [(WIDE, "dark"), (NARROW, "light")]


def look_at(
    open_as: OpenAs, person: "User | None", path: str, name: str, *, act: Callable[[Page], object] | None = None
) -> Page:
    """Open a page in every look, do something on it, keep its picture and ask axe; returns the last one opened."""
    page = None
    for width, scheme in LOOKS:
        if page is not None:
            page.context.close()
        page = open_as(person, path, width=width, scheme=scheme)
        if act is not None:
            act(page)
        keep_screenshot(page, f"{name}-{width}-{scheme}")
        assert page.locator("h1").is_visible()
        assert_accessible(page)
        assert_fits(page)
    assert page is not None
    return page


def assert_accessible(page: Page) -> None:
    """Axe finds nothing against WCAG 2.2 AA (and its own best practices) on the page as it stands."""
    # Without loading stylesheets again on its own account, which the content policy refuses it on the admin's pages.
    response = Axe().run(page, options={"preload": False}).response
    found = [
        f"{violation['id']}: {violation['help']} at {[node['target'] for node in violation['nodes'][:3]]}"
        for violation in response["violations"]
    ]
    assert found == [], f"{page.url}: {found}"


def assert_fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 1, f"{page.url} is {wide} px too wide"


def keep_screenshot(page: Page, name: str) -> None:
    """A picture of the whole page in a folder that git ignores."""
    if not KEEPS_PICTURES:
        return
    SCREENSHOTS.mkdir(exist_ok=True)
    size = page.viewport_size
    assert size is not None
    # In a window as high as the page, what sticks to an edge stands where it belongs.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(height, 6000))})
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=str(SCREENSHOTS / f"{name}.png"), full_page=True)
    page.set_viewport_size(size)
