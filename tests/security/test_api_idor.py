"""Who may call which endpoint of the API. Every method of every address has a rule here; one without fails.

Without a token the answer is 401, in the wrong role 403, about somebody else's row 404; what exists for others and what
does not exist at all look the same.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.cast import api_client
from tests.security.addresses import Address, addresses, hers, nobodys
from tests.security.seed import Seed
from tests.security.test_idor import PEOPLE
from tests.security.walk import VISITOR, walk_of

EVERYBODY, SIGNED_IN = "everybody", "whoever is signed in"
PATIENTS, DOCTORS, ADMINISTRATORS = "patients", "approved doctors", "administrators"
HER, HER_DOCTORS, HERS_AND_HER_DOCTORS = "the patient", "her doctors", "the patient and her doctors"
HERS_AND_ADMINISTRATORS = "the patient, and administrators who find one"
ONESELF = "whose session it is"
HER_OR_HER_DOCTORS = "the patient and her doctors; nobody else"
HER_OR_NOBODY = "the patient; for everybody else there is nothing"
HER_DOCTORS_WHO_SAY_SOMETHING = "her doctors; what was sent is looked at before the case"

RULES: dict[str, dict[str, str]] = {
    "api:root": {"get": EVERYBODY},
    "api:schema": {"get": EVERYBODY},
    "api:docs": {"get": EVERYBODY},
    "api:register": {"post": EVERYBODY},
    "api:login": {"post": EVERYBODY},
    "api:second_step": {"post": EVERYBODY},
    "api:refresh": {"post": EVERYBODY},
    "api:password_forgot": {"post": EVERYBODY},
    "api:password_reset": {"post": EVERYBODY},
    "api:verify": {"get": SIGNED_IN},
    "api:logout": {"post": SIGNED_IN},
    "api:password_change": {"post": SIGNED_IN},
    "api:sessions": {"get": SIGNED_IN, "delete": SIGNED_IN},
    "api:session": {"delete": ONESELF},
    "api:chart": {"get": PATIENTS},
    "api:chart_about": {"get": PATIENTS, "patch": PATIENTS},
    "api:photo": {"get": HERS_AND_ADMINISTRATORS},
    "api:chart_photo": {"get": HER},
    "api:patient_chart_photo": {"get": HER_DOCTORS},
    "api:chart_contacts": {"post": PATIENTS},
    "api:chart_contact": {"patch": HER, "delete": HER},
    "api:chart_kind": {"get": PATIENTS, "post": PATIENTS},
    "api:chart_none": {"post": PATIENTS},
    "api:chart_entry": {"get": HER},
    "api:chart_correct": {"post": HER},
    "api:chart_wrong": {"post": HER},
    "api:chart_end": {"post": HER},
    "api:patient_chart": {"get": HER_DOCTORS},
    "api:patient_chart_about": {"get": HER_DOCTORS, "patch": HER_DOCTORS},
    "api:patient_chart_contacts": {"post": HER_DOCTORS},
    "api:patient_chart_contact": {"patch": HER_DOCTORS, "delete": HER_DOCTORS},
    "api:patient_chart_kind": {"get": HER_DOCTORS, "post": HER_DOCTORS},
    "api:patient_chart_none": {"post": HER_DOCTORS},
    "api:patient_chart_entry": {"get": HER_DOCTORS},
    "api:patient_chart_correct": {"post": HER_DOCTORS},
    "api:patient_chart_wrong": {"post": HER_DOCTORS},
    "api:patient_chart_end": {"post": HER_DOCTORS},
    "api:emergency_access": {"post": DOCTORS},
    "api:emergency_access_end": {"delete": HER_DOCTORS},
    "api:claims": {"get": DOCTORS},
    "api:case_claim": {"post": HER_DOCTORS},
    "api:case_release": {"post": HER_DOCTORS},
    "api:case_close": {"post": HER_DOCTORS},
    "api:conversation_send": {"post": HER},
    "api:own_prescriptions": {"get": PATIENTS},
    "api:sheet": {"get": HER_OR_HER_DOCTORS},
    "api:prescription_cancel": {"post": HER_DOCTORS},
    "api:who_viewed": {"get": PATIENTS},
    "api:copy": {"get": PATIENTS},
    "api:my_access": {"get": DOCTORS},
    "api:profile": {"get": PATIENTS, "patch": PATIENTS},
    "api:chat": {"post": PATIENTS},
    "api:upload": {"post": PATIENTS},
    "api:chat_history": {"get": PATIENTS},
    "api:chat_conversation": {"get": HER_OR_NOBODY},
    "api:conversations": {"get": PATIENTS},
    "api:notifications": {"get": PATIENTS},
    "api:conversation": {"get": HER, "delete": HER},
    "api:conversation_read": {"patch": HER},
    "api:conversation_archive": {"patch": HER},
    "api:conversation_unarchive": {"patch": HER},
    "api:attachment": {"get": HERS_AND_HER_DOCTORS},
    "api:own_refills": {"get": PATIENTS, "post": PATIENTS},
    "api:own_refill": {"delete": HER},
    "api:refills": {"get": DOCTORS},
    "api:refill_approve": {"post": HER_DOCTORS_WHO_SAY_SOMETHING},
    "api:refill_decline": {"post": HER_DOCTORS_WHO_SAY_SOMETHING},
    "api:dispensed": {"post": HER_DOCTORS_WHO_SAY_SOMETHING},
    "api:verify_prescription": {"get": EVERYBODY},
    "api:admin_users": {"get": ADMINISTRATORS, "post": ADMINISTRATORS},
    "api:admin_user": {"patch": ADMINISTRATORS, "delete": ADMINISTRATORS},
    "api:admin_stats": {"get": ADMINISTRATORS},
    "api:admin_conversations": {"get": ADMINISTRATORS},
    "api:admin_conversation": {"delete": ADMINISTRATORS},
    "api:admin_logs": {"get": ADMINISTRATORS},
    "api:admin_log_statistics": {"get": ADMINISTRATORS},
    "api:admin_logs_recent": {"get": ADMINISTRATORS},
    "api:admin_logs_of_user": {"get": ADMINISTRATORS},
    "api:pending": {"get": DOCTORS},
    "api:own_cases": {"get": DOCTORS},
    "api:doctor_stats": {"get": DOCTORS},
    "api:case": {"get": HER_DOCTORS, "delete": HER_DOCTORS},
    "api:case_info": {"patch": HER_DOCTORS},
    "api:case_archive": {"patch": HER_DOCTORS},
    "api:case_unarchive": {"patch": HER_DOCTORS},
    "api:respond": {"post": HER_DOCTORS_WHO_SAY_SOMETHING},
    "api:patient_history": {"get": HER_DOCTORS},
}
# What each rule answers to whom; "" is an answer of the endpoint itself, as long as it is none of these.
OWN = ""
ANSWERS: dict[str, dict[str, int | str]] = {
    EVERYBODY: {"visitor": OWN, "patient": OWN, "doctor": OWN, "unapproved": OWN, "admin": OWN},
    SIGNED_IN: {"visitor": 401, "patient": OWN, "doctor": OWN, "unapproved": OWN, "admin": OWN},
    PATIENTS: {"visitor": 401, "patient": OWN, "doctor": 403, "unapproved": 403, "admin": 403},
    DOCTORS: {"visitor": 401, "patient": 403, "doctor": OWN, "unapproved": 403, "admin": 403},
    ADMINISTRATORS: {"visitor": 401, "patient": 403, "doctor": 403, "unapproved": 403, "admin": OWN},
    HER: {"visitor": 401, "patient": 404, "doctor": 403, "unapproved": 403, "admin": 403},
    HER_OR_NOBODY: {"visitor": 401, "patient": 404, "doctor": 404, "unapproved": 403, "admin": 404},
    # An administrator may see every file, on the record.
    HERS_AND_HER_DOCTORS: {"visitor": 401, "patient": 404, "doctor": 404, "unapproved": 404, "admin": OWN},
    HER_DOCTORS: {"visitor": 401, "patient": 403, "doctor": 404, "unapproved": 403, "admin": 403},
    HERS_AND_ADMINISTRATORS: {"visitor": 401, "patient": 404, "doctor": 404, "unapproved": 404, "admin": 404},
    ONESELF: {"visitor": 401, "patient": 404, "doctor": 404, "unapproved": 404, "admin": 404},
    HER_OR_HER_DOCTORS: {"visitor": 401, "patient": 404, "doctor": 404, "unapproved": 403, "admin": 403},
    HER_DOCTORS_WHO_SAY_SOMETHING: {"visitor": 401, "patient": 403, "doctor": OWN, "unapproved": 403, "admin": 403},
}
# It would end the session with which the rest is tried.
LAST = {"api:logout"}


def of_api() -> list[Address]:
    """The API's addresses, signing out last."""
    found = [address for address in addresses() if address.is_api]
    return sorted(found, key=lambda address: (address.name in LAST, address.name))


