"""The pages from which a copy of a record is taken, and taking one as people do."""

import zipfile
from pathlib import Path

from accounts.models import User
from tests import factories
from tests.browser.looking import OpenAs, look_at


def test_a_patient_takes_a_copy(open_as: OpenAs, patient: User, tmp_path: Path) -> None:
    factories.AllergyFactory(patient=patient, allergen="Penicillin")
    page = look_at(open_as, patient, "/record/copy/", "copy-own")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download my copy").click()
    assert waiting.value.suggested_filename.startswith("health-record-")
    waiting.value.save_as(tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert archive.testzip() is None
        assert "Penicillin" in archive.read("record.json").decode()


def test_an_administrator_says_why(open_as: OpenAs, patient: User, administrator: User) -> None:
    page = look_at(open_as, administrator, f"/patients/{patient.pk}/copy/", "copy-for-patient")
    page.get_by_role("button", name="Download the copy").click()
    assert "Choose the reason." in page.get_by_role("main").inner_text()
