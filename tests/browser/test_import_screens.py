"""The import in the administration: runs, items, raw values, and accounts that need somebody, as they look."""

import json

from bson import ObjectId
from playwright.sync_api import Page, expect

from accounts.models import User
from medichat.legacy.models import ImportItem, ItemState
from medichat.legacy.parse.parsing import extended_json
from tests.browser.looking import LOOKS, OpenAs, assert_accessible, assert_fits, look_at
from tests.cast import system
from tests.factories import DoctorFactory, ImportedDocumentFactory, ImportItemFactory, ImportRunFactory, UserFactory

ENTITIES = {
    "users": (50, 50, 0, 0),
    "allergies": (40, 31, 6, 3),
    "conversations": (80, 77, 0, 3),
    "messages": (1742, 1679, 0, 63),
    "attachments": (33, 31, 0, 2),
}
REPORT = {
    "entities": {
        name: {
            "source": source, "loaded": loaded, "inserted": loaded, "updated": 0, "unchanged": 0, "merged": merged,
            "repaired": 4, "set_aside": set_aside, "verified": loaded, "mismatched": 0,
        }
        for name, (source, loaded, merged, set_aside) in ENTITIES.items()
    },
    "rules": {
        "patient_unknown": {"entity": "conversations", "outcome": "set_aside", "count": 3, "examples": []},
        "duplicate_merged": {"entity": "allergies", "outcome": "merged", "count": 6, "examples": []},
        "nul_removed": {"entity": "messages", "outcome": "repaired", "count": 2, "examples": []},
    },
    "accounts": {"without_sign_in": 3, "deactivated": 2, "email_conflicts": 1},
    "unknown_collections": ["sessions"],
    "ok": True,
}  # fmt: skip


def an_import() -> ImportItem:
    """A run with items of several kinds; returns one that can be corrected."""
    run = ImportRunFactory(report=REPORT)
    document = {
        "_id": ObjectId("600000000000000000000001"), "email": "ida@example.org", "role": "patient", "gender": "yes",
        "firstName": "Ida", "allergies": ["Latex"], "notesOfTheSecretary": "Prefers to be called in the morning.",
    }  # fmt: skip
    kept = ImportedDocumentFactory(
        legacy_id="600000000000000000000001", raw=extended_json(document), first_run=run, last_run=run
    )
    item: ImportItem = ImportItemFactory(document=kept)
    for rule, entity, where, outcome in [
        ("nul_removed", "messages", "messages.3.content", "repaired"),
        ("patient_unknown", "conversations", "", "set_aside"),
        ("duplicate_merged", "allergies", "allergies.2", "merged"),
        ("password_not_kept", "users", "password", "set_aside"),
        ("unknown_field", "users", "?", "set_aside"),
    ]:
        other = ImportedDocumentFactory(first_run=run, last_run=run)
        ImportItemFactory(document=other, rule=rule, entity=entity, where=where, outcome=outcome, raw='"a"')
    return item


def test_a_run_and_its_report(open_as: OpenAs, administrator: User) -> None:
    run = an_import().run
    page = look_at(open_as, administrator, f"/admin/legacy/importrun/{run.pk}/change/", "admin-import-run")
    page.get_by_role("link", name="patient unknown").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    look_at(open_as, administrator, "/admin/legacy/importrun/", "admin-import-runs")


def test_what_was_set_aside_is_found_and_corrected(open_as: OpenAs, administrator: User) -> None:
    item = an_import()
    look_at(open_as, administrator, "/admin/legacy/importitem/", "admin-import-items")
    look_at(open_as, administrator, f"/admin/legacy/importitem/{item.pk}/change/", "admin-import-item")
    raw = f"/admin/legacy/importitem/{item.pk}/raw/"

    def mistype(page: Page) -> None:
        page.get_by_label("Value of gender").fill("female")
        page.get_by_role("button", name="Correct and load the document again").click()
        expect(page.locator(".errornote")).to_be_visible()

    look_at(open_as, administrator, raw, "admin-import-raw-refused", act=mistype)
    page = look_at(open_as, administrator, raw, "admin-import-raw")
    page.get_by_label("Value of gender").fill(json.dumps("female"))
    page.get_by_label("Note").fill("Asked by telephone.")
    page.get_by_role("button", name="Correct and load the document again").click()
    expect(page.locator(".messagelist")).to_contain_text("loaded again within a minute")
    with system():
        assert ImportItem.objects.get(pk=item.pk).state == ItemState.CORRECTED


def test_imported_accounts_that_need_somebody(open_as: OpenAs, administrator: User) -> None:
    an_import()
    UserFactory(legacy_id="600000000000000000000001", email="600000000000000000000001@no-address.invalid")
    UserFactory(legacy_id="600000000000000000000002", password="!none", first_name="", last_name="")
    DoctorFactory(legacy_id="600000000000000000000003", approved_at=None)
    for width, scheme in LOOKS:
        page = open_as(administrator, "/admin/", width=width, scheme=scheme)
        page.get_by_role("link", name="2 imported accounts cannot sign in").click()
        expect(page.locator("#result_list tbody tr")).to_have_count(2)
        assert_accessible(page)
        assert_fits(page)
    look_at(open_as, administrator, "/admin/accounts/user/?imported=all", "admin-import-people")
    look_at(open_as, administrator, "/admin/", "admin-import-front-page")
