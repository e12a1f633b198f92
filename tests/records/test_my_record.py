"""A patient's own record: what it shows, and what they change about themselves."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.signals import viewed
from records.models import EmergencyContact, MedicalInfo
from tests.cast import as_person
from tests.factories import (
    AllergyFactory,
    EmergencyContactFactory,
    FamilyHistoryFactory,
    ImmunizationFactory,
    MedicalHistoryFactory,
    MedicalInfoFactory,
    MedicationFactory,
    SurgicalHistoryFactory,
)

ABOUT = "/record/person/about/"
SERVICES = "/record/person/services/"
CONTACT = "/record/contacts/new/"


def test_it_shows_everything_in_plain_words(client_of: Callable[[User], Client], patient: User) -> None:
    MedicalInfoFactory(
        patient=patient,
        height_cm=Decimal("172.0"),
        weight_kg=Decimal("68.5"),
        blood_type="A+",
        insurance_provider="Example Health",
        pharmacy_name="Corner Pharmacy",
    )
    AllergyFactory(patient=patient)
    MedicationFactory(patient=patient)
    MedicationFactory(patient=patient, medication_name="Old syrup", is_active=False, ended_on=date(2020, 1, 1))
    MedicalHistoryFactory(patient=patient)
    SurgicalHistoryFactory(patient=patient)
    FamilyHistoryFactory(patient=patient)
    ImmunizationFactory(patient=patient)
    EmergencyContactFactory(patient=patient)
    page = client_of(patient).get("/record/").content.decode()
    for shown in (
        *("Penicillin", "Hives", "Severe", "Enalapril", "10\u202fmg", "Asthma", "Appendectomy", "Diabetes", "mother"),
        *("Tetanus", "172 cm", "68.5 kg", "A+", "Example Health", "Corner Pharmacy", "Ivo Person", "01632 960002"),
        "In the past (1)",
    ):
        assert shown in page, shown


def test_an_empty_record_says_what_is_not_known(client_of: Callable[[User], Client], patient: User) -> None:
    page = client_of(patient).get("/record/").content.decode()
    assert page.count("Not asked yet.") == 3
    assert page.count("Nothing recorded.") == 5
    assert "Nobody is recorded." in page
    assert "not asked" in page


def test_it_shows_nobody_elses(client_of: Callable[[User], Client], patient: User, another_patient: User) -> None:
    AllergyFactory(patient=another_patient, allergen="Strawberries")
    EmergencyContactFactory(patient=another_patient, name="Somebody Else")
    page = client_of(patient).get("/record/").content.decode()
    assert "Strawberries" not in page
    assert "Somebody Else" not in page


def test_that_it_was_looked_at_is_told(client_of: Callable[[User], Client], patient: User) -> None:
    seen: list[Any] = []

    def hear(sender: Any, **what: Any) -> None:
        seen.append((what["by"].pk, what["patient_id"], what["resource_type"], what["resource_id"], what["why"]))

    viewed.connect(hear)
    try:
        client_of(patient).get("/record/")
    finally:
        viewed.disconnect(hear)
    assert seen == [(patient.pk, patient.pk, "chart", patient.pk, "own")]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("172", "172.0"),
        ("172,5 cm", "172.5"),
        ("1.72 m", "172.0"),
        ("1,72m", "172.0"),
        ("171.96", "172.0"),
        ("5 ft", "152.4"),
        ("5'10\"", "177.8"),
    ],
)
def test_a_height_is_read_with_its_unit(
    client_of: Callable[[User], Client], patient: User, typed: str, kept: str
) -> None:
    assert client_of(patient).post(ABOUT, {"height_cm": typed}).status_code == 302
    with as_person(patient):
        assert MedicalInfo.objects.get().height_cm == Decimal(kept)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("height_cm", "1.72", "between 20 and 280 cm"),
        ("height_cm", "tall", "Write it as a number, for example 172, 1.72 m or 5 ft 8 in."),
        ("height_cm", "-172", "Write it as a number"),
        ("weight_kg", "701", "between 1 and 700 kg"),
        ("weight_kg", "0", "between 1 and 700 kg"),
        ("weight_kg", "68.5 gr", "Write it as a number, for example 68.5 or 150 lb."),
        ("sex", "yes", "Select a valid choice."),
    ],
)
def test_what_cannot_be_read_is_said_and_kept_on_the_page(
    client_of: Callable[[User], Client], patient: User, field: str, typed: str, sentence: str
) -> None:
    response = client_of(patient).post(ABOUT, {field: typed, "preferred_language": "Hrvatski"})
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert f'id="id_{field}_error"' in page
    assert "Hrvatski" in page
    if field != "sex":
        assert f'value="{typed}"' in page


def test_only_what_was_changed_is_written(
    client_of: Callable[[User], Client], patient: User, told: list[dict[str, Any]]
) -> None:
    MedicalInfoFactory(patient=patient, sex="female", height_cm=Decimal("172"), height_text="tall", smoking="never")
    client = client_of(patient)
    assert 'value="172"' in client.get(ABOUT).content.decode()
    sent = {"sex": "female", "height_cm": "172", "smoking": "former", "weight_kg": "68,5"}
    client.post(ABOUT, sent)
    (what,) = told
    assert (what["resource_type"], what["action"]) == ("medicalinfo", "corrected")
    assert sorted(what["fields"]) == ["smoking", "weight_kg"]
    with as_person(patient):
        info = MedicalInfo.objects.get()
    assert (info.height_text, info.weight_kg) == ("tall", Decimal("68.5"))


def test_a_new_figure_replaces_the_words_of_the_previous_system(
    client_of: Callable[[User], Client], patient: User
) -> None:
    MedicalInfoFactory(patient=patient, height_text="five foot eight")
    client = client_of(patient)
    assert "five foot eight" in client.get("/record/").content.decode()
    client.post(ABOUT, {"sex": "female", "height_cm": "173"})
    with as_person(patient):
        info = MedicalInfo.objects.get()
    assert (info.height_cm, info.height_text) == (Decimal("173"), None)


def test_what_is_emptied_is_unknown_again(client_of: Callable[[User], Client], patient: User) -> None:
    MedicalInfoFactory(patient=patient, pharmacy_name="Corner Pharmacy", insurance_provider="Example Health")
    client_of(patient).post(SERVICES, {"pharmacy_name": "", "insurance_provider": "Example Health"})
    with as_person(patient):
        info = MedicalInfo.objects.get()
    assert (info.pharmacy_name, info.insurance_provider) == (None, "Example Health")


def test_pharmacy_and_insurance_are_kept(client_of: Callable[[User], Client], patient: User) -> None:
    sent = {"pharmacy_name": "Corner Pharmacy", "pharmacy_phone": "+44 1632 960001", "insurance_policy_number": "P-1"}
    assert client_of(patient).post(SERVICES, sent).status_code == 302
    with as_person(patient):
        info = MedicalInfo.objects.get()
    assert (info.pharmacy_phone, info.insurance_policy_number) == ("+44 1632 960001", "P-1")


@pytest.mark.parametrize("typed", ["ring me", "12", "0163 <b>"])
def test_a_telephone_number_must_be_one(client_of: Callable[[User], Client], patient: User, typed: str) -> None:
    response = client_of(patient).post(SERVICES, {"pharmacy_phone": typed})
    assert response.status_code == 422
    assert "Write a telephone number" in response.content.decode()


def test_emergency_contacts_are_added_in_order_changed_and_removed(
    client_of: Callable[[User], Client], patient: User
) -> None:
    client = client_of(patient)
    for name in ("Ivo", "Mara"):
        client.post(CONTACT, {"name": name, "phone": "01632 960002"})
    with as_person(patient):
        first, second = EmergencyContact.objects.all()
    assert [(first.name, first.position), (second.name, second.position)] == [("Ivo", 0), ("Mara", 1)]
    place = f"/record/contacts/{second.pk}/"
    assert 'value="Mara"' in client.get(place).content.decode()
    client.post(place, {"name": "Mara H.", "phone": "01632 960002", "relationship": "sister"})
    client.post(f"/record/contacts/{first.pk}/remove/")
    with as_person(patient):
        (left,) = EmergencyContact.objects.all()
    assert (left.name, left.relationship) == ("Mara H.", "sister")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"phone": "01632 960002"}, "Say who it is."),
        ({"name": "Ivo"}, "Give a telephone number or an e-mail address."),
        ({"name": "Ivo", "email": "ivo@"}, "Write an e-mail address like name@example.org."),
        ({"name": "x" * 201, "phone": "01632 960002"}, "at most 200 characters"),
    ],
)
def test_a_contact_who_cannot_be_reached_is_none(
    client_of: Callable[[User], Client], patient: User, sent: dict[str, str], sentence: str
) -> None:
    response = client_of(patient).post(CONTACT, sent)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_contacts_of_others_are_not_found(
    client_of: Callable[[User], Client], patient: User, another_patient: User
) -> None:
    foreign = EmergencyContactFactory(patient=another_patient)
    client = client_of(patient)
    assert client.get(f"/record/contacts/{foreign.pk}/").status_code == 404
    assert client.post(f"/record/contacts/{foreign.pk}/remove/").status_code == 404
    assert client.get("/record/person/dreams/").status_code == 404
    with as_person(another_patient):
        assert EmergencyContact.objects.count() == 1


def test_the_number_of_statements_does_not_grow_with_the_record(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    client = client_of(patient)

    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert client.get("/record/").status_code == 200
        return len(statements)

    AllergyFactory(patient=patient, allergen="Latex", recorded_by=her_doctor)
    few = cost()
    for number in range(5):
        AllergyFactory(patient=patient, allergen=f"Pollen {number}", recorded_by=her_doctor)
        MedicationFactory(patient=patient, medication_name=f"Medicine {number}", recorded_by=her_doctor)
        EmergencyContactFactory(patient=patient)
    assert cost() == few
