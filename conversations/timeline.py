"""Consultations and files in the timeline of a chart."""

from collections.abc import Iterator

from django.db.models import F
from django.db.models.functions import Coalesce
from django.urls import reverse

from conversations.models import Attachment, Conversation
from medichat.rich_text import as_text
from records.timeline import Asked, Event, on_timeline


def address_of(case: Conversation, asked: Asked) -> str:
    """Where this person reads a consultation."""
    if asked.chart.is_own:
        return reverse("conversations:chat", args=[case.pk])
    return reverse("case", args=[case.pk])


@on_timeline
def consultations(asked: Asked) -> Iterator[Event]:
    """When they began, what was complained of, and the diagnosis."""
    cases = Conversation.objects.visible_to(asked.by).select_related("doctor")
    for moment, case in asked.latest(cases, at=Coalesce(F("submitted_at"), F("created_at"))):
        diagnosis = " ".join(as_text(case.diagnosis or "").split())
        code = f" ({case.icd10_code})" if case.icd10_code else ""
        yield Event(
            at=moment,
            id=case.pk,
            what="Consultation",
            icon="chat",
            title=case.complaint or f"Visit {case.visit_number or ''}".strip(),
            detail=f"Diagnosis: {diagnosis}{code}" if diagnosis else "",
            source=str(case.doctor) if case.doctor else "",
            url=address_of(case, asked),
        )


@on_timeline
def files(asked: Asked) -> Iterator[Event]:
    """When they were attached."""
    attached = Attachment.objects.visible_to(asked.by).select_related("conversation")
    for moment, file in asked.latest(attached, at=Coalesce(F("uploaded_at"), F("created_at"))):
        yield Event(
            at=moment,
            id=file.pk,
            what="File",
            icon="file",
            title=file.original_name or "File without a name",
            url=address_of(file.conversation, asked),
        )
