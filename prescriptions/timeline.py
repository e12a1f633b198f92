"""Prescriptions in the timeline of a chart."""

from collections.abc import Iterator

from django.db.models import F
from django.db.models.functions import Coalesce

from conversations.timeline import address_of
from medichat.templatetags.clinical import dose
from prescriptions.models import Prescription
from records.timeline import Asked, Event, on_timeline


@on_timeline
def prescribed(asked: Asked) -> Iterator[Event]:
    """When they were issued."""
    prescriptions = Prescription.objects.visible_to(asked.by).select_related("conversation", "doctor")
    for moment, one in asked.latest(prescriptions, at=Coalesce(F("issued_at"), F("created_at"))):
        parts = [one.dose, one.route, one.frequency, one.duration]
        yield Event(
            at=moment,
            id=one.pk,
            what="Prescription",
            icon="pill",
            title=dose(one.medication_name),
            detail=dose(", ".join(part for part in parts if part))
            + (f" ({one.get_status_display().lower()})" if one.status else ""),
            source=str(one.doctor) if one.doctor else "",
            url=address_of(one.conversation, asked),
        )
