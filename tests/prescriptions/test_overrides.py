"""The report on safety alerts that doctors went past."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from audit.models import ActivityLog
from prescriptions.models import PrescriptionAlert
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory, PrescriptionAlertFactory, PrescriptionFactory


@pytest.fixture
def alerts(patient: User, her_doctor: User) -> list[PrescriptionAlert]:
    """One of each severity."""
    case = ConversationFactory(answered=True, patient=patient, doctor=her_doctor)
    prescription = PrescriptionFactory(conversation=case, patient=patient, doctor=her_doctor)
    return [
        PrescriptionAlertFactory(
            prescription=prescription,
            severity=severity,
            title=f"{severity.capitalize()} title",
            override_reason="=HYPERLINK(1)" if severity == "contraindicated" else None,
            overridden_by=her_doctor,
            source="unreviewed",
        )
        for severity in ("contraindicated", "serious", "caution", "unchecked")
    ]


def test_administrators_see_what_was_overridden_by_whom_and_why_and_that_is_on_record(
    client_of: ClientOf, administrator: User, alerts: list[PrescriptionAlert]
) -> None:
    page = client_of(administrator).get("/prescriptions/overrides/").content.decode()

    for shown in ("Contraindicated title", "Serious title", "Clara Lindqvist", "=HYPERLINK(1)", "unreviewed"):
        assert shown in page
    for hidden in ("Caution title", "Unchecked title", "Horvat"):
        assert hidden not in page
    with system():
        row = ActivityLog.objects.get(action="admin.report.generated")
        looks = ActivityLog.objects.filter(action="data.viewed", patient_id=alerts[0].patient_id)
        assert [look.actor_id for look in looks] == [administrator.pk]
    assert (row.actor_id, row.purpose) == (administrator.pk, "administration")


def test_the_file_has_a_row_for_each_and_no_formula(
    client_of: ClientOf, administrator: User, alerts: list[PrescriptionAlert], patient: User
) -> None:
    response = client_of(administrator).get("/prescriptions/overrides.csv")

    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) == 3
    assert rows[1][-1] == "'=HYPERLINK(1)"
    assert rows[1][-2] == str(patient.record_number)
    assert rows[2][-1] == "seen, no words"


def test_period_and_severity_are_chosen(
    client_of: ClientOf, administrator: User, alerts: list[PrescriptionAlert]
) -> None:
    client, tomorrow = client_of(administrator), timezone.localdate() + timedelta(days=1)

    assert "Serious title" not in client.get("/prescriptions/overrides/?severity=contraindicated").content.decode()
    later = client.get(f"/prescriptions/overrides/?since={tomorrow}&to={tomorrow}").content.decode()
    assert "No alert was overridden in this period." in later


@pytest.mark.parametrize("query", ["?since=soon", "?to=", "?since=2026-02-01&to=2026-01-01", "?severity=mild"])
@pytest.mark.parametrize("address", ["/prescriptions/overrides/", "/prescriptions/overrides.csv"])
def test_a_wrong_period_is_said_beside_its_field(
    client_of: ClientOf, administrator: User, address: str, query: str
) -> None:
    response = client_of(administrator).get(address + query)

    assert response.status_code == 422
    assert "field--wrong" in response.content.decode()


@pytest.mark.parametrize("person", ["patient", "her_doctor"])
def test_it_is_for_administrators_alone(client_of: ClientOf, person: str, request: pytest.FixtureRequest) -> None:
    client = client_of(request.getfixturevalue(person))

    assert client.get("/prescriptions/overrides/").status_code == 403
    assert client.get("/prescriptions/overrides.csv").status_code == 403


def test_the_statements_do_not_grow(
    client_of: ClientOf, administrator: User, alerts: list[PrescriptionAlert],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    client = client_of(administrator)
    client.get("/prescriptions/overrides/")
    with django_assert_max_num_queries(17) as few:
        client.get("/prescriptions/overrides/")
    for _ in range(5):
        PrescriptionAlertFactory(
            prescription=alerts[0].prescription, severity="serious", overridden_by=alerts[0].overridden_by
        )
    with django_assert_max_num_queries(17) as many:
        client.get("/prescriptions/overrides/")

    assert len(few) == len(many)
