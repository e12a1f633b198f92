"""Codes of diagnoses: loaded from a release, found by code, word, synonym and nearly so, and chosen in a form."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from records.icd10 import load, read
from records.models import Icd10Code, MedicalHistory
from records.models.codes import CodeGroup
from tests.cast import as_person
from tests.factories import MedicalHistoryFactory
from tests.records.classification import load_small_release, small_release

pytestmark = pytest.mark.django_db


@pytest.fixture
def classification(db: None, tmp_path: Path) -> None:
    """A few codes."""
    load_small_release(tmp_path)


def found(phrase: str) -> list[str]:
    return [code.code for code in Icd10Code.objects.like(phrase)]


@pytest.mark.parametrize(
    ("phrase", "first"),
    [
        ("J45.909", "J45.909"),
        ("j45909", "J45.909"),
        ("asthma", "J45"),
        ("ASTHMA!", "J45"),
        ("asthna", "J45"),
        ("astma", "J45"),
        ("unspecified asthma", "J45.90"),
        ("diabtes type 2", "E11"),
        ("anaemia", "D64.9"),
        ("heart attack", "I21.9"),
        ("heart attacks", "I21.9"),
        ("heart atack", "I21.9"),
        ("cardiac infarction", "I21"),
        ("broken skull", "S02.0"),
        ("fracture of the skull", "S02.0"),
        ("severe asthma please", ""),
        ("asthma yesterday", "J45"),
        ("old skull fracture", "S02.0XXS"),
    ],
)
def test_a_code_is_found_by_what_people_write(classification: None, phrase: str, first: str) -> None:
    assert (found(phrase) or [""])[0] == first


def test_the_beginning_of_a_code_lists_what_stands_below_it(classification: None) -> None:
    assert found("j45") == ["J45", "J45.9", "J45.90", "J45.909"]
    assert found("S02.0") == ["S02.0", "S02.0XXA", "S02.0XXS"]


def test_it_says_by_which_name_it_was_found_and_whether_anybody_reviewed_that(classification: None) -> None:
    (attack,) = Icd10Code.objects.like("heart attack")
    name = attack.found_by("heart attack")
    assert name is not None
    assert (name.name, name.is_official) == ("heart attack", False)
    cardiac = Icd10Code.objects.like("cardiac infarction")[0].found_by("cardiac infarction")
    assert cardiac is not None
    assert cardiac.is_official
    assert Icd10Code.objects.like("asthma")[0].found_by("asthma") is None


def test_a_seventh_character_has_its_meaning_in_the_title_and_a_code_knows_whether_it_is_the_last_word(
    classification: None,
) -> None:
    vault = Icd10Code.objects.get(pk="S02.0XXA")
    assert vault.title == "Fracture of vault of skull, initial encounter"
    complete = set(Icd10Code.objects.filter(is_complete=True).values_list("code", flat=True))
    assert complete == {"E11.9", "D64.9", "I21.9", "J45.909", "J46", "S02.0XXA", "S02.0XXS"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60).filter(lambda text: "\0" not in text))
def test_any_text_can_be_looked_for(classification: None, phrase: str) -> None:
    assert len(found(phrase)) <= 30


def test_what_is_looked_for_needs_a_bounded_number_of_statements(classification: None) -> None:
    with CaptureQueriesContext(connection) as statements:
        found("acute fracture of the left asthma diabetes heart kidney liver")
    assert len(statements) <= 2 + 6 + 1 + 6


def test_groups_are_a_code_with_what_is_below_or_a_range() -> None:
    assert str(CodeGroup.read("j45")) == "J45"
    assert str(CodeGroup.read(" J45.9 ")) == "J45.9"
    assert str(CodeGroup.read("e13 - e08")) == "E08–E13"
    assert [CodeGroup.read(text) for text in ("", "asthma", "J", "J4", "1-2")] == [None] * 5


def test_the_installed_release_is_whole_and_every_synonym_names_a_code_of_it() -> None:
    codes = {code.code: code for code in read.codes_of(read.packaged_release())}
    assert len(codes) > 97_000
    assert codes["J45.909"].title == "Unspecified asthma, uncomplicated"
    assert codes["S52.501A"].title.endswith("right radius, initial encounter for closed fracture")
    assert all(code.title for code in codes.values())
    assert load.synonyms().phrases.keys() <= codes.keys()


def test_the_command_loads_once_and_again_on_demand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    release = small_release(tmp_path)
    monkeypatch.setattr("records.management.commands.load_icd10.packaged_release", lambda: release)
    monkeypatch.setattr("records.management.commands.load_icd10.synonyms", lambda: load.Synonyms({}, {}))

    def said(*options: str) -> str:
        out = StringIO()
        call_command("load_icd10", *options, stdout=out)
        return out.getvalue().strip()

    assert said() == "ICD-10-CM April 2026: 15 codes."
    assert said() == "ICD-10-CM April 2026 is loaded already."
    assert said("--again") == "ICD-10-CM April 2026: 15 codes."
    assert Icd10Code.objects.count() == 15


def test_synonyms_for_no_code_are_refused_and_what_was_loaded_stays(
    classification: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = small_release(tmp_path)
    monkeypatch.setattr("records.management.commands.load_icd10.packaged_release", lambda: release)
    wrong = load.Synonyms({"Q99.99": ["gremlins"]}, {})
    monkeypatch.setattr("records.management.commands.load_icd10.synonyms", lambda: wrong)
    with pytest.raises(CommandError, match=r"Q99\.99"):
        call_command("load_icd10", "--again")
    assert found("asthma")[0] == "J45"


@pytest.mark.parametrize("content", ["codes = 1", "[codes]\nA01 = []\n[words]", "[codes]\n[words]\nx = 'y'", "[", ""])
def test_a_damaged_file_of_synonyms_says_so(tmp_path: Path, content: str) -> None:
    file = tmp_path / "synonyms.toml"
    file.write_text(content)
    with pytest.raises(load.SynonymsError, match=r"synonyms\.toml"):
        load.synonyms(file)


def test_a_missing_package_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "find_spec", lambda _name: None)
    read.packaged_release.cache_clear()
    with pytest.raises(CommandError, match=r"pip install -r requirements\.txt"):
        call_command("load_icd10")
    read.packaged_release.cache_clear()


# In the chart


def test_words_in_the_line_for_a_code_bring_codes_to_choose_from_and_nothing_typed_is_lost(
    classification: None, client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)
    address = f"/patients/{patient.pk}/conditions/new/"
    sent = {"icd10_code": "heart attack", "is_active": "yes", "notes": "In the night."}
    page = client.post(address, sent)
    assert page.status_code == 422
    shown = page.content.decode()
    assert "Choose the code that fits, or leave this empty." in shown
    assert 'name="icd10_code_choice" value="I21.9"' in shown
    assert "(unreviewed)" in shown
    assert "In the night." in shown
    assert 'value="heart attack"' in shown
    assert client.post(address, sent | {"icd10_code_choice": "I21.9"}).status_code == 302
    with as_person(her_doctor):
        entry = MedicalHistory.objects.get()
    assert (entry.condition, entry.icd10_code, entry.icd10_category) == (
        "Acute myocardial infarction, unspecified",
        "I21.9",
        "I21",
    )


def test_the_doctor_s_own_words_stand_beside_the_code(
    classification: None, client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    address = f"/patients/{patient.pk}/conditions/new/"
    sent = {"condition": "Asthma since school", "icd10_code": "j45909", "is_active": "yes"}
    assert client_of(her_doctor).post(address, sent).status_code == 302
    with as_person(her_doctor):
        entry = MedicalHistory.objects.get()
    assert (entry.condition, entry.icd10_code) == ("Asthma since school", "J45.909")


@pytest.mark.parametrize(("code", "error"), [("J99.99", "ICD-10-CM has no code J99.99."), ("xxyyz", "No code fits")])
def test_a_code_that_there_is_not_is_refused(
    classification: None, client_of: Callable[[User], Client], patient: User, her_doctor: User, code: str, error: str
) -> None:
    page = client_of(her_doctor).post(
        f"/patients/{patient.pk}/conditions/new/", {"condition": "x", "icd10_code": code, "is_active": "yes"}
    )
    assert page.status_code == 422
    assert error in page.content.decode()


def test_neither_words_nor_code_is_no_condition(
    classification: None, client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    page = client_of(her_doctor).post(f"/patients/{patient.pk}/conditions/new/", {"is_active": "yes"})
    assert "Say which condition it is." in page.content.decode()


def test_an_earlier_entry_keeps_a_code_that_the_classification_does_not_know(
    classification: None, client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    entry = MedicalHistoryFactory(patient=patient, condition="Old thing", icd10_code="Q99.99")
    sent = {"condition": "Old thing, really", "icd10_code": "Q99.99", "is_active": "yes", "reason": "Said more"}
    address = f"/patients/{patient.pk}/conditions/{entry.pk}/correct/"
    assert client_of(her_doctor).post(address, sent).status_code == 302


def test_while_no_classification_is_loaded_the_form_of_a_code_is_enough(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    address = f"/patients/{patient.pk}/conditions/new/"
    sent = {"condition": "Asthma", "icd10_code": "J45.909", "is_active": "yes"}
    assert client_of(her_doctor).post(address, sent).status_code == 302


# The page


def test_the_page_lists_codes_and_says_which_release_they_are_of(
    classification: None, client_of: Callable[[User], Client], her_doctor: User
) -> None:
    client = client_of(her_doctor)
    assert "What do you look for?" in client.get("/codes/").content.decode()
    page = client.get("/codes/", {"q": "asthma"}).content.decode()
    assert "Release April 2026" in page
    assert "J45.909" in page
    assert "No code fits." in client.get("/codes/", {"q": "xxyyz"}).content.decode()


def test_a_form_gets_choices_under_its_own_name(
    classification: None, client_of: Callable[[User], Client], her_doctor: User
) -> None:
    answer: Any = client_of(her_doctor).get("/codes/", {"field": "icd10_code", "icd10_code": "asthma"})
    assert 'name="icd10_code_choice" value="J45"' in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_an_empty_table_says_what_an_operator_does(client_of: Callable[[User], Client], her_doctor: User) -> None:
    assert "manage.py load_icd10" in client_of(her_doctor).get("/codes/?q=asthma").content.decode()
