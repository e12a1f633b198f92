"""What a second factor accepts: each code once, and not too many wrong ones."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import second_factor
from accounts.models import MfaToken, Role, Session, User
from accounts.second_factor import TooManyCodes, WrongCode, verify
from medichat.db.context import acting
from tests.authenticator import Clock, code_at
from tests.cast import as_person, system
from tests.factories import MfaTokenFactory, SessionFactory

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def app(her_doctor: User) -> MfaToken:
    """The doctor's authenticator app."""
    token: MfaToken = MfaTokenFactory(user=her_doctor, secret=SECRET, confirmed_at=timezone.now())
    return token


def test_doctors_and_administrators_need_one_and_patients_may(
    patient: User, her_doctor: User, unapproved_doctor: User, administrator: User
) -> None:
    required = {person.email: second_factor.is_required(person) for person in (patient, her_doctor, administrator)}
    assert required == {patient.email: False, her_doctor.email: True, administrator.email: True}
    assert second_factor.is_required(unapproved_doctor)
    with as_person(patient):
        assert not second_factor.is_enrolled(patient)
        assert not second_factor.is_asked(patient)


def test_an_app_is_asked_for_from_its_first_code_on(patient: User) -> None:
    with as_person(patient):
        being_set_up = second_factor.begin_setup(patient)
        assert not second_factor.is_enrolled(patient)
        assert second_factor.begin_setup(patient).secret == being_set_up.secret
        with pytest.raises(WrongCode):
            second_factor.confirm_setup(patient, "12")
        code = code_at(being_set_up.secret or "", timezone.now())
        app, codes = second_factor.confirm_setup(patient, code, name="Telephone")
        assert second_factor.is_enrolled(patient)
        assert second_factor.is_asked(patient)
        assert len(set(codes)) == second_factor.backup_codes_left(patient) == 10
        with pytest.raises(WrongCode):
            verify(patient, code)
        assert verify(patient, codes[3].upper().replace("-", " ")) == app


def test_a_code_is_right_for_its_half_minute_and_the_ones_beside_it(app: MfaToken, clock: Clock) -> None:
    for steps, right in [(-2, False), (2, False), (-1, True), (0, True), (1, True)]:
        with as_person(app.user):
            if right:
                assert verify(app.user, clock.code(SECRET, steps=steps)) == app
            else:
                with pytest.raises(WrongCode):
                    verify(app.user, clock.code(SECRET, steps=steps))


def test_a_code_works_once_and_no_earlier_one_afterwards(app: MfaToken, clock: Clock) -> None:
    with as_person(app.user):
        verify(app.user, clock.code(SECRET))
        for steps in (0, -1):
            with pytest.raises(WrongCode):
                verify(app.user, clock.code(SECRET, steps=steps))
        verify(app.user, clock.code(SECRET, steps=1))


def test_a_backup_code_works_once_and_is_stored_as_a_hash_only(app: MfaToken) -> None:
    with as_person(app.user):
        codes = second_factor.new_backup_codes(app.user)
        rows = MfaToken.objects.filter(kind=MfaToken.Kind.BACKUP)
        assert all(row.code_hash.startswith("argon2$argon2id$") and row.secret is None for row in rows)
        verify(app.user, codes[0])
        with pytest.raises(WrongCode):
            verify(app.user, codes[0])
        assert second_factor.backup_codes_left(app.user) == 9
        fresh = second_factor.new_backup_codes(app.user)
        assert set(fresh).isdisjoint(codes)
        with pytest.raises(WrongCode):
            verify(app.user, codes[1])
        verify(app.user, fresh[1])


@pytest.mark.parametrize("typed", ["", "0", "12345", "1234567", "٠٠٠٠٠٠", "abc", "3-zzzz-zzzz", "x" * 500, "\0"])
def test_what_is_no_code_is_wrong(app: MfaToken, typed: str) -> None:
    with as_person(app.user), pytest.raises(WrongCode):
        verify(app.user, typed)


