"""What a doctor sends to answer a case."""

from datetime import date
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from conversations.models import Answer
from medichat.rich_text import as_text, cleaned
from prescriptions.forms import DEFAULT_VALIDITY, MAX_PRESCRIPTIONS
from prescriptions.issue import Proposal

LONGEST = 5_000
LONGEST_REFERRALS = 10_000


class RichText(serializers.CharField):
    """Text from the editor: formatting stays, everything else of its markup goes. Markup without words is empty."""

    def to_internal_value(self, data: Any) -> str:
        """The text as it is stored."""
        text = cleaned(str(super().to_internal_value(data)))
        if not as_text(text).strip():
            if not self.allow_blank:
                self.fail("blank")
            return ""
        return text


class PrescriptionSent(serializers.Serializer[Any]):
    """One medicine. What the previous system did not know may be left out."""

    medication = serializers.CharField(max_length=200)
    dosage = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    frequency = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    duration = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    route = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    quantity = serializers.DecimalField(max_digits=9, decimal_places=2, min_value=0, required=False, default=None)
    quantityUnit = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    refills = serializers.IntegerField(min_value=0, max_value=99, required=False, default=0)
    instructions = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    expirationDate = serializers.DateField(required=False, default=None)
    overrideReason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    acknowledged = serializers.BooleanField(required=False, default=False)

    def validate_expirationDate(self, value: date | None) -> date | None:  # noqa: N802  # validate_ and the field's name
        """The last day of validity is not in the past."""
        if value and value < timezone.localdate():
            raise serializers.ValidationError("This day is over. Choose today or a later day.")
        return value


class AnswerSent(serializers.Serializer[Any]):
    """The answer; null is refused everywhere, and everything that is wrong is told at once."""

    diagnosis = RichText(max_length=LONGEST)
    recommendations = RichText(max_length=LONGEST)
    prescriptions = serializers.ListField(child=PrescriptionSent(), required=False, max_length=MAX_PRESCRIPTIONS)
    referrals = RichText(max_length=LONGEST_REFERRALS, required=False, allow_blank=True, default="")
    callToOffice = serializers.BooleanField(required=False, default=False)
    notes = RichText(max_length=LONGEST, required=False, allow_blank=True, default="")
    icd10Code = serializers.RegexField(
        r"^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$", required=False, allow_blank=True, default=""
    )


def proposals_in(sent: dict[str, Any]) -> tuple[Answer, list[Proposal]]:
    """The answer and the medicines of a validated body. Without a last day a prescription is valid as on the page."""
    answer = Answer(
        diagnosis=sent["diagnosis"],
        recommendations=sent["recommendations"],
        referrals=sent["referrals"],
        icd10_code=sent["icd10Code"],
        call_to_office=sent["callToOffice"],
        private_note=sent["notes"],
    )
    return answer, [proposal_in(item) for item in sent.get("prescriptions", ())]


def proposal_in(item: dict[str, Any]) -> Proposal:
    """One medicine of a validated body."""
    return Proposal(
        medication_name=item["medication"],
        dose=item["dosage"],
        route=item["route"],
        frequency=item["frequency"],
        duration=item["duration"],
        quantity=item["quantity"],
        quantity_unit=item["quantityUnit"],
        refills=item["refills"],
        expires_on=item["expirationDate"] or timezone.localdate() + DEFAULT_VALIDITY,
        instructions=item["instructions"],
        override_reason=item["overrideReason"],
        acknowledged=item["acknowledged"],
    )
