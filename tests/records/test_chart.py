"""A doctor's chart of a patient: who may open it, what it shows, and what goes on record."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.signals import viewed
from records.models import Allergy, CareRelation
from tests.cast import as_person, system
from tests.factories import (
    AllergyFactory,
    CareRelationFactory,
    ConversationFactory,
    EmergencyContactFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
)

ACTS = [
    "",
    "allergies/new/",
    "allergies/none/",
    "allergies/{entry}/correct/",
    "allergies/{entry}/wrong/",
    "medicines/{medicine}/end/",
    "person/about/",
    "contacts/new/",
    "contacts/{contact}/",
    "contacts/{contact}/remove/",
]


def chart(patient: User) -> str:
    return f"/patients/{patient.pk}/"


@pytest.fixture
def acts(patient: User) -> list[str]:
    """Every address of Ana's chart."""
    MedicalInfoFactory(patient=patient)
    ids = {
        "entry": AllergyFactory(patient=patient).pk,
        "medicine": MedicationFactory(patient=patient).pk,
        "contact": EmergencyContactFactory(patient=patient).pk,
    }
    return [chart(patient) + act.format(**ids) for act in ACTS]


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("patient", 403),
        ("another_patient", 403),
        ("administrator", 403),
        ("stranger_doctor", 404),
    ],
)
def test_who_may_not_open_it_cannot_act_on_it_either(
    request: pytest.FixtureRequest,
    client_of: Callable[[User], Client],
    acts: list[str],
    patient: User,
    who: str,
    status: int,
) -> None:
    client = client_of(request.getfixturevalue(who))
    for act in acts:
        for answer in (client.get(act), client.post(act, {"allergen": "x", "reason": "y", "name": "z"})):
            assert answer.status_code in {status, 405}, act
            assert "Penicillin" not in answer.content.decode()
    with as_person(patient):
        assert Allergy.objects.standing().get().allergen == "Penicillin"


def test_a_doctor_who_waits_for_approval_is_told_so(
    client_of: Callable[[User], Client], acts: list[str], unapproved_doctor: User
) -> None:
    client = client_of(unapproved_doctor)
    for act in acts:
        for answer in (client.get(act), client.post(act)):
            assert answer.status_code == 405 or answer["Location"] == "/account/waiting/"


def test_visitors_are_asked_to_sign_in_and_come_back(client: Client, acts: list[str]) -> None:
    for act in acts:
        asked = client.get(act)
        assert asked.status_code == 405 or asked["Location"].startswith("/account/sign-in/?next=/patients/")
        assert client.post(act).status_code in {401, 405}


def test_doctors_have_no_record_of_their_own(
    client_of: Callable[[User], Client], her_doctor: User, administrator: User
) -> None:
    for user in (her_doctor, administrator):
        client = client_of(user)
        assert client.get("/record/").status_code == 403
        assert client.post("/record/allergies/new/", {"allergen": "x"}).status_code == 403


def test_a_doctor_is_no_patient_and_nobody_is_nobody(
    client_of: Callable[[User], Client], her_doctor: User, stranger_doctor: User
) -> None:
    client = client_of(her_doctor)
    assert client.get(chart(stranger_doctor)).status_code == 404
    assert client.get(f"/patients/{uuid.uuid4()}/").status_code == 404
    assert client.get("/patients/1/").status_code == 404


def test_any_doctor_may_open_it_while_a_case_waits(
    client_of: Callable[[User], Client], patient: User, stranger_doctor: User
) -> None:
    case = ConversationFactory(patient=patient, awaiting=True)
    client = client_of(stranger_doctor)
    assert client.get(chart(patient)).status_code == 200
    with system():
        CareRelation.objects.filter(case_id=case.pk).end()
    assert client.get(chart(patient)).status_code == 404


def test_a_relation_that_has_ended_opens_nothing(
    client_of: Callable[[User], Client], patient: User, stranger_doctor: User
) -> None:
    past = timezone.now() - timedelta(days=1)
    CareRelationFactory(patient=patient, doctor=stranger_doctor, valid_from=past - timedelta(days=1), valid_until=past)
    assert client_of(stranger_doctor).get(chart(patient)).status_code == 404


