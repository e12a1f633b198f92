"""Every list and every row's page opens for administrators, with constantly few statements, and for nobody else."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import signals
from accounts.admin_site import CappedPaginator
from accounts.models import Role, User
from conversations.models import Archive, ConversationWord, Message
from medichat.db.base import new_id
from records.models import SearchWord, VocabularyWord
from tests import factories
from tests.cast import system

OURS = [
    model
    for label in ("accounts", "records", "conversations", "prescriptions", "legacy")
    for model in apps.get_app_config(label).get_models()
]
FACTORIES: dict[str, Any] = {
    made._meta.model.__name__: made
    for made in vars(factories).values()
    if isinstance(made, type) and issubclass(made, factories.SystemFactory) and made._meta.model is not None
}
FACTORIES |= {"User": factories.UserFactory}


def a_row(model: type[models.Model]) -> Any:
    """One row of the model, with another patient than any other row."""
    if model in (SearchWord, VocabularyWord):
        factories.AllergyFactory(allergen=f"Substance{new_id().hex}")
        with system():
            return model._default_manager.order_by("-pk").first()
    if model is Archive:
        conversation = factories.ConversationFactory()
        with system():
            conversation.archive(by=conversation.patient)
            return Archive.objects.get(conversation=conversation)
    if model is ConversationWord:
        conversation = factories.ConversationFactory()
        with system():
            return ConversationWord.objects.create(
                token=new_id().int % 2**31, conversation=conversation, patient=conversation.patient
            )
    return FACTORIES[model.__name__]()


def address(model: type[models.Model], page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def name(model: type[models.Model]) -> str:
    return model.__name__


def test_every_model_is_registered() -> None:
    assert [model for model in OURS if not admin.site.is_registered(model)] == []


@pytest.mark.parametrize("model", OURS, ids=name)
def test_the_list_opens_with_as_many_statements_for_many_rows_as_for_one(
    client_of: Callable[[User], Client], administrator: User, model: type[models.Model]
) -> None:
    client = client_of(administrator)
    a_row(model)
    client.get(address(model, "changelist"))
    with CaptureQueriesContext(connection) as one:
        assert client.get(address(model, "changelist")).status_code == 200
    for _ in range(3):
        a_row(model)
    with CaptureQueriesContext(connection) as many:
        page = client.get(address(model, "changelist"))
    assert page.status_code == 200
    assert len(many) == len(one), [query["sql"] for query in many.captured_queries]


@pytest.mark.parametrize("model", OURS, ids=name)
def test_the_page_of_a_row_opens_and_the_look_is_told(
    client_of: Callable[[User], Client], administrator: User, model: type[models.Model]
) -> None:
    row = a_row(model)
    heard: list[dict[str, Any]] = []
    signals.viewed.connect(lambda **facts: heard.append(facts), weak=False, dispatch_uid="test")
    try:
        response = client_of(administrator).get(address(model, "change", row.pk))
    finally:
        signals.viewed.disconnect(dispatch_uid="test")
    assert response.status_code == 200
    assert "object at 0x" not in response.content.decode()
    assert [(facts["by"], facts["why"], facts["resource_id"]) for facts in heard] == [
        (administrator, "administration", row.pk)
    ]
    expected = getattr(row, "patient_id", None) or (row.pk if isinstance(row, User) else None)
    assert heard[0]["patient_id"] == expected


@pytest.mark.parametrize("model", OURS, ids=name)
def test_the_page_of_a_new_row_shows_nothing_that_only_a_row_has(
    client_of: Callable[[User], Client], administrator: User, model: type[models.Model]
) -> None:
    response = client_of(administrator).get(address(model, "add"))
    assert response.status_code in {200, 403}
    assert "object at 0x" not in response.content.decode()


@pytest.mark.parametrize("model", OURS, ids=name)
def test_nothing_can_be_deleted(
    client_of: Callable[[User], Client], administrator: User, model: type[models.Model]
) -> None:
    row = a_row(model)
    client = client_of(administrator)
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(
        address(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )
    with system():
        assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("who", ["patient", "her_doctor", "unapproved_doctor"])
@pytest.mark.parametrize("model", [User, Message], ids=name)
def test_nobody_else_comes_in(
    request: pytest.FixtureRequest, client_of: Callable[[User], Client], who: str, model: type[models.Model]
) -> None:
    row = a_row(model)
    client = client_of(request.getfixturevalue(who))
    for page in (address(model, "changelist"), address(model, "change", row.pk), "/admin/"):
        assert client.get(page, follow=True).status_code == 403


def test_visitors_are_asked_to_sign_in(client: Client, db: None) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/account/sign-in/?next=/admin/"


def test_the_list_of_one_patients_rows_is_told_with_the_patient(
    client_of: Callable[[User], Client], administrator: User, patient: User
) -> None:
    factories.AllergyFactory(patient=patient, allergen="Latex")
    factories.AllergyFactory(allergen="Peanut")
    heard: list[dict[str, Any]] = []
    signals.list_viewed.connect(lambda **facts: heard.append(facts), weak=False, dispatch_uid="test")
    try:
        page = client_of(administrator).get(f"/admin/records/allergy/?patient__id__exact={patient.pk}")
    finally:
        signals.list_viewed.disconnect(dispatch_uid="test")
    assert "Latex" in page.content.decode()
    assert "Peanut" not in page.content.decode()
    assert heard[0]["patient_ids"] == {patient.pk}


def test_encrypted_values_can_be_read_and_credentials_cannot(
    client_of: Callable[[User], Client], administrator: User, patient: User
) -> None:
    client = client_of(administrator)
    message = factories.MessageFactory(text="It hurts most on the stairs.")
    assert "It hurts most on the stairs." in client.get(address(Message, "change", message.pk)).content.decode()
    token = factories.MfaTokenFactory(user=patient, secret="JBSWY3DPEHPK3PXP", code_hash="hash-of-a-code")
    session = factories.SessionFactory(user=patient, refresh_hash="f" * 64, data="what-it-holds")
    shown = [
        client.get(address(User, "change", patient.pk)),
        client.get(address(type(token), "change", token.pk)),
        client.get(address(type(session), "change", session.pk)),
        client.get(address(type(session), "changelist")),
    ]
    for secret in (
        patient.password,
        "argon2",
        token.secret,
        "hash-of-a-code",
        session.key_hash,
        "f" * 64,
        "what-it-holds",
    ):
        assert [page for page in shown if secret in page.content.decode()] == []


@pytest.mark.parametrize(
    ("path", "term", "found"),
    [
        ("accounts/user", "horvat", True),
        ("accounts/user", "ana@example.org", True),
        ("accounts/user", "nobody", False),
        ("records/allergy", "horvat", True),
        ("records/allergy", "peni", True),
        ("records/allergy", "Ana@example.org", True),
        ("records/allergy", "latex", False),
        ("records/allergy", "...", False),
        ("conversations/conversation", "horvat", True),
        ("conversations/message", "ana horvat", True),
        ("conversations/message", "boris", False),
        ("prescriptions/prescription", "horvat", True),
        ("accounts/session", "ana@", True),
    ],
)
def test_rows_are_found_by_their_patient(
    client_of: Callable[[User], Client], administrator: User, patient: User, path: str, term: str, found: bool
) -> None:
    factories.AllergyFactory(patient=patient)
    conversation = factories.ConversationFactory(patient=patient, answered=True)
    factories.MessageFactory(conversation=conversation)
    factories.PrescriptionFactory(conversation=conversation)
    factories.SessionFactory(user=patient)
    page = client_of(administrator).get(f"/admin/{path}/", {"q": term}).content.decode()
    rows = re.findall(r'<input type="checkbox" name="_selected_action"|<th class="field-', page)
    assert bool(rows) is found


def test_related_rows_are_one_click_away(
    client_of: Callable[[User], Client], administrator: User, patient: User
) -> None:
    conversation = factories.ConversationFactory(patient=patient)
    client = client_of(administrator)
    page = client.get(address(User, "change", patient.pk)).content.decode()
    links = re.findall(r'href="(/admin/[a-z]+/[a-z]+/\?patient__id__exact=[^"]+)"', page)
    assert f"/admin/conversations/conversation/?patient__id__exact={patient.pk}" in links
    for link in links:
        assert client.get(link).status_code == 200
    page = client.get(address(type(conversation), "change", conversation.pk)).content.decode()
    for model in ("conversations/message", "conversations/symptom", "prescriptions/prescription"):
        assert f"/admin/{model}/?conversation__id__exact={conversation.pk}" in page


def test_people_are_offered_while_typing_and_it_is_told(
    client_of: Callable[[User], Client], administrator: User, patient: User
) -> None:
    heard: list[dict[str, Any]] = []
    signals.list_viewed.connect(lambda **facts: heard.append(facts), weak=False, dispatch_uid="test")
    try:
        offered = client_of(administrator).get(
            "/admin/autocomplete/",
            {"term": "horv", "app_label": "records", "model_name": "allergy", "field_name": "patient"},
        )
    finally:
        signals.list_viewed.disconnect(dispatch_uid="test")
    assert [row["id"] for row in offered.json()["results"]] == [str(patient.pk)]
    assert (heard[0]["resource_type"], heard[0]["patient_ids"]) == ("user_names", {patient.pk})


def test_large_tables_are_not_counted_to_the_end(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(CappedPaginator, "most", 2)
    for _ in range(3):
        factories.UserFactory()
    with system():
        assert CappedPaginator(User.objects.order_by("pk"), 50).count == 2


def test_createsuperuser_makes_an_administrator_who_can_sign_in(
    monkeypatch: pytest.MonkeyPatch, client: Client, db: None
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "three blue kites aloft")
    call_command(
        "createsuperuser", interactive=False, email="Root@example.org", first_name="R", last_name="A", verbosity=0
    )
    with system():
        assert User.objects.get(email="root@example.org").role == Role.ADMIN
    typed = {"email": "root@example.org", "password": "three blue kites aloft", "next": "/admin/"}
    assert client.post("/account/sign-in/", typed)["Location"] == "/account/code/?next=/admin/"
    assert client.get("/account/code/?next=/admin/")["Location"] == "/account/second-step/set-up/?next=/admin/"
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"


def test_the_admins_own_sign_out_and_password_pages_lead_to_ours(
    client_of: Callable[[User], Client], administrator: User
) -> None:
    client = client_of(administrator)
    assert client.get("/admin/password_change/")["Location"] == "/account/password/"
    assert client.post("/admin/logout/", follow=True).redirect_chain[-1][0] == "/"
    assert client.get("/admin/").status_code == 302
