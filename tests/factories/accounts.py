"""People, their sessions and second factors."""

import uuid
from datetime import date, timedelta
from functools import cache

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import AttemptCount, MfaToken, RequestCount, Role, Session, StoredAnswer, User
from tests.factories.rows import SystemFactory

PASSWORD = "seven quiet herons at dusk"


@cache
def hashed_password() -> str:
    """``PASSWORD`` hashed once for the whole run: hashing is slow on purpose."""
    return make_password(PASSWORD)


class UserFactory(SystemFactory):
    """A patient."""

    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"person{number}@example.org")
    first_name = factory.Sequence(lambda number: f"Test{number}")
    last_name = "Person"
    date_of_birth = date(1990, 6, 15)
    password = factory.LazyFunction(hashed_password)


class DoctorFactory(UserFactory):
    """An approved doctor."""

    role = Role.DOCTOR
    last_name = "Doctor"
    specialization = "General practice"
    licence_number = factory.Sequence(lambda number: f"LIC-{number:05}")
    approved_at = factory.LazyFunction(timezone.now)


class AdministratorFactory(UserFactory):
    """An administrator."""

    role = Role.ADMIN
    last_name = "Administrator"


class SessionFactory(SystemFactory):
    """A running browser session (to open it in a client use ``signed_in`` of the cast)."""

    class Meta:
        model = Session

    user = factory.SubFactory(UserFactory)
    key_hash = factory.LazyFunction(lambda: Session.hash_of(uuid.uuid4().hex))
    device = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    address = "192.0.2.7"
    last_active_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=12))


class MfaTokenFactory(SystemFactory):
    """An authenticator app."""

    class Meta:
        model = MfaToken

    user = factory.SubFactory(UserFactory)
    kind = MfaToken.Kind.TOTP
    name = "Telephone"
    secret = "JBSWY3DPEHPK3PXP"


class AttemptCountFactory(SystemFactory):
    """Somebody tried something once."""

    class Meta:
        model = AttemptCount

    key = factory.LazyFunction(lambda: uuid.uuid4().hex)
    attempts = 1
    last_at = factory.LazyFunction(timezone.now)


class RequestCountFactory(SystemFactory):
    """Somebody asked the API for something once."""

    class Meta:
        model = RequestCount

    key = factory.LazyFunction(lambda: uuid.uuid4().hex)
    began_at = factory.LazyFunction(timezone.now)
    requests = 1


class StoredAnswerFactory(SystemFactory):
    """What was answered to an act with a key."""

    class Meta:
        model = StoredAnswer

    person = factory.SubFactory(UserFactory)
    key_hash = factory.LazyFunction(lambda: uuid.uuid4().hex)
    request_hash = "0" * 64
    status_code = 200
    body = "{}"
