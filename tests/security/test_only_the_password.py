"""Who has typed only the password gets nowhere: every address there is, found by introspection, is tried."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from tests.cast import authenticator_of, halfway_in, signed_in
from tests.security.addresses import Address, addresses, hers
from tests.security.seed import Seed
from tests.security.test_api_idor import RULES as API_RULES
from tests.security.test_idor import EVERYBODY, RULES, WHOEVER_HAS_THE_CODE

# What the second step itself needs.
STEPS = {"accounts:second_step", "accounts:second_factor_set_up"}
PEOPLE = ["patient", "her_doctor", "administrator", "unapproved_doctor"]


def is_for_visitors(address: Address) -> bool:
    if address.is_admin:
        return address.name in {"admin:login", "admin:logout", "admin:jsi18n"}
    if address.is_api:
        return EVERYBODY in API_RULES[address.name].values()
    return RULES[address.name] in {EVERYBODY, WHOEVER_HAS_THE_CODE}


def closed() -> list[Address]:
    """Every address that is for people who have signed in."""
    found = [address for address in addresses() if not is_for_visitors(address) and address.name not in STEPS]
    assert len(found) > 150
    return found


def leads_to_a_step(response: Any) -> bool:
    where = response.headers.get("Location", "")
    return response.status_code in {302, 301} and where.startswith(
        ("/account/code/", "/account/second-step/set-up/", "/admin/login/")
    )


@pytest.fixture
def halfway(seed: Seed, db: None) -> Callable[[str, bool], Client]:
    """A client on which the password of this person of the seed was right, with or without an app set up before."""

    def client(who: str, enrolled: bool) -> Client:
        user: User = getattr(seed, who)
        if enrolled:
            authenticator_of(user)
        return halfway_in(Client(), user)

    return client


def looks_or_acts(who: str, enrolled: bool, place: int) -> str:
    """At every address each person looks once and acts once, the one with an app and the other without; and each
    address is looked at and acted on both with an app and without."""
    return "get" if (PEOPLE.index(who) + enrolled + place) % 2 else "post"


@pytest.mark.django_db
@pytest.mark.parametrize("enrolled", [True, False])
@pytest.mark.parametrize("who", PEOPLE)
def test_no_page_opens_and_nothing_can_be_done(
    seed: Seed, halfway: Callable[[str, bool], Client], who: str, enrolled: bool
) -> None:
    client, secrets = halfway(who, enrolled), [seed.patient.last_name, seed.another_patient.last_name]
    opened: list[tuple[str, str, int | str]] = []
    for place, address in enumerate(closed()):
        method = looks_or_acts(who, enrolled, place)
        for path in address.paths(hers(seed)):
            response = client.get(path) if method == "get" else client.post(path)
            if response.status_code not in {401, 403, 404, 405, 410} and not leads_to_a_step(response):
                opened.append((address.name, path, response.status_code))
            if any(secret in response.content.decode(errors="replace") for secret in secrets):
                opened.append((address.name, path, "names a patient"))
    assert opened == []


@pytest.mark.django_db
@pytest.mark.parametrize(("enrolled", "page"), [(True, "/account/code/"), (False, "/account/second-step/set-up/")])
def test_every_way_leads_to_the_step_that_is_missing(
    seed: Seed, halfway: Callable[[str, bool], Client], enrolled: bool, page: str
) -> None:
    for who in ("her_doctor", "administrator"):
        response = halfway(who, enrolled).get("/admin/", follow=True)
        assert response.status_code == 200
        assert response.redirect_chain[-1][0] == f"{page}?next=/admin/"


@pytest.mark.django_db
def test_with_both_steps_the_same_pages_open(seed: Seed) -> None:
    """Otherwise a test that every page is closed would pass for everybody."""
    assert signed_in(Client(), seed.administrator).get("/admin/").status_code == 200
    assert signed_in(Client(), seed.her_doctor).get("/queue/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["her_doctor", "administrator"])
def test_a_session_without_second_factor_ends_once_one_is_needed(seed: Seed, settings: Any, who: str) -> None:
    user: User = getattr(seed, who)
    page = "/admin/" if who == "administrator" else "/queue/"
    settings.MFA_REQUIRED_ROLES = []
    client = signed_in(Client(), user)
    assert client.get(page).status_code == 200
    settings.MFA_REQUIRED_ROLES = ["doctor", "admin"]
    assert client.get(page).status_code == 302
    assert client.get("/account/second-step/set-up/")["Location"].startswith("/account/sign-in/")


@pytest.mark.django_db
def test_the_database_itself_shows_nothing_between_the_steps(seed: Seed) -> None:
    """The context of the two steps, asked for every table: at most the person's own account, session and factors."""
    from medichat.db.context import acting

    with acting(role="sign_in", user_id=seed.her_doctor.pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class"
            " WHERE relkind IN ('r', 'p') AND relrowsecurity AND NOT relispartition ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert len(tables) > 15
        seen = set()
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - names from the catalogue
            if cursor.fetchone()[0]:
                seen.add(table)
    assert seen <= {"users", "sessions", "mfa_tokens"}
