"""The import in the administration: what it set aside is looked at on the record, corrected or resolved."""

import json
from typing import Any

import pytest
from bson import ObjectId
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.actions import Action
from audit.models import ActivityLog
from medichat.front_page import Weight, gather
from medichat.legacy.correction import Correction
from medichat.legacy.models import ImportedDocument, ImportItem, ImportRun, ItemState
from medichat.legacy.parse.parsing import extended_json
from medichat.refusals import ConflictError
from tests.cast import ClientOf, as_person, system
from tests.factories import (
    ConversationFactory,
    DoctorFactory,
    ImportedDocumentFactory,
    ImportItemFactory,
    ImportRunFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
ITEMS = "/admin/legacy/importitem/"
ONE = "600000000000000000000001"
DOCUMENT = {"_id": ObjectId(ONE), "role": "patient", "gender": "yes", "firstName": "Ana", "allergies": ["Latex", 7]}


@pytest.fixture
def item(db: None) -> ImportItem:
    """A gender that nobody knows, in a document that was kept."""
    document = ImportedDocumentFactory(legacy_id=ONE, raw=extended_json(DOCUMENT))
    made: ImportItem = ImportItemFactory(document=document, raw='"yes"')
    return made


@pytest.fixture
def her(db: None) -> User:
    """The patient whom the document became."""
    user: User = UserFactory(legacy_id=ONE, first_name="Ana")
    return user


def raw_address(item: ImportItem) -> str:
    return reverse("admin:legacy_importitem_raw", args=[item.pk])


def now(item: ImportItem) -> ImportItem:
    with system():
        found: ImportItem = ImportItem.objects.get(pk=item.pk)
        return found


def log(action: Action) -> list[ActivityLog]:
    with system():
        return list(ActivityLog.objects.filter(action=action))


def test_the_raw_value_stands_on_its_own_page_only(
    client_of: ClientOf, administrator: User, item: ImportItem, her: User
) -> None:
    client = client_of(administrator)
    for page in (ITEMS, f"{ITEMS}{item.pk}/change/"):
        shown = client.get(page).content.decode()
        assert "choice unknown" in shown
        assert "&quot;yes&quot;" not in shown
    shown = client.get(raw_address(item)).content.decode()
    assert "&quot;yes&quot;" in shown
    assert "A choice that the system does not know" in shown


def test_looking_at_a_raw_value_is_recorded_with_the_patient(
    client_of: ClientOf, administrator: User, item: ImportItem, her: User
) -> None:
    client_of(administrator).get(raw_address(item))
    looks = [row for row in log(Action.DATA_VIEWED) if row.resource_type == "import_raw_value"]
    assert [(row.actor_id, row.patient_id, row.resource_id, row.purpose) for row in looks] == [
        (administrator.pk, her.pk, str(item.pk), "administration")
    ]


def test_a_conversations_item_is_its_patients(client_of: ClientOf, administrator: User) -> None:
    conversation = ConversationFactory(legacy_id=ONE)
    document = ImportedDocumentFactory(collection="conversations", legacy_id=ONE)
    item = ImportItemFactory(document=document)
    client_of(administrator).get(raw_address(item))
    (look,) = [row for row in log(Action.DATA_VIEWED) if row.resource_type == "import_raw_value"]
    assert look.patient_id == conversation.patient_id


@pytest.mark.parametrize("who", ["patient", "her_doctor", "unapproved_doctor"])
def test_a_raw_value_is_for_administrators(
    request: pytest.FixtureRequest, client_of: ClientOf, item: ImportItem, who: str
) -> None:
    client = client_of(request.getfixturevalue(who))
    assert client.get(raw_address(item), follow=True).status_code == 403
    assert client.post(raw_address(item), {"resolve": "1"}, follow=True).status_code == 403
    assert now(item).state == ItemState.OPEN


@pytest.mark.parametrize("who", ["patient", "her_doctor"])
def test_nobody_else_reads_a_row_of_the_import(request: pytest.FixtureRequest, item: ImportItem, who: str) -> None:
    with as_person(request.getfixturevalue(who)):
        assert not ImportItem.objects.exists()
        assert not ImportedDocument.objects.exists()
        assert not ImportRun.objects.exists()


def test_an_item_that_needs_nothing_more_is_resolved_with_a_note(
    client_of: ClientOf, administrator: User, item: ImportItem, her: User
) -> None:
    response = client_of(administrator).post(raw_address(item), {"resolve": "1", "note": "She was asked."})
    assert response["Location"] == f"{ITEMS}{item.pk}/change/"
    after = now(item)
    assert (after.state, after.handled_by_id, after.note) == (ItemState.RESOLVED, administrator.pk, "She was asked.")
    (row,) = log(Action.IMPORT_ITEM_RESOLVED)
    assert (row.actor_id, row.patient_id) == (administrator.pk, her.pk)
    assert "asked" not in (row.metadata or "")


def test_a_corrected_value_waits_to_be_loaded(client_of: ClientOf, administrator: User, item: ImportItem) -> None:
    client = client_of(administrator)
    page = client.get(raw_address(item)).content.decode()
    assert "Value of <strong>gender</strong>" in page
    client.post(raw_address(item), {"correct": "1", "at": '["gender"]', "value": '"female"', "note": "asked"})
    after = now(item)
    assert after.state == ItemState.CORRECTED
    assert after.corrected is not None
    kept = Correction.from_text(after.corrected)
    assert (kept.path, kept.value) == (("gender",), "female")
    assert after.raw == '"yes"'
    assert len(log(Action.IMPORT_ITEM_CORRECTED)) == 1
    assert "Corrected, waits to be loaded" in client.get(f"{ITEMS}{item.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("at", "value", "sentence"),
    [
        ('["gender"]', "'female'", "This is no JSON that can be read"),
        ('["gender"]', "", "This is no JSON that can be read"),
        ("[]", '{"_id": {"$oid": "600000000000000000000002"}}', "The _id says which document it is"),
        ("not json", '"female"', "Choose what to correct."),
        ('["nowhere", 3]', '"female"', "Choose what to correct."),
        ('[{"a": 1}]', '"female"', "Choose what to correct."),
    ],
)
def test_what_cannot_be_loaded_is_refused_beside_its_field(
    client_of: ClientOf, administrator: User, item: ImportItem, at: str, value: str, sentence: str
) -> None:
    typed = {"correct": "1", "at": at, "value": value, "note": "Her own words"}
    response = client_of(administrator).post(raw_address(item), typed)
    assert response.status_code == 422
    page = response.content.decode()
    assert sentence in page
    assert "Her own words" in page
    assert now(item).state == ItemState.OPEN


def test_what_was_typed_stays_when_it_is_refused(client_of: ClientOf, administrator: User, item: ImportItem) -> None:
    typed = {"correct": "1", "at": '["gender"]', "value": "{female"}
    assert "{female" in client_of(administrator).post(raw_address(item), typed).content.decode()


def test_another_field_of_the_document_can_be_corrected(
    client_of: ClientOf, administrator: User, item: ImportItem
) -> None:
    page = client_of(administrator).get(raw_address(item), {"at": '["allergies"]'}).content.decode()
    assert "Value of <strong>allergies</strong>" in page
    assert "Latex" in page


def test_an_item_whose_place_is_not_certain_asks_for_it(client_of: ClientOf, administrator: User) -> None:
    document = ImportedDocumentFactory(legacy_id=ONE, raw=extended_json({**DOCUMENT, "a": 1, "b": 1}))
    item = ImportItemFactory(document=document, where="?", raw=extended_json(1))
    page = client_of(administrator).get(raw_address(item)).content.decode()
    assert "The place is not certain" in page
    assert "Correct and load" not in page


def test_a_document_that_was_set_aside_whole_is_corrected_field_by_field(
    client_of: ClientOf, administrator: User
) -> None:
    whole = {"_id": ObjectId(ONE), "patient": ObjectId(), "messages": []}
    document = ImportedDocumentFactory(collection="conversations", legacy_id=ONE)
    item = ImportItemFactory(document=document, where="", rule="patient_unknown", raw=extended_json(whole))
    client = client_of(administrator)
    page = client.get(raw_address(item), {"at": '["patient"]'}).content.decode()
    assert "Value of <strong>patient</strong>" in page
    somebody = json.dumps({"$oid": ONE})
    client.post(raw_address(item), {"correct": "1", "at": '["patient"]', "value": somebody})
    assert Correction.from_text(now(item).corrected or "").value == ObjectId(ONE)


def test_a_document_that_was_not_kept_is_corrected_at_the_source(client_of: ClientOf, administrator: User) -> None:
    item = ImportItemFactory()
    client = client_of(administrator)
    assert "Correct it in the previous system" in client.get(raw_address(item)).content.decode()
    response = client.post(raw_address(item), {"correct": "1", "at": '["gender"]', "value": '"female"'})
    assert response.status_code == 422
    assert now(item).state == ItemState.OPEN


def test_a_secret_has_no_raw_value(client_of: ClientOf, administrator: User) -> None:
    item = ImportItemFactory(raw=None, rule="password_not_kept", where="password")
    client = client_of(administrator)
    assert "not kept" in client.get(f"{ITEMS}{item.pk}/change/").content.decode()
    assert "the value is a secret" in client.get(raw_address(item)).content.decode()


def test_a_hostile_value_is_text_on_the_page(client_of: ClientOf, administrator: User) -> None:
    raw = json.dumps("</pre><script>alert(1)</script>")
    page = client_of(administrator).get(raw_address(ImportItemFactory(raw=raw))).content.decode()
    assert "<script>alert(1)" not in page


def test_a_very_long_value_is_shown_from_its_beginning(client_of: ClientOf, administrator: User) -> None:
    document = ImportedDocumentFactory(legacy_id=ONE, raw=extended_json({**DOCUMENT, "gender": "x" * 300_000}))
    item = ImportItemFactory(document=document, raw=json.dumps("x" * 300_000))
    page = client_of(administrator).get(raw_address(item)).content.decode()
    assert "longer than what is shown" in page
    assert len(page) < 300_000


def test_two_administrators_do_not_handle_one_item_twice(
    client_of: ClientOf, administrator: User, item: ImportItem
) -> None:
    client = client_of(administrator)
    assert client.post(raw_address(item), {"resolve": "1"}).status_code == 302
    assert client.post(raw_address(item), {"resolve": "1"}).status_code == 409
    assert "What is to be made of it" not in client.get(raw_address(item)).content.decode()


def test_the_states_of_an_item_follow_each_other(administrator: User, item: ImportItem) -> None:
    with system():
        item.correct("{}", by=administrator)
        with pytest.raises(ConflictError):
            item.correct("{}", by=administrator)
        item.reopen("The document has changed.")
        assert (now(item).state, now(item).note) == (ItemState.OPEN, "The document has changed.")
        with pytest.raises(ConflictError):
            item.mark_retried()
        item.correct("{}", by=administrator)
        item.mark_retried()
        assert now(item).state == ItemState.RETRIED
        with pytest.raises(ConflictError):
            item.resolve(by=administrator)


def test_many_items_are_resolved_at_once(client_of: ClientOf, administrator: User) -> None:
    rows = [ImportItemFactory() for _ in range(3)]
    with system():
        rows[0].resolve(by=administrator, note="before")
    page = client_of(administrator).post(
        ITEMS, {"action": "resolve", "_selected_action": [row.pk for row in rows], "note": "Known."}, follow=True
    )
    shown = page.content.decode()
    assert "2 resolved." in shown
    assert "1 left as they were" in shown
    assert [now(row).note for row in rows] == ["before", "Known.", "Known."]


@pytest.mark.parametrize(
    ("chosen", "number"),
    [
        ({"rule": "choice_unknown"}, 1),
        ({"rule": "nul_removed"}, 1),
        ({"entity": "allergies"}, 1),
        ({"outcome__exact": "set_aside"}, 1),
        ({"state__exact": "resolved"}, 0),
        ({"q": ONE}, 1),
        ({"q": "600000000000000000000009"}, 0),
    ],
)
def test_items_are_found_by_rule_kind_state_and_document(
    client_of: ClientOf, administrator: User, item: ImportItem, chosen: dict[str, str], number: int
) -> None:
    ImportItemFactory(rule="nul_removed", entity="allergies", outcome="repaired")
    page = client_of(administrator).get(ITEMS, chosen)
    assert page.context["cl"].result_count == number


def test_only_rules_that_were_applied_are_offered(client_of: ClientOf, administrator: User, item: ImportItem) -> None:
    page = client_of(administrator).get(ITEMS).content.decode()
    assert "?rule=choice_unknown" in page
    assert "?rule=nul_removed" not in page


REPORT: dict[str, Any] = {
    "entities": {
        "users": {"source": 50, "loaded": 50, "inserted": 50, "merged": 0, "set_aside": 0, "mismatched": 0},
        "messages": {"source": 100, "loaded": 96, "merged": 0, "set_aside": 3, "mismatched": 0},
    },
    "rules": {"patient_unknown": {"entity": "conversations", "outcome": "set_aside", "count": 3, "examples": [ONE]}},
    "accounts": {"without_sign_in": 4, "deactivated": 2, "email_conflicts": 0},
    "unknown_collections": ["sessions"],
    "ok": False,
}


def test_a_run_shows_its_report_with_the_rows_behind_the_figures(client_of: ClientOf, administrator: User) -> None:
    run = ImportRunFactory(report=REPORT, is_ok=False)
    page = client_of(administrator).get(f"/admin/legacy/importrun/{run.pk}/change/").content.decode()
    assert "bson: /srv/old/dump" in page
    assert page.count("does not add up") == 1  # the messages: 96 + 3 of 100
    assert "?entity=messages&amp;outcome__exact=set_aside" in page
    assert "?rule=patient_unknown" in page
    assert "?imported=no_sign_in" in page
    assert "sessions: not imported" in page


def test_a_run_without_a_report_says_so(client_of: ClientOf, administrator: User) -> None:
    run = ImportRunFactory(status="running", is_ok=None, finished_at=None)
    page = client_of(administrator).get(f"/admin/legacy/importrun/{run.pk}/change/").content.decode()
    assert "There is no report yet." in page


def notices(administrator: User) -> list[tuple[Weight, str]]:
    with as_person(administrator):
        return [(notice.weight, notice.what) for notice in gather(administrator).notices]


def test_the_front_page_names_what_the_import_left(administrator: User, item: ImportItem) -> None:
    DoctorFactory()
    UserFactory(legacy_id="a", password="!nothing")
    UserFactory(legacy_id="b", email="b@no-address.invalid")
    UserFactory(legacy_id="c", password="!nothing", is_active=False)
    assert notices(administrator) == [
        (Weight.TASK, "1 value was set aside by the import"),
        (Weight.TASK, "2 imported accounts cannot sign in"),
    ]


@pytest.mark.parametrize(
    ("status", "is_ok", "weight"),
    [
        ("finished", False, Weight.DANGER),
        ("failed", None, Weight.TROUBLE),
        ("interrupted", None, Weight.TROUBLE),
        ("finished", True, None),
        ("running", None, None),
        ("undone", False, None),
    ],
)
def test_the_front_page_names_a_run_that_went_wrong(
    administrator: User, status: str, is_ok: bool | None, weight: Weight | None
) -> None:
    DoctorFactory()
    ImportRunFactory(status=status, is_ok=is_ok)
    assert [found for found, _ in notices(administrator)] == ([weight] if weight is not None else [])


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("no_sign_in", {"placeholder", "no password", "no address"}),
        ("no_address", {"placeholder", "no address"}),
        ("licence", {"first", "second"}),
        ("no_name", {"no name"}),
        ("inactive", {"gone"}),
        ("all", {"placeholder", "no address", "no password", "first", "second", "no name", "gone", "fine"}),
    ],
)
def test_imported_accounts_are_listed_by_what_they_need(
    client_of: ClientOf, administrator: User, chosen: str, found: set[str]
) -> None:
    UserFactory(legacy_id="placeholder", email="x@no-address.invalid")
    UserFactory(legacy_id="no password", password="!unusable")
    UserFactory(legacy_id="no address", email="not an address")
    DoctorFactory(legacy_id="first", licence_number="LIC-7")
    DoctorFactory(legacy_id="second", licence_number=" lic-7 ")
    UserFactory(legacy_id="no name", last_name="")
    UserFactory(legacy_id="gone", is_active=False)
    UserFactory(legacy_id="fine")
    UserFactory(email="made-here@example.org", password="!invited")
    page = client_of(administrator).get("/admin/accounts/user/", {"imported": chosen})
    assert {user.legacy_id for user in page.context["cl"].result_list} == found


def test_no_letter_is_sent_to_an_address_that_nobody_has(
    client_of: ClientOf, administrator: User, mailbox: list[Any]
) -> None:
    user = UserFactory(legacy_id="a", email="a@no-address.invalid")
    typed = {"action": "send_password_link", "_selected_action": [user.pk]}
    page = client_of(administrator).post("/admin/accounts/user/", typed, follow=True).content.decode()
    assert "without an address of their own" in page
    assert mailbox == []


def test_an_address_that_was_found_out_lets_its_owner_in_again(
    client_of: ClientOf, client: Client, administrator: User, mailbox: list[Any]
) -> None:
    user = UserFactory(legacy_id="a", email="a@no-address.invalid", password="!nothing", first_name="Ida")
    typed = {"email": "Ida@Example.org", "role": "patient", "first_name": "Ida", "last_name": "Person"}
    staff = client_of(administrator)
    assert staff.post(f"/admin/accounts/user/{user.pk}/change/", typed).status_code == 302
    staff.post("/admin/accounts/user/", {"action": "send_password_link", "_selected_action": [user.pk]})
    assert [letter.to for letter in mailbox] == [["ida@example.org"]]