def test_after_five_wrong_codes_even_the_right_one_has_to_wait(app: MfaToken, clock: Clock) -> None:
    with as_person(app.user):
        for _ in range(5):
            with pytest.raises(WrongCode):
                verify(app.user, clock.wrong_code(SECRET))
        with pytest.raises(TooManyCodes) as refused:
            verify(app.user, clock.code(SECRET))
        assert refused.value.retry_after == 30
        clock.move(timedelta(seconds=31))
        assert verify(app.user, clock.code(SECRET)) == app
        clock.move(timedelta(seconds=31))
        with pytest.raises(WrongCode):
            verify(app.user, clock.wrong_code(SECRET))


def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_is_forgotten_after_a_day(app: MfaToken, clock: Clock) -> None:
    waits = []
    with as_person(app.user):
        for _ in range(5):
            with pytest.raises(WrongCode):
                verify(app.user, clock.wrong_code(SECRET))
        for _ in range(7):
            with pytest.raises(TooManyCodes) as refused:
                verify(app.user, clock.wrong_code(SECRET))
            waits.append(refused.value.retry_after)
            clock.move(refused.value.wait)
            with pytest.raises(WrongCode):
                verify(app.user, clock.wrong_code(SECRET))
        assert waits == [30, 60, 120, 240, 480, 900, 900]
        clock.move(timedelta(days=1, seconds=1))
        with pytest.raises(WrongCode):
            verify(app.user, clock.wrong_code(SECRET))
        assert verify(app.user, clock.code(SECRET)) == app


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "backup"])
def test_of_twenty_tries_with_one_code_at_the_same_moment_one_succeeds(app: MfaToken, kind: str) -> None:
    with as_person(app.user):
        code = code_at(SECRET, timezone.now()) if kind == "app" else second_factor.new_backup_codes(app.user)[0]
    together = Barrier(20)

    def tried(_: int) -> str:
        together.wait(timeout=30)
        try:
            with transaction.atomic(), acting(role="sign_in", user_id=app.user.pk):
                try:
                    verify(app.user, code)
                except (WrongCode, TooManyCodes) as refusal:
                    return type(refusal).__name__
                return "accepted"
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(tried, range(20)))
    assert sorted(answers) == ["TooManyCodes"] * 14 + ["WrongCode"] * 5 + ["accepted"]


def test_taking_it_away_leaves_its_sessions_without_one(app: MfaToken, administrator: User) -> None:
    session: Session = SessionFactory(user=app.user, second_factor=app)
    assert not second_factor.is_missing(app.user, session)
    with as_person(administrator):
        second_factor.clear(app.user, by=administrator, reason=second_factor.Loss.LOST)
        session.refresh_from_db()
    assert session.second_factor_id is None
    assert second_factor.is_missing(app.user, session)


def test_who_must_have_one_cannot_switch_it_off(app: MfaToken) -> None:
    with as_person(app.user), pytest.raises(ValueError, match="required"):
        second_factor.switch_off(app.user)


def test_nobody_clears_their_own(app: MfaToken) -> None:
    with as_person(app.user), pytest.raises(ValueError, match="own"):
        second_factor.clear(app.user, by=app.user, reason=second_factor.Loss.BROKEN)


def test_who_has_typed_only_the_password_cannot_take_it_away(app: MfaToken) -> None:
    """Nor can a mistake of ours: row-level security does not let the context of signing in delete."""
    with acting(role="sign_in", user_id=app.user.pk):
        assert MfaToken.objects.filter(pk=app.pk).delete()[0] == 0
    with system():
        assert MfaToken.objects.filter(pk=app.pk).exists()


def test_a_session_is_missing_it_once_the_role_needs_it(patient: User) -> None:
    session: Session = SessionFactory(user=patient)
    assert not second_factor.is_missing(patient, session)
    patient.role = Role.DOCTOR
    assert second_factor.is_missing(patient, session)
