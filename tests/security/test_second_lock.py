"""The second lock: with every ``visible_to`` replaced by ``all()``, the database alone keeps the patient's data from
others, on every page and in every download there is."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Q, QuerySet, Value
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from accounts.models import User
from conversations.models import Conversation
from medichat.db.context import system
from records.models.care import visible_patients
from records.people import patients_visible_to
from tests.cast import api_client, signed_in
from tests.security.addresses import addresses, hers
from tests.security.seed import SECRETS, Seed
from tests.security.walk import Answer, walk_of

# Functions that decide for other tables what ``visible_to`` decides for its own.
OPENED: dict[Callable[..., Any], Callable[..., Any]] = {
    visible_patients: lambda user: Q(),
    patients_visible_to: lambda user: User.objects.patients().annotate(is_break_glass=Value(False)),
}
# Searches and lists beyond what the bare addresses show; what was searched for may stand in the answer.
SEARCHES = [
    *[(f"/queue/?tab={tab}", "") for tab in ("waiting", "mine", "answered", "archived")],
    *[(f"/queue/?q={word}", word) for word in ("velociraptor", "Brzovoljec")],
    ("/patients/?q=Brzovoljec", "Brzovoljec"),
    ("/patients/recall/?kind=allergies&name=Zirconfloxacin", "Zirconfloxacin"),
    ("/patients/recall/?kind=medicines&name=Quellamidol", "Quellamidol"),
    ("/who-viewed/?show=all", ""),
    ("/my-access/?show=emergencies", ""),
]
# The code on the paper opens these to whoever has it, and nobody else has it: tests/prescriptions/test_verify.py.
OPENED_BY_A_CODE = {"prescriptions:verify", "api:verify_prescription"}
# It would end the session with which the rest is tried.
NOT_POSTED = {"accounts:sign_out", "api:logout"}


def querysets_with_visible_to() -> set[type[QuerySet[Any]]]:
    """Every QuerySet class of a model's manager that has the word."""
    classes: set[type[QuerySet[Any]]] = set()
    for model in apps.get_models():
        for manager in model._meta.managers:
            kind = type(manager.get_queryset())
            if hasattr(kind, "visible_to"):
                classes.update(base for base in kind.__mro__ if "visible_to" in vars(base))
    return classes


@pytest.fixture
def one_lock_open(monkeypatch: pytest.MonkeyPatch, seed: Seed) -> int:
    """All ``visible_to`` open; returns how many there were."""
    addresses()  # every view is imported now: one that came later would keep the replacement
    classes = querysets_with_visible_to()
    for kind in classes:
        monkeypatch.setattr(kind, "visible_to", lambda self, user: self.all())
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()) if module else []:
            for function, replacement in OPENED.items():
                if value is function and not module.__name__.startswith("tests."):
                    monkeypatch.setattr(module, name, replacement)
    return len(classes)


@pytest.fixture
def visitor_of(db: None, seed: Seed) -> Callable[[str], Client]:
    """A client on which somebody of the seed is signed in: with a cookie for the pages, a token for the API."""

    def visitor(who: str) -> Client:
        user = getattr(seed, who)
        return signed_in(api_client(user, raise_request_exception=False), user)

    return visitor


def answers(client: Client, seed: Seed) -> Iterator[tuple[str, str, HttpResponse]]:
    """Every page, asked for with GET and with an empty POST: the path, what was searched for, the answer."""
    for address in addresses():
        if address.name in OPENED_BY_A_CODE:
            continue
        for path in address.paths(hers(seed)):
            yield path, "", client.get(path)  # type: ignore[misc]  # the test client's answer is one
            if address.name not in NOT_POSTED and not address.is_admin:
                yield f"POST {path}", "", client.post(path)  # type: ignore[misc]  # see above
            for method in ("patch", "delete") if address.is_api else ():
                yield f"{method} {path}", "", getattr(client, method)(path)
    for path, sought in SEARCHES:
        yield path, sought, client.get(path)  # type: ignore[misc]  # see above


def told(response: HttpResponse | Answer, but: str = "") -> set[str]:
    """Which of the patient's words the answer holds, in whatever kind of file and in its headers."""
    body = b"".join(response) if isinstance(response, StreamingHttpResponse) else response.content
    said = body + repr(response.headers).encode()
    return {secret for secret in SECRETS if secret != but and secret.encode().lower() in said.lower()}


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["another_patient", "stranger_doctor", "unapproved_doctor"])
def test_with_one_lock_open_nobody_sees_another_s_data(
    seed: Seed, one_lock_open: int, visitor_of: Callable[[str], Client], who: str
) -> None:
    assert one_lock_open >= 10
    with system():
        assert Conversation.objects.visible_to(seed.stranger_doctor).filter(patient=seed.patient).count() == 3
    asked = 0
    for path, sought, response in answers(visitor_of(who), seed):
        asked += 1
        assert told(response, but=sought) == set(), path
        if response.status_code == 200 and any(row in path for row in seed.ids):
            # A file of hers in a form in which no word can be read would be one as well.
            assert response["Content-Type"].startswith(("text/html", "application/json")), path
    assert asked > 250


@pytest.mark.django_db
def test_the_words_are_there_to_be_found(seed: Seed) -> None:
    """The same walk by those who may: were it blind, the test above would prove nothing."""
    seen: set[str] = set()
    for who in ("patient", "her_doctor"):
        for step in walk_of(who, seed).steps:
            seen |= told(step.answer)
    # What was overridden when prescribing, and why, stands on no page of theirs; nor the words of another doctor's
    # emergency access and what an administrator thought of it.
    assert set(SECRETS) - seen <= {"jabberwocky", "beware of Quellamidol", "marmalade trance", "snark hunting"}


def test_no_other_function_decides_who_sees_what() -> None:
    """A new one named so must be opened in this test as well."""
    addresses()
    found = {
        value
        for name, module in list(sys.modules.items())
        if name.split(".")[0] in {"accounts", "records", "conversations", "prescriptions", "audit", "medichat"}
        for key, value in vars(module).items()
        if "visible_" in key and callable(value)
    }
    assert {f"{value.__module__}.{value.__qualname__}" for value in found - set(OPENED)} == set()
