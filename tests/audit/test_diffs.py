"""Field-level diffs: kept for charts and people, encrypted fields masked, readable by few and changeable by nobody."""

import json

import psycopg
import pytest
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.admin.models import LogEntry as AdminLogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import RequestFactory
from django.urls import resolve

from accounts.models import User
from audit.diffs import CHART, MASK, encrypted_fields
from audit.models import ActivityLog
from audit.request import RequestFacts, facts_of_request
from medichat.db.base import new_id
from medichat.db.context import acting, acting_as, system
from records.models import Allergy
from tests.factories import AllergyFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", auditlog.get_models())
def test_every_encrypted_field_is_masked(model: type) -> None:
    assert auditlog.get_model_fields(model)["mask_fields"] == encrypted_fields(model)
    assert auditlog.get_model_fields(model)["mask_callable"] == "audit.diffs.masked"


def test_the_charts_people_and_prescriptions_are_registered() -> None:
    assert {model.__name__ for model in auditlog.get_models()} == {
        "User",
        "Prescription",
        *(model.__name__ for model in CHART),
    }


def test_a_changed_reaction_is_shown_as_changed_and_nothing_more(her_doctor: User, patient: User) -> None:
    allergy = AllergyFactory(patient=patient, reaction="SECRET hives", severity=Allergy.Severity.MILD)
    with acting_as(her_doctor):
        entry = Allergy.objects.get(pk=allergy.pk)
        entry.reaction = "SECRET shock"
        entry.severity = Allergy.Severity.SEVERE
        entry.save()
        diff = LogEntry.objects.get(action=LogEntry.Action.UPDATE)
    assert diff.changes == {"reaction": [MASK, MASK], "severity": ["mild", "severe"]}
    assert diff.actor_id == her_doctor.pk
    with system():
        assert not LogEntry.objects.filter(changes__icontains="SECRET").exists()


def test_a_chart_changed_in_the_admin_is_on_the_record_once(administrator: User, patient: User) -> None:
    allergy = AllergyFactory(patient=patient, reaction="SECRET")
    request = RequestFactory().post("/")
    request.user = administrator
    request.resolver_match = resolve("/admin/")
    token = facts_of_request.set(RequestFacts(request))
    try:
        with acting_as(administrator):
            Allergy.objects.get(pk=allergy.pk).mark_entered_in_error(by=administrator, reason="SECRET")
    finally:
        facts_of_request.reset(token)
    with system():
        row = ActivityLog.objects.get(action="chart.changed", actor_id=administrator.pk)
        assert (row.resource_type, row.resource_id, row.patient_id) == ("allergy", str(allergy.pk), patient.pk)
        assert row.purpose == "administration"
        assert json.loads(row.metadata or "") == {
            "change": "changed",
            "fields": ["entered_in_error_at", "entered_in_error_by", "entered_in_error_reason"],
        }


def test_an_account_changed_in_the_admin_is_on_the_record(administrator: User, patient: User) -> None:
    request = RequestFactory().post("/")
    request.user = administrator
    request.resolver_match = resolve("/admin/")
    token = facts_of_request.set(RequestFacts(request))
    try:
        with acting_as(administrator):
            user = User.objects.get(pk=patient.pk)
            user.phone = "SECRET"
            user.save()
    finally:
        facts_of_request.reset(token)
    with system():
        row = ActivityLog.objects.get(action="user.updated")
        assert (row.actor_id, row.resource_id, row.patient_id) == (administrator.pk, str(patient.pk), patient.pk)
        assert json.loads(row.metadata or "") == {"change": "changed", "fields": ["phone"]}


def test_a_changed_password_leaves_no_diff(patient: User) -> None:
    with acting_as(patient):
        user = User.objects.get(pk=patient.pk)
        user.set_password("another quiet heron at dawn")
        user.save()
        assert not LogEntry.objects.filter(action=LogEntry.Action.UPDATE).exists()


def test_somebody_registers_although_nobody_is_signed_in() -> None:
    person_id = new_id()
    with acting(role="sign_in", user_id=person_id, sign_in_key="new@example.org"):
        User.objects.create_user("new@example.org", id=person_id, first_name="New", last_name="Person", phone="0163")
    with system():
        entry = LogEntry.objects.get(object_pk=str(person_id))
        assert entry.actor_id == person_id
        assert entry.changes["phone"] == [MASK, MASK]
        assert "0163" not in json.dumps(entry.changes)
        assert "password" not in entry.changes


def test_diffs_are_shown_to_who_made_them_and_to_administration(
    her_doctor: User, patient: User, stranger_doctor: User, administrator: User
) -> None:
    with acting_as(her_doctor):
        Allergy.objects.create(patient=patient, allergen="Latex")
        assert LogEntry.objects.filter(object_repr="Latex").count() == 1
    for other in (patient, stranger_doctor):
        with acting_as(other):
            assert not LogEntry.objects.filter(object_repr="Latex").exists()
    with acting_as(administrator):
        assert LogEntry.objects.filter(object_repr="Latex").count() == 1
    assert not LogEntry.objects.exists()


def test_nobody_pretends_that_somebody_else_made_a_change(her_doctor: User, stranger_doctor: User) -> None:
    with acting_as(her_doctor):
        entry = LogEntry.objects.create(
            content_type=ContentType.objects.get_for_model(User),
            object_pk="x",
            object_repr="x",
            action=LogEntry.Action.UPDATE,
            actor=stranger_doctor,
        )
        assert LogEntry.objects.get(pk=entry.pk).actor_id == her_doctor.pk


@pytest.mark.parametrize("verb", ["UPDATE auditlog_logentry SET actor_id = NULL", "DELETE FROM auditlog_logentry"])
def test_the_application_role_cannot_change_diffs(application_connection: psycopg.Connection, verb: str) -> None:
    application_connection.execute("SELECT set_config('medichat.role', 'system', true)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        application_connection.execute(verb)


def test_the_admin_s_own_log_is_for_administrators(administrator: User, patient: User) -> None:
    with acting_as(administrator):
        AdminLogEntry.objects.create(user=administrator, object_repr="Ana", action_flag=2)
        assert AdminLogEntry.objects.count() == 1
    with acting_as(patient):
        assert not AdminLogEntry.objects.exists()
