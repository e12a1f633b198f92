"""What a doctor records of a case's symptoms."""

import uuid
from typing import Any, Literal, TypedDict

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.people import DoctorView
from accounts.signals import viewed
from conversations.api import bodies
from conversations.models import Conversation, Symptom
from medichat.api.declaring import Answer, refuses, takes
from medichat.refusals import ConflictError
from records.people import by_emergency_access_only
from records.signals import tell

MOST_SYMPTOMS = 100
COLUMNS = ("symptom", "location", "severity", "duration", "notes")


class SymptomSent(serializers.Serializer[Any]):
    """A symptom; with the id of one that is known it is corrected, else it is added."""

    id = serializers.UUIDField(required=False)
    symptom = serializers.CharField(max_length=200)
    location = serializers.CharField(max_length=100, required=False, allow_blank=True, allow_null=True)
    severity = serializers.ChoiceField(Symptom.Severity.choices, required=False, allow_blank=True, allow_null=True)
    duration = serializers.CharField(max_length=100, required=False, allow_blank=True, allow_null=True)
    notes = serializers.CharField(max_length=4000, required=False, allow_blank=True, allow_null=True)


class SymptomsSent(serializers.Serializer[Any]):
    """Symptoms to add or to correct; without them nothing changes."""

    symptoms = serializers.ListField(child=SymptomSent(), required=False, max_length=MOST_SYMPTOMS)


class CaseInfoBody(TypedDict):
    """The case after the change."""

    status: Literal["success"]
    message: str
    conversation: bodies.ConversationBody


class InfoView(DoctorView):
    """Add or correct symptoms of a case that the doctor has taken; none is removed."""

    @takes(SymptomsSent)
    @refuses(409, "The case is not taken by this doctor.")
    def patch(self, request: Request, case_id: uuid.UUID) -> Answer[CaseInfoBody]:
        """Store them."""
        sent = self.sent(SymptomsSent).get("symptoms", [])
        seen = Conversation.objects.visible_to(self.person)
        case = get_object_or_404(seen.annotate(is_break_glass=by_emergency_access_only(self.person)), pk=case_id)
        if sent and case.doctor_id != self.person.pk:
            raise ConflictError("Take the case before you change what is known of it.")
        known = {row.pk: row for row in Symptom.objects.visible_to(self.person).filter(conversation=case)}
        unknown = [number for number, item in enumerate(sent) if "id" in item and item["id"] not in known]
        if unknown:
            raise serializers.ValidationError(
                {"symptoms": {str(number): {"id": "This case has no such symptom."} for number in unknown}}
            )
        for item in sent:
            row = known.get(item.get("id")) or Symptom(
                conversation=case, patient_id=case.patient_id, position=len(known)
            )
            values = {name: item[name] or None for name in COLUMNS if name in item}
            changed = [name for name, value in values.items() if getattr(row, name) != value]
            for name in changed:
                setattr(row, name, values[name])
            if row.pk not in known:
                row.save(force_insert=True)
                known[row.pk] = row
                tell(row, "added", by=self.person, fields=changed)
            elif changed:
                row.save(update_fields=changed)
                tell(row, "corrected", by=self.person, fields=changed)
        # The answer shows the case, also where nothing was sent.
        viewed.send(
            Conversation,
            by=self.person,
            patient_id=case.patient_id,
            resource_type="conversation",
            resource_id=case.pk,
            why="break_glass" if vars(case)["is_break_glass"] else "care",
        )
        body = bodies.conversation(case, for_doctor=True)
        return Answer(CaseInfoBody(status="success", message="The symptoms are stored.", conversation=body))
