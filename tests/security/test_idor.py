"""Who may open which address. Every address has a rule here; one without fails, so that a new one is thought about.

A stranger gets 404, the wrong role 403; what exists for others and what does not exist at all look the same. The
addresses of the API have their rules in ``test_api_idor``.
"""

import re
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.cast import signed_in
from tests.security.addresses import Address, addresses, hers, nobodys
from tests.security.seed import Seed
from tests.security.walk import VISITOR, Answer, walk_of

EVERYBODY, SIGNED_IN = "everybody", "whoever is signed in"
PATIENTS, DOCTORS, STAFF, ADMINISTRATORS = "patients", "doctors", "doctors and administrators", "administrators"
HER, HER_DOCTORS, HERS_AND_HER_DOCTORS = "the patient", "her doctors", "the patient and her doctors"
ONESELF = "whose session it is"
STAFF_WITH_SOMETHING = "doctors and administrators; without a day there is nothing"
WHOEVER_HAS_THE_CODE = "whoever has the code on the paper"

RULES = {
    "landing": EVERYBODY,
    "prescriptions:enter_code": EVERYBODY,
    "prescriptions:verify": WHOEVER_HAS_THE_CODE,
    "styleguide": EVERYBODY,
    "accounts:sign_in": EVERYBODY,
    "accounts:second_step": EVERYBODY,
    "accounts:sign_out": EVERYBODY,
    "accounts:register": EVERYBODY,
    "accounts:register_doctor": EVERYBODY,
    "accounts:registered": EVERYBODY,
    "accounts:password_reset": EVERYBODY,
    "accounts:password_reset_sent": EVERYBODY,
    "accounts:password_reset_confirm": EVERYBODY,
    "accounts:email_confirm": EVERYBODY,
    "home": SIGNED_IN,
    "accounts:waiting": SIGNED_IN,
    "accounts:password_change": SIGNED_IN,
    "accounts:profile": SIGNED_IN,
    "accounts:photo": SIGNED_IN,
    "accounts:photo_change": SIGNED_IN,
    "accounts:photo_remove": SIGNED_IN,
    "accounts:second_factor": SIGNED_IN,
    "accounts:second_factor_set_up": SIGNED_IN,
    "accounts:second_factor_link": SIGNED_IN,
    "accounts:second_factor_link_opened": SIGNED_IN,
    "accounts:second_factor_off": SIGNED_IN,
    "accounts:backup_codes": SIGNED_IN,
    "accounts:backup_codes_file": SIGNED_IN,
    "accounts:email_change": SIGNED_IN,
    "accounts:sessions": SIGNED_IN,
    "accounts:sessions_end_others": SIGNED_IN,
    "accounts:session_end": ONESELF,
    "audit:who_viewed": PATIENTS,
    "audit:copy": PATIENTS,
    "audit:copy_for_patient": ADMINISTRATORS,
    "conversations:history": PATIENTS,
    "conversations:home": PATIENTS,
    "conversations:start": PATIENTS,
    "prescriptions:mine": PATIENTS,
    "records:mine": PATIENTS,
    "records:timeline_mine": PATIENTS,
    "records:add_mine": PATIENTS,
    "records:add_contact_mine": PATIENTS,
    "records:edit_person_mine": PATIENTS,
    "records:none_mine": PATIENTS,
    "conversations:chat": HER,
    "conversations:message": HER,
    "conversations:send": HER,
    "conversations:attach": HER,
    "conversations:archive": HER,
    "conversations:unarchive": HER,
    "prescriptions:ask_refill": HER,
    "prescriptions:withdraw_refill": HER,
    "records:correct_mine": HER,
    "records:wrong_mine": HER,
    "records:end_mine": HER,
    "records:edit_contact_mine": HER,
    "records:remove_contact_mine": HER,
    "conversations:attachment": HERS_AND_HER_DOCTORS,
    "conversations:draft": HERS_AND_HER_DOCTORS,
    "prescriptions:sheet": HERS_AND_HER_DOCTORS,
    "prescriptions:summary": HERS_AND_HER_DOCTORS,
    "prescriptions:of_day": STAFF,
    "prescriptions:of_day_file": STAFF_WITH_SOMETHING,
    "prescriptions:overrides": ADMINISTRATORS,
    "prescriptions:overrides_file": ADMINISTRATORS,
    "conversations:queue": DOCTORS,
    "conversations:news": DOCTORS,
    "prescriptions:refills": DOCTORS,
    "records:emergency_access": DOCTORS,
    "audit:my_access": DOCTORS,
    "records:patients": STAFF,
    "records:recall": STAFF,
    "records:codes": STAFF,
    "records:reports": STAFF,
    "records:report": STAFF,
    "records:report_csv": STAFF,
    "case": HER_DOCTORS,
    "conversations:claim": HER_DOCTORS,
    "conversations:release": HER_DOCTORS,
    "conversations:close": HER_DOCTORS,
    "conversations:put_away": HER_DOCTORS,
    "conversations:bring_back": HER_DOCTORS,
    "prescriptions:check": HER_DOCTORS,
    "prescriptions:cancel": HER_DOCTORS,
    "prescriptions:fill": HER_DOCTORS,
    "prescriptions:decide_refill": HER_DOCTORS,
    "records:chart": HER_DOCTORS,
    "records:photo": HER_DOCTORS,
    "records:emergency_access_end": HER_DOCTORS,
    "records:add": HER_DOCTORS,
    "records:none": HER_DOCTORS,
    "records:correct": HER_DOCTORS,
    "records:wrong": HER_DOCTORS,
    "records:end": HER_DOCTORS,
    "records:add_contact": HER_DOCTORS,
    "records:edit_contact": HER_DOCTORS,
    "records:remove_contact": HER_DOCTORS,
    "records:edit_person": HER_DOCTORS,
}
# What each rule answers to whom: 404 to strangers, 403 to the wrong role, "sign in" and "waiting" are redirects, ""
# is an answer of the page itself, whatever it is, as long as it is neither of these.
SIGN_IN, WAITING, OWN = "sign in", "waiting", ""
ANSWERS: dict[str, dict[str, int | str]] = {
    EVERYBODY: {"visitor": OWN, "patient": OWN, "doctor": OWN, "unapproved": OWN, "admin": OWN},
    WHOEVER_HAS_THE_CODE: {"visitor": OWN, "patient": OWN, "doctor": OWN, "unapproved": OWN, "admin": OWN},
    SIGNED_IN: {"visitor": SIGN_IN, "patient": OWN, "doctor": OWN, "unapproved": OWN, "admin": OWN},
    ONESELF: {"visitor": SIGN_IN, "patient": 404, "doctor": 404, "unapproved": 404, "admin": 404},
    PATIENTS: {"visitor": SIGN_IN, "patient": OWN, "doctor": 403, "unapproved": 403, "admin": 403},
    HER: {"visitor": SIGN_IN, "patient": 404, "doctor": 403, "unapproved": 403, "admin": 403},
    HERS_AND_HER_DOCTORS: {"visitor": SIGN_IN, "patient": 404, "doctor": 404, "unapproved": 404},
    DOCTORS: {"visitor": SIGN_IN, "patient": 403, "doctor": OWN, "unapproved": WAITING, "admin": 403},
    STAFF: {"visitor": SIGN_IN, "patient": 403, "doctor": OWN, "unapproved": WAITING, "admin": OWN},
    STAFF_WITH_SOMETHING: {"visitor": SIGN_IN, "patient": 403, "doctor": 404, "unapproved": WAITING, "admin": 404},
    HER_DOCTORS: {"visitor": SIGN_IN, "patient": 403, "doctor": 404, "unapproved": WAITING, "admin": 403},
    ADMINISTRATORS: {"visitor": SIGN_IN, "patient": 403, "doctor": 403, "unapproved": 403, "admin": OWN},
}
PEOPLE = {
    "patient": "another_patient",
    "doctor": "stranger_doctor",
    "unapproved": "unapproved_doctor",
    "admin": "administrator",
}
PAGES = [name for name in RULES if name != "accounts:sign_out"]


