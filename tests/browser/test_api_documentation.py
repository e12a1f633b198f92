"""The pages of the API's documentation: under the content policy, without another host, and calls can be tried."""

import pytest
from playwright.sync_api import expect

from tests.browser.looking import LOOKS, OpenAs, Scheme, assert_fits, keep_screenshot


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_an_endpoint_is_shown_and_can_be_tried(open_as: OpenAs, width: int, scheme: Scheme) -> None:
    page = open_as(None, "/api/docs", width=width, scheme=scheme)
    page.locator("[id$=post_login] button.opblock-summary-control").click()
    expect(page.get_by_text("a quiet harbour in march").first).to_be_visible()
    assert_fits(page)
    keep_screenshot(page, f"api-documentation-{width}-{scheme}")
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text("wrong_credentials").first).to_be_visible()
