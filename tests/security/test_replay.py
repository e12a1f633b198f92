"""Sent twice, planted before, used too late: forms, keys and links work once, for whom and when they were meant."""

import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connections
from django.test import Client

from accounts.models import Session, User
from accounts.session_store import SessionStore
from conversations.models import Conversation, Message
from medichat.db.context import acting_as
from prescriptions.models import Prescription
from tests.cast import ClientOf, api_client, signed_in_cookie, system
from tests.factories import PASSWORD, ConversationFactory
from tests.prescriptions.test_respond import ITEM, form

NEW_PASSWORD = "a quite different set of words"


def count(model: type[Prescription], case: Conversation) -> int:
    with system():
        return model.objects.filter(conversation=case).count()


def test_an_answer_sent_twice_is_one_answer(patient: User, stranger_doctor: User, client_of: ClientOf) -> None:
    case = ConversationFactory(patient=patient, awaiting=True)
    client, sent = client_of(stranger_doctor), form(ITEM)
    assert client.post(f"/cases/{case.pk}/", sent).status_code == 302
    # By now the medicine has been prescribed already, which is asked about before the state of the case.
    assert client.post(f"/cases/{case.pk}/", sent).status_code == 422
    assert client.post(f"/cases/{case.pk}/", form()).status_code == 409
    assert count(Prescription, case) == 1


def test_a_claim_sent_twice_changes_nothing_the_second_time(
    patient: User, stranger_doctor: User, client_of: ClientOf
) -> None:
    case = ConversationFactory(patient=patient, awaiting=True)
    client = client_of(stranger_doctor)
    taken = []
    for _ in range(2):
        assert client.post(f"/cases/{case.pk}/claim/").status_code == 302
        with system():
            taken.append(Conversation.objects.get(pk=case.pk).claimed_at)
    assert taken[0] == taken[1]


def test_a_cancelled_prescription_is_not_cancelled_again(
    patient: User, stranger_doctor: User, client_of: ClientOf
) -> None:
    case = ConversationFactory(patient=patient, awaiting=True)
    client = client_of(stranger_doctor)
    client.post(f"/cases/{case.pk}/", form(ITEM))
    with system():
        (prescription,) = Prescription.objects.filter(conversation=case)
    path = f"/prescriptions/{prescription.pk}/cancel/"
    statuses = [client.post(path, {"reason": "wrong dose"}).status_code for _ in range(2)]
    assert statuses == [302, 409]


def test_a_message_sent_twice_is_said_once(patient: User, client_of: ClientOf) -> None:
    case = ConversationFactory(patient=patient)
    client, sent = client_of(patient), {"text": "It hurts.", "client_token": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post(f"/consultations/{case.pk}/message/", sent).status_code == 302
    with system():
        assert Message.objects.filter(conversation=case, sender="patient").count() == 1


def test_a_reset_link_works_once_in_two_browsers(patient: User, mailbox: list[EmailMessage]) -> None:
    Client().post("/account/reset/", {"email": patient.email})
    link = re.search(r"/account/reset/\S+/\S+/", str(mailbox[-1].body))
    assert link
    first, second = Client(), Client()
    pages = [client.get(link[0], follow=True) for client in (first, second)]
    places = [page.redirect_chain[-1][0] if page.redirect_chain else link[0] for page in pages]
    sent = {"new_password": NEW_PASSWORD}
    assert first.post(places[0], sent).status_code == 302
    second.post(places[1], {"new_password": "words of somebody else entirely"})
    with system():
        patient.refresh_from_db()
    assert patient.check_password(NEW_PASSWORD)


def test_a_key_planted_before_is_not_the_key_afterwards(patient: User) -> None:
    client = Client()
    planted = "a" * 32
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    client.post("/account/sign-in/", {"email": patient.email, "password": PASSWORD})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value not in {"", planted}
    attacker = Client()
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert attacker.get("/record/").status_code == 302


def test_the_key_of_a_session_of_somebody_else_is_not_taken_over(patient: User, another_patient: User) -> None:
    """An attacker's own running session, put into the victim's browser, does not become the victim's."""
    key = signed_in_cookie(another_patient)
    victim, attacker = Client(), Client()
    victim.cookies[settings.SESSION_COOKIE_NAME] = attacker.cookies[settings.SESSION_COOKIE_NAME] = key
    victim.post("/account/sign-in/", {"email": patient.email, "password": PASSWORD})
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != key
    page = attacker.get("/record/", follow=True).content.decode()
    assert patient.last_name not in page


def test_a_form_of_the_session_before_is_refused_after_signing_out_and_in(patient: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in_cookie(patient)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', client.get("/account/profile/").content.decode())
    assert token
    client.post("/account/sign-out/", {"csrfmiddlewaretoken": token[1]})
    assert client.post("/consultations/start/", {"csrfmiddlewaretoken": token[1]}).status_code in {401, 403}
    with system():
        assert not Conversation.objects.filter(patient=patient).exists()


def test_a_token_of_one_person_is_not_another_s_by_saying_so(patient: User, another_patient: User) -> None:
    client = api_client(patient)
    for claim in ({"userId": str(another_patient.pk)}, {"user": str(another_patient.pk)}):
        told = client.get("/api/auth/verify", claim).content.decode()
        assert str(another_patient.pk) not in told


@pytest.mark.django_db(transaction=True)
def test_signing_out_while_messages_are_on_their_way(patient: User) -> None:
    """What was answered with success is there, what was refused is not, and nothing gets in after the sign-out."""
    case, key = ConversationFactory(patient=patient), signed_in_cookie(patient)
    begin = threading.Barrier(9)

    def browser() -> Client:
        client = Client(raise_request_exception=False)
        client.cookies[settings.SESSION_COOKIE_NAME] = key
        return client

    def say(number: int) -> int:
        try:
            begin.wait()
            sent = {"text": f"Word {number}.", "client_token": str(uuid.uuid4())}
            return int(browser().post(f"/consultations/{case.pk}/message/", sent).status_code)
        finally:
            connections.close_all()

    def leave() -> int:
        try:
            begin.wait()
            return int(browser().post("/account/sign-out/").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(9) as people:
        words = [people.submit(say, number) for number in range(8)]
        assert people.submit(leave).result() == 302
        statuses = [word.result() for word in words]
    assert set(statuses) <= {302, 401}
    with system():
        assert Message.objects.filter(conversation=case, sender="patient").count() == statuses.count(302)
        assert Session.objects.get(user=patient).revoked_at is not None
    assert browser().get("/record/").status_code == 302


def test_an_ended_session_does_not_rise_when_its_owner_saves_it_late(patient: User) -> None:
    """A request that began before the sign-out and ends after it stores its session: the end stays."""
    key = signed_in_cookie(patient)
    with acting_as(patient):
        late = SessionStore(key, device="Test", address="127.0.0.1")
        late["words"] = "kept"
    with system():
        Session.objects.filter(user=patient).end(reason="test")
    with acting_as(patient):
        late.note_activity()
    with system():
        assert Session.objects.get(user=patient).revoked_at is not None
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert client.get("/record/").status_code == 302
