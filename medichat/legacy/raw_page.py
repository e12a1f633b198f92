"""The page of a raw value: what stood in the source, and what an administrator makes of it.

Looking is recorded with the patient whose data it is. A corrected value is not loaded here: loading is the system's
(``medichat.legacy.retry``), which takes it up within a minute.
"""

import json
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.admin_site import tell_viewed
from accounts.models import User
from medichat.legacy.correction import (
    LONGEST_TO_EDIT,
    Correction,
    NotCorrectable,
    corrected,
    fields_of,
    parsed_json,
    places_of,
    shown_json,
    value_at,
)
from medichat.legacy.document import Fields, Path
from medichat.legacy.models import ImportItem, ItemState
from medichat.legacy.parse.rules import RULES

LONGEST_SHOWN = 200_000
LONGEST_NOTE = 1_000


@dataclass
class Editing:
    """What can be corrected of the item's document: the place that was chosen, and which others there are."""

    path: Path | None = None
    text: str = ""
    note: str = ""
    error: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    why_not: str = ""

    @property
    def place(self) -> str:
        """The path as people write it."""
        return ".".join(str(step) for step in self.path or ()) or "the whole document"

    @property
    def at(self) -> str:
        """The path for the form."""
        return json.dumps(list(self.path or ()))


def raw_page(request: HttpRequest, item: ImportItem, context: dict[str, Any]) -> HttpResponse:
    """Show the value, or take what was decided about it. Raises ConflictError when somebody else was faster."""
    document = document_of(item)
    editing = _editing(request, item, document)
    if request.method == "POST" and _decide(request, item, document, editing):
        return HttpResponseRedirect(reverse("admin:legacy_importitem_change", args=[item.pk]))
    tell_viewed(request, "import_raw_value", patient_id=item.whose(), resource_id=item.pk)
    shown = _shown(item)
    context |= {
        "title": f"Raw value: {item.rule.replace('_', ' ')}",
        "item": item,
        "rule": RULES.get(item.rule),
        "shown": shown[:LONGEST_SHOWN],
        "is_cut": len(shown) > LONGEST_SHOWN,
        "is_open": item.state == ItemState.OPEN,
        "editing": editing,
        "opts": ImportItem._meta,
    }
    status = 422 if editing.error else 200
    return TemplateResponse(request, "admin/legacy/raw.html", context, status=status)


def document_of(item: ImportItem) -> Fields | None:
    """The item's document, where it was kept: by itself, or whole as the item's own raw value."""
    text = item.document.raw if item.document is not None else None
    if text is None and not item.where:
        text = item.raw
    if text is None:
        return None
    try:
        value = parsed_json(text)
    except NotCorrectable:
        return None  # a document with fields named like JSON's own words for types
    return value if isinstance(value, Fields) else None


def _shown(item: ImportItem) -> str:
    if item.raw is None:
        return ""
    try:
        return shown_json(parsed_json(item.raw))
    except NotCorrectable:
        return item.raw


def _editing(request: HttpRequest, item: ImportItem, document: Fields | None) -> Editing:
    """What the form offers: the place of the item, or the one that was chosen."""
    if document is None:
        return Editing(why_not="The document was not kept. Correct it in the previous system and run the import again.")
    editing = Editing(choices=[(name, json.dumps([name])) for name, is_small in fields_of(document) if is_small])
    asked = request.POST.get("at") or request.GET.get("at")
    if asked:
        editing.path = _path(asked)
    elif item.raw is not None and item.where:
        places = places_of(document, item.where, item.raw)
        editing.path = places[0] if len(places) == 1 else None
    if editing.path is None:
        return editing
    try:
        editing.text = shown_json(value_at(document, editing.path))
    except NotCorrectable:
        editing.path = None
        return editing
    if len(editing.text) > LONGEST_TO_EDIT:
        editing.path, editing.text = None, ""
    return editing


def _path(asked: str) -> Path | None:
    try:
        steps = json.loads(asked)
    except ValueError:
        return None
    if not isinstance(steps, list) or not all(type(step) in (str, int) for step in steps):
        return None
    return tuple(steps)


def _decide(request: HttpRequest, item: ImportItem, document: Fields | None, editing: Editing) -> bool:
    """Do what was asked for; False with the reason in ``editing.error`` when it cannot be done."""
    by = cast(User, request.user)
    editing.note = request.POST.get("note", "").strip()[:LONGEST_NOTE]
    if "resolve" in request.POST:
        item.resolve(by=by, note=editing.note)
        messages.success(request, "Resolved.")
        return True
    if document is None or editing.path is None:
        editing.error = "Choose what to correct."
        return False
    editing.text = request.POST.get("value", "")
    try:
        correction = Correction.of(document, editing.path, parsed_json(editing.text))
        corrected(document, correction)
    except NotCorrectable as reason:
        editing.error = str(reason)
        return False
    item.correct(correction.to_text(), by=by, note=editing.note)
    messages.success(request, "Corrected. The document is loaded again within a minute; this page then says so.")
    return True