@pytest.fixture
def client_as(db: None, seed: Seed) -> Callable[[str], Client]:
    """A visitor's client, or one on which a stranger of the seed is signed in."""

    def client(who: str) -> Client:
        visitor = Client()
        return signed_in(visitor, getattr(seed, PEOPLE[who])) if who in PEOPLE else visitor

    return client


def address_named(name: str) -> Address:
    (address,) = (address for address in addresses() if address.name == name)
    return address


def ask(client: Client, path: str) -> HttpResponse:
    """Open the page; where only an act is offered, try the act."""
    response = client.get(path)
    return client.post(path) if response.status_code == 405 else response  # type: ignore[return-value]  # it is one


def kind_of(response: HttpResponse | Answer) -> int | str:
    where = response.headers.get("Location", "")
    if response.status_code == 401:
        return SIGN_IN  # something was sent: the page asks to sign in and gives back what was typed
    if response.status_code == 302 and where.startswith(("/account/sign-in/?next=", "/admin/login/?next=")):
        return SIGN_IN
    if response.status_code == 302 and where == "/account/waiting/":
        return WAITING
    if response.status_code == 401:
        return SIGN_IN  # what was sent is given back on the page that says so
    return response.status_code if response.status_code in {403, 404} else OWN


def test_every_address_has_a_rule() -> None:
    found = {address.name for address in addresses() if not (address.is_admin or address.is_api)}
    assert found == set(RULES)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["visitor", *PEOPLE])
