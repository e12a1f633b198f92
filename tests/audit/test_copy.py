"""A copy of everything about a patient: complete, of nobody else, on the record, and not for anybody else."""

import io
import json
import secrets
import zipfile
from datetime import date, timedelta
from typing import Any

import psycopg
import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.copies.contents import LEFT_OUT, PARTS
from audit.copies.pack import pack
from audit.models import ActivityLog
from medichat.db import encrypted_files
from medichat.db.context import system
from tests import factories
from tests.cast import ClientOf
from tests.security.seed import SECRETS, sow

pytestmark = pytest.mark.django_db

# Every table that says whose its rows are, whatever it is called, asked of the database.
OF_PATIENTS = """
SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT a.attisdropped AND a.attname = 'patient_id'
"""
URL = "/record/copy/"


def unpacked(response: Any) -> zipfile.ZipFile:
    assert response.status_code == 200
    return zipfile.ZipFile(io.BytesIO(response.getvalue()))


def record_of(archive: zipfile.ZipFile) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(archive.read("record.json"))
    return content


def text_of_pdf(archive: zipfile.ZipFile) -> str:
    reader = pypdf.PdfReader(io.BytesIO(archive.read("record.pdf")))
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def test_every_table_of_a_patient_is_in_it_or_left_out_with_a_reason(
    application_connection: psycopg.Connection,
) -> None:
    tables = {name for (name,) in application_connection.execute(OF_PATIENTS).fetchall()}
    covered = {part.model._meta.db_table for part in PARTS}
    assert tables - covered - set(LEFT_OUT) == set()
    assert set(LEFT_OUT) <= tables - covered  # nothing is left out that is not there, or that is in it
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


def test_the_patient_gets_everything_about_themselves(client_of: ClientOf) -> None:
    seed = sow()
    archive = unpacked(client_of(seed.patient).post(URL))
    assert archive.testzip() is None
    record = record_of(archive)
    assert (record["format"], record["patient_id"]) == ("medichat patient copy 1", str(seed.patient.pk))
    assert [part.name for part in PARTS if not record[part.name]] == []
    with system():
        for part in PARTS:
            if part.name != "activity":  # the download itself is one more
                rows = part.model._base_manager.filter(**{part.by: seed.patient.pk})
                assert len(record[part.name]) == rows.count(), part.name
    said = json.dumps(record, ensure_ascii=False)
    not_the_patients = {"hypochondriasis suspected", "beware of Quellamidol", "jabberwocky", "snark hunting"}
    not_the_patients |= {"BYTES-OF-THE-ELBOW"}  # in the file itself
    not_the_patients |= {"galumphing cough", "frabjous rash"}  # typed and not sent
    assert {word for word in SECRETS if word not in said} == not_the_patients
    assert record["allergies"][0]["resourceType"] == "AllergyIntolerance"
    assert record["consultations"][0]["doctor"]["name"] == str(seed.her_doctor)


def test_files_come_as_they_were_sent(client_of: ClientOf) -> None:
    seed = sow()
    archive = unpacked(client_of(seed.patient).post(URL))
    (name,) = (name for name in archive.namelist() if name.startswith("files/"))
    assert str(seed.attachment.pk) in name
    assert archive.read(name) == encrypted_files.open_verified(seed.attachment.pk, seed.attachment.sha256)


def test_the_pdf_is_for_people(client_of: ClientOf) -> None:
    seed = sow()
    said = text_of_pdf(unpacked(client_of(seed.patient).post(URL)))
    for words in ("Anastazija Brzovoljec", "Zirconfloxacin", "Dermatitis glaucescens", "Vorpalene", "Quellamidol"):
        assert words in said
    for words in ("hypochondriasis", "jabberwocky"):
        assert words not in said


def test_formatting_is_lines_on_paper(client_of: ClientOf, patient: User) -> None:
    case = factories.ConversationFactory(patient=patient, answered=True)
    with system():
        case.recommendations = "<p>Rest &amp; drink.</p><ul><li>Ice</li></ul>"
        case.save()
    said = text_of_pdf(unpacked(client_of(patient).post(URL)))
    assert "Rest & drink. - Ice" in said
    assert "<p>" not in said


def test_an_empty_list_says_whether_anybody_asked(client_of: ClientOf, patient: User) -> None:
    factories.MedicalInfoFactory(patient=patient, no_known_allergies_on=date(2026, 11, 3))
    said = text_of_pdf(unpacked(client_of(patient).post(URL)))
    assert "Allergies No known allergies, as stated on 03-Nov-2026." in said
    assert "Medicines Nothing recorded." in said


def test_nothing_of_anybody_else_is_in_it(client_of: ClientOf) -> None:
    sow()  # another patient, whose words stand in no other row
    patient = factories.UserFactory(first_name="Ana", last_name="Horvat")
    factories.AllergyFactory(patient=patient, allergen="Penicillin")
    administrator = factories.AdministratorFactory()
    for response in (
        client_of(patient).post(URL),
        client_of(administrator).post(
            reverse("audit:copy_for_patient", args=[patient.pk]), {"reason": "patient_asked", "note": ""}
        ),
    ):
        archive = unpacked(response)
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode(errors="replace")
        assert "Penicillin" in everything
        assert [word for word in SECRETS if word in everything + text_of_pdf(archive)] == []