def test_every_method_of_every_address_has_a_rule() -> None:
    assert {address.name: set(address.methods) for address in of_api()} == {
        name: set(rules) for name, rules in RULES.items()
    }


def calls(values: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """Every method of every address, with the values put in: the name, the method, the path."""
    return [
        (address.name, method, path)
        for address in of_api()
        for path in address.paths(values)
        for method in address.methods
    ]


@pytest.fixture
def client_as(db: None, seed: Seed) -> Callable[[str], Client]:
    """A visitor's client, or that of a stranger of the seed."""
    return lambda who: api_client(getattr(seed, PEOPLE[who])) if who in PEOPLE else Client()


def ask(client: Client, method: str, path: str) -> Any:
    return client.get(path) if method == "get" else getattr(client, method)(path, {}, content_type="application/json")


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["visitor", *PEOPLE])
def test_strangers_get_what_the_rule_says(seed: Seed, who: str) -> None:
    walk, wrong = walk_of(PEOPLE.get(who, VISITOR), seed), []
    for address in of_api():
        for method, rule in RULES[address.name].items():
            for answer in walk.called(address, method):
                expected, status = ANSWERS[rule][who], answer.status_code
                # What needs nobody to be signed in may refuse what was sent in its own words.
                got = status if status in {401, 403, 404} and rule != EVERYBODY else OWN
                if got != expected:
                    wrong.append((address.name, method, status, expected))
    assert wrong == []


def text_of(response: Any) -> str:
    """The answer without what differs at every request."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", response.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_what_is_another_s_looks_like_what_does_not_exist(
    seed: Seed, client_as: Callable[[str], Client], who: str
) -> None:
    client, about_a_row = client_as(who), {HER, HER_DOCTORS, HERS_AND_HER_DOCTORS, HER_OR_NOBODY}
    missing = {
        (name, method): ask(client, method, path)
        for name, method, path in calls(nobodys())
        if RULES[name][method] in about_a_row
    }
    for name, method, path in calls(hers(seed)):
        if RULES[name][method] in about_a_row:
            response, nothing = ask(client, method, path), missing[name, method]
            assert (response.status_code, text_of(response)) == (nothing.status_code, text_of(nothing)), path
    assert missing