def test_strangers_get_what_the_rule_says(seed: Seed, who: str) -> None:
    walk, wrong = walk_of(PEOPLE.get(who, VISITOR), seed), []
    for name in PAGES:
        expected = ANSWERS[RULES[name]].get(who)
        for answer in walk.asked(address_named(name)):
            got = kind_of(answer)
            if name == "home" and got == WAITING:
                got = OWN  # where home is for a doctor who waits
            if expected is not None and got != expected:
                wrong.append((name, got, expected))
    assert {step.path for step in walk.steps if step.answer.status_code >= 500} == set()
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["visitor", "patient", "doctor", "unapproved"])
def test_the_admin_is_for_administrators(seed: Seed, who: str) -> None:
    walk = walk_of(PEOPLE.get(who, VISITOR), seed)
    open_to_all = {"admin:login", "admin:logout", "admin:jsi18n"}
    admin = [address for address in addresses() if address.is_admin and address.name not in open_to_all]
    assert len(admin) > 100
    for address in admin:
        for answer in walk.asked(address):
            assert kind_of(answer) in {SIGN_IN, 403, 404}, (address.name, answer.status_code)


def text_of(response: HttpResponse) -> str:
    """The page without what differs at every request: ids, tokens, times."""
    page = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", response.content.decode())
    return re.sub(r"\b[0-9A-Za-z]{64}\b", "TOKEN", page)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_what_is_another_s_looks_like_what_does_not_exist(
    seed: Seed, client_as: Callable[[str], Client], who: str
) -> None:
    client, compared = client_as(who), 0
    for address in (address_named(name) for name in PAGES):
        if not address.names_a_row:
            continue
        (nothing, *_), theirs = address.paths(nobodys()), address.paths(hers(seed))
        missing = ask(client, nothing)
        for path in theirs:
            response = ask(client, path)
            assert response.status_code == missing.status_code, path
            assert text_of(response) == text_of(missing), path
            compared += 1
    assert compared > 25


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["patient", "her_doctor"])
def test_who_may_does(seed: Seed, who: str) -> None:
    """Otherwise a page that is refused to everybody would pass."""
    walk = walk_of(who, seed)
    rules = {HER, HERS_AND_HER_DOCTORS} if who == "patient" else {HER_DOCTORS, HERS_AND_HER_DOCTORS}
    refused = set()
    for name in (name for name in PAGES if RULES[name] in rules):
        kinds = {kind_of(answer) for answer in walk.asked(address_named(name))}
        if OWN not in kinds:
            refused.add(name)
    # The file belongs to a conversation that she still has with the assistant.
    assert refused == (set() if who == "patient" else {"conversations:attachment"})
