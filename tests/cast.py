"""The people of the tests, shared by all of them, and how a test acts as one of them.

Tests connect as the application role under forced row-level security, so without a context there are no rows:

- set rows up with the factories (``tests.factories``), which work as the system, or inside ``with system():``;
- look at rows inside ``with as_person(somebody):`` (what the database lets that person see) or ``with system():``;
- the API is called with ``api_of(somebody).get(...)``, with a real session and token;
- pages are opened with ``client_of(somebody).get(...)``, which goes through the real middleware: a session row, a
  cookie, and the person's own context. ``client`` (pytest-django's) is a visitor who has not signed in.

``patient`` is Ana. ``her_doctor`` has answered a case of hers and may see her chart; ``stranger_doctor`` has nothing to
do with her; ``unapproved_doctor`` waits for an administrator.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts import second_factor, tokens
from accounts.models import MfaToken, User
from accounts.session_store import SessionStore
from medichat.db.context import acting_as, system
from tests.factories import AdministratorFactory, CareRelationFactory, DoctorFactory, MfaTokenFactory, UserFactory

as_person = acting_as
ClientOf = Callable[[User], Client]
__all__ = ["ClientOf", "api_client", "as_person", "halfway_in", "signed_in", "system"]


@pytest.fixture
def patient(db: None) -> User:
    """Ana, a patient."""
    user: User = UserFactory(email="ana@example.org", first_name="Ana", last_name="Horvat")
    return user


@pytest.fixture
def another_patient(db: None) -> User:
    """Boris, a patient who has nothing to do with Ana."""
    user: User = UserFactory(email="boris@example.org", first_name="Boris", last_name="Kral")
    return user


@pytest.fixture
def her_doctor(patient: User) -> User:
    """Clara, an approved doctor who has answered a case of Ana's."""
    user: User = DoctorFactory(
        email="clara@example.org", first_name="Clara", last_name="Lindqvist", licence_number="LIC-CLARA"
    )
    CareRelationFactory(patient=patient, doctor=user)
    return user


@pytest.fixture
def stranger_doctor(db: None) -> User:
    """Darius, an approved doctor without a relation to anybody."""
    user: User = DoctorFactory(
        email="darius@example.org", first_name="Darius", last_name="Moreau", licence_number="LIC-DARIUS"
    )
    return user


@pytest.fixture
def unapproved_doctor(db: None) -> User:
    """Elena, whose licence nobody has checked yet."""
    user: User = DoctorFactory(
        email="elena@example.org", first_name="Elena", last_name="Novak", licence_number="LIC-ELENA", approved_at=None
    )
    return user


@pytest.fixture
def administrator(db: None) -> User:
    """Farid, an administrator."""
    user: User = AdministratorFactory(email="farid@example.org", first_name="Farid", last_name="Olsen")
    return user


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    """The e-mails about accounts as soon as they are written: without the thread, and without waiting for a commit."""
    letters: list[EmailMessage] = []
    monkeypatch.setattr("accounts.mail.post", letters.append)
    monkeypatch.setattr("accounts.mail.transaction", SimpleNamespace(on_commit=lambda act: act()))
    return letters


def signed_in_cookie(user: User) -> str:
    """A real session of this person, who has passed every step; returns what the cookie holds.

    It comes without the cost of the password, and with the authenticator app that doctors and administrators need.
    """
    session = session_of(user)
    if second_factor.is_required(user):
        session.second_factor_id = authenticator_of(user).pk
    return stored(session, user)


def session_of(user: User) -> SessionStore:
    """A session of this person that is not stored yet."""
    session = SessionStore(device="Test client", address="127.0.0.1")
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    return session


def stored(session: SessionStore, user: User) -> str:
    """Stores it; returns its key."""
    with acting_as(user):
        session.save()
    assert session.session_key
    return str(session.session_key)


def authenticator_of(user: User) -> MfaToken:
    """The person's authenticator app, set up now unless it is there already."""
    with system():
        app = MfaToken.objects.confirmed().filter(user=user).first()
    return app or MfaTokenFactory(user=user, confirmed_at=timezone.now())


def halfway_in(client: Client, user: User) -> Client:
    """The person's password was right on this client; the second step has not come yet."""
    session = session_of(user)
    session.awaits_second_factor = True
    client.cookies[settings.SESSION_COOKIE_NAME] = stored(session, user)
    return client


def signed_in(client: Client, user: User) -> Client:
    """Sign the person in on this client."""
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in_cookie(user)
    return client


@pytest.fixture
def client_of(db: None) -> ClientOf:
    """Gives a client on which the person is signed in; each call is another browser."""
    return lambda user: signed_in(Client(), user)


def api_token_of(user: User) -> str:
    """An access token of a new API session, opened with a second factor where the role needs one."""
    app = authenticator_of(user) if second_factor.is_required(user) else None
    with acting_as(user):
        return tokens.begin_session(user, device="Test client", address="127.0.0.1", with_factor=app).access


def api_client(user: User, **options: Any) -> Client:
    """A client of the API that sends this person's token and nothing else."""
    return Client(headers={"Authorization": f"Bearer {api_token_of(user)}"}, **options)


@pytest.fixture
def api_of(db: None) -> ClientOf:
    """Gives an API client of the person; each call is another session."""
    return api_client
