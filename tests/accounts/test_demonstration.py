"""The demonstration can be entered without an authenticator app, and says so on every page."""

import pytest
from django.test import Client

from accounts.models import User
from medichat import demo
from tests.factories import PASSWORD

SAID = "second step"


@pytest.fixture
def in_demonstration(settings: object) -> None:
    settings.DEMO_CLINIC = True  # type: ignore[attr-defined]  # pytest-django's settings
    settings.MFA_REQUIRED_ROLES = []  # type: ignore[attr-defined]  # as above


@pytest.mark.usefixtures("in_demonstration")
@pytest.mark.parametrize(("who", "page"), [("her_doctor", "/queue/"), ("administrator", "/admin/")])
def test_the_password_is_enough_there(request: pytest.FixtureRequest, client: Client, who: str, page: str) -> None:
    user: User = request.getfixturevalue(who)
    answer = client.post("/account/sign-in/", {"email": user.email, "password": PASSWORD, "next": page})
    assert answer["Location"] == page
    opened = client.get(page)
    assert opened.status_code == 200
    assert SAID in opened.content.decode().split("demo-note")[1][:300]


@pytest.mark.usefixtures("in_demonstration")
@pytest.mark.parametrize("page", ["/", "/account/sign-in/", "/account/register/", "/nowhere/"])
def test_visitors_are_told_too(client: Client, db: None, page: str) -> None:
    assert SAID in client.get(page).content.decode().split("demo-note")[1][:300]


def test_elsewhere_there_is_no_such_banner(client: Client, db: None) -> None:
    assert "demo-note" not in client.get("/").content.decode()
    assert demo.PASSWORD not in client.get("/").content.decode()