def test_every_row_is_the_patient_s_own_even_for_an_administrator(client_of: ClientOf) -> None:
    seed = sow()
    factories.ConversationFactory(awaiting=True)  # another patient's
    archive = unpacked(
        client_of(seed.administrator).post(
            reverse("audit:copy_for_patient", args=[seed.patient.pk]), {"reason": "authority", "note": "file 7/2026"}
        )
    )
    said = record_of(archive)
    for part in PARTS:
        ids = {row["id"] for row in said[part.name]}
        with system():
            theirs = part.model._base_manager.filter(**{part.by: seed.patient.pk}).values_list("pk", flat=True)
            assert ids <= set(map(str, theirs)), part.name
            assert ids
    with system():
        row = ActivityLog.objects.get(action="record.exported")
        assert (row.actor_id, row.patient_id, row.purpose) == (seed.administrator.pk, seed.patient.pk, "administration")
        assert json.loads(row.metadata or "") == {"reason": "authority"}
        assert row.description == "file 7/2026"


def test_an_administrator_gives_a_reason(client_of: ClientOf, patient: User, administrator: User) -> None:
    url = reverse("audit:copy_for_patient", args=[patient.pk])
    client = client_of(administrator)
    assert "Why is the copy made?" in client.get(url).content.decode()
    refused = client.post(url, {"reason": "", "note": "because"})
    assert refused.status_code == 422
    assert "Choose the reason." in refused.content.decode()
    assert "because" in refused.content.decode()  # what was typed is not lost
    with system():
        assert not ActivityLog.objects.filter(action="record.exported").exists()


def test_it_is_on_the_record_before_anything_is_sent(client_of: ClientOf, patient: User) -> None:
    response = client_of(patient).post(URL)  # nothing of it was read yet
    with system():
        row = ActivityLog.objects.get(action="record.exported")
    assert (row.actor_id, row.patient_id, row.purpose) == (patient.pk, patient.pk, "own")
    assert str(row.request_id) == response["X-Request-ID"]
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Disposition"].startswith("attachment; ")


def test_opening_the_page_takes_no_copy(client_of: ClientOf, patient: User) -> None:
    response = client_of(patient).get(URL)
    assert "Download my copy" in response.content.decode()
    with system():
        assert not ActivityLog.objects.filter(action="record.exported").exists()


@pytest.mark.django_db(transaction=True)  # ending an answer closes its connection
def test_a_few_copies_an_hour_are_enough(client_of: ClientOf, patient: User, another_patient: User) -> None:
    client = client_of(patient)
    for _ in range(5):
        client.post(URL).close()
    refused = client.post(URL)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "3600"
    assert "wait an hour" in refused.content.decode()
    allowed = client_of(another_patient).post(URL)
    assert allowed.status_code == 200
    allowed.close()


@pytest.mark.parametrize("who", ["her_doctor", "administrator"])
def test_it_is_for_patients(client_of: ClientOf, request: pytest.FixtureRequest, who: str) -> None:
    assert client_of(request.getfixturevalue(who)).post(URL).status_code == 403


def test_a_copy_for_somebody_who_is_no_patient_does_not_exist(
    client_of: ClientOf, administrator: User, her_doctor: User
) -> None:
    assert client_of(administrator).get(reverse("audit:copy_for_patient", args=[her_doctor.pk])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_damaged_file_or_value_does_not_keep_the_rest_back(
    client_of: ClientOf, superuser_connection: psycopg.Connection
) -> None:
    seed = sow()
    encrypted_files.remove(seed.attachment.pk)
    superuser_connection.execute("UPDATE allergies SET reaction = 'broken' WHERE id = %s", [seed.allergy.pk])
    superuser_connection.commit()
    archive = unpacked(client_of(seed.patient).post(URL))
    assert any(name.endswith("is missing.txt") for name in archive.namelist())
    allergy = record_of(archive)["allergies"][0]
    assert allergy["cannot_be_read"] == ["reaction"]
    assert allergy["allergen"] == "Zirconfloxacin"


def test_it_is_sent_while_it_is_made(patient: User) -> None:
    case = factories.ConversationFactory(patient=patient)
    for number in range(450):  # more than two batches
        factories.MessageFactory(conversation=case, text=f"{number} {secrets.token_hex(300)}")  # nothing to compress
    pieces = [piece for piece in pack(patient, reader=patient) if piece]
    assert len(pieces) > 3
    whole = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert len(record_of(whole)["messages"]) >= 450


@pytest.mark.django_db(transaction=True)  # ending an answer closes its connection
def test_the_patient_finds_it_on_their_record_and_sees_who_took_one(
    client_of: ClientOf, patient: User, administrator: User
) -> None:
    assert f'href="{URL}"' in client_of(patient).get(reverse("records:mine")).content.decode()
    response = client_of(administrator).post(
        reverse("audit:copy_for_patient", args=[patient.pk]), {"reason": "patient_asked", "note": ""}
    )
    response.close()
    assert "A copy of everything" in client_of(patient).get(reverse("audit:who_viewed")).content.decode()
    page = client_of(administrator).get(reverse("admin:accounts_user_change", args=[patient.pk])).content.decode()
    assert reverse("audit:copy_for_patient", args=[patient.pk]) in page


def test_a_visitor_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get(URL).status_code == 302
    assert client.post(URL).status_code == 401


@pytest.mark.django_db(transaction=True)  # ending an answer closes its connection
def test_copies_of_an_hour_ago_do_not_count(client_of: ClientOf, patient: User) -> None:
    client = client_of(patient)
    for _ in range(5):
        client.post(URL).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.copies.views.COUNTED_FOR", timedelta())
        response = client.post(URL)
    assert response.status_code == 200
    response.close()