@pytest.mark.parametrize("also_cares", [False, True])
def test_why_it_was_opened_goes_on_record(
    client_of: Callable[[User], Client], patient: User, stranger_doctor: User, also_cares: bool
) -> None:
    CareRelationFactory(
        patient=patient,
        doctor=stranger_doctor,
        kind=CareRelation.Kind.BREAK_GLASS,
        emergency_reason="unable",
        reason="Unconscious in the waiting room",
        valid_until=timezone.now() + timedelta(hours=1),
    )
    if also_cares:
        CareRelationFactory(patient=patient, doctor=stranger_doctor)
    seen: list[Any] = []

    def hear(sender: Any, **what: Any) -> None:
        seen.append((what["by"].pk, what["patient_id"], what["resource_type"], what["resource_id"], what["why"]))

    viewed.connect(hear)
    try:
        page = client_of(stranger_doctor).get(chart(patient)).content.decode()
    finally:
        viewed.disconnect(hear)
    why = "care" if also_cares else "break_glass"
    assert seen == [(stranger_doctor.pk, patient.pk, "chart", patient.pk, why)]
    assert ("<strong>Emergency access</strong>, on record" in page) is not also_cares


def test_the_banner_stands_on_every_tab(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    MedicalInfoFactory(patient=patient)
    AllergyFactory(patient=patient)
    AllergyFactory(patient=patient, allergen="Latex", certainty=Allergy.Certainty.REFUTED)
    client = client_of(her_doctor)
    for tab in ("overview", "problems", "medicines", "allergies", "history", "person"):
        page = client.get(chart(patient) + f"?tab={tab}").content.decode()
        banner = page[page.index('class="patient-banner"') : page.index('<main id="main"')]
        for shown in ("HORVAT, Ana", "15-Jun-1990 (", "Female", str(patient.record_number), "Penicillin"):
            assert shown in banner, (tab, shown)
        assert "Latex" not in banner, "refuted"
    assert client.get(chart(patient) + "?tab=dreams").status_code == 400


def test_none_known_not_asked_and_unclear_are_three_things(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)
    assert "Allergies not asked" in client.get(chart(patient)).content.decode()
    AllergyFactory(patient=patient, certainty=Allergy.Certainty.REFUTED)
    assert "Allergies asked, answer unclear" in client.get(chart(patient)).content.decode()
    with as_person(her_doctor):
        Allergy.state_none(patient=patient, by=her_doctor)
    page = client.get(chart(patient)).content.decode()
    assert "No known allergies" in page
    assert "Allergies not asked" not in page


def test_every_entry_shows_who_when_and_source(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    AllergyFactory(patient=patient, allergen="Latex", recorded_by=stranger_doctor)
    AllergyFactory(patient=patient, allergen="Nuts", recorded_by=patient, source="patient")
    AllergyFactory(patient=patient, allergen="Dust", source="import", legacy_id="a1", created_at=None, updated_at=None)
    page = client_of(her_doctor).get(chart(patient) + "?tab=allergies").content.decode()
    today = f'<span class="nowrap">{timezone.localdate():%d-%b-%Y}</span>'
    assert f"Recorded by a doctor (Darius Moreau), {today}" in page
    assert f"Stated by the patient, {today}" in page
    assert "From the previous system" in page
    assert "From the previous system, " not in page, "no date is invented"


def test_present_stands_before_past(client_of: Callable[[User], Client], patient: User, her_doctor: User) -> None:
    MedicalHistoryFactory(patient=patient, condition="Angina", is_active=False)
    MedicalHistoryFactory(patient=patient, condition="Zoster", is_active=True)
    client = client_of(her_doctor)
    page = client.get(chart(patient) + "?tab=problems").content.decode()
    assert page.index("Zoster") < page.index("Angina")
    overview = client.get(chart(patient)).content.decode()
    assert "Angina" not in overview
    assert "In the past: 1" in overview


def test_a_doctor_changes_what_is_known_of_the_person(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)
    response = client.post(chart(patient) + "person/about/", {"sex": "female", "height_cm": "172"})
    assert response["Location"] == chart(patient) + "?tab=person#about"
    response = client.post(chart(patient) + "person/about/", {"sex": "female", "height_cm": "tall"})
    assert response.status_code == 422
    assert "HORVAT, Ana" in response.content.decode()
    client.post(chart(patient) + "contacts/new/", {"name": "Ivo", "phone": "01632 960002"})
    page = client.get(chart(patient) + "?tab=person").content.decode()
    assert "172 cm" in page
    assert "Ivo" in page


@pytest.mark.parametrize("tab", ["overview", "allergies", "medicines", "person"])
def test_the_number_of_statements_does_not_grow_with_the_chart(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, stranger_doctor: User, tab: str
) -> None:
    client = client_of(her_doctor)

    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert client.get(chart(patient) + f"?tab={tab}").status_code == 200
        return len(statements)

    few = cost()
    for number in range(5):
        AllergyFactory(patient=patient, allergen=f"Pollen {number}", recorded_by=stranger_doctor)
        MedicationFactory(patient=patient, medication_name=f"Medicine {number}", recorded_by=her_doctor)
        EmergencyContactFactory(patient=patient)
    assert cost() == few
    assert few <= 22
