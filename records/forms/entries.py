"""One form for each kind of chart entry, and its shorter one in plain words for patients."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms.models import model_to_dict
from django.utils import timezone

from accounts.models import User
from records.forms.acts import reason_field
from records.forms.codes import CodeField
from records.forms.fields import ModelForm, check_past_day, day_input, name_empty_choice
from records.models import (
    Allergy,
    ChartEntry,
    FamilyHistory,
    Icd10Code,
    Immunization,
    MedicalHistory,
    Medication,
    SocialHistory,
    SurgicalHistory,
)

_LINES = forms.Textarea(attrs={"rows": 2})
NOTES_LENGTH = 4000


class EntryForm(ModelForm):
    """A new entry, or with ``replaces`` one that takes the place of a wrong one (then it asks for the reason)."""

    past_days: ClassVar[tuple[str, ...]] = ()
    """Fields with days that cannot be to come."""

    def __init__(self, *args: Any, patient: User, replaces: ChartEntry | None = None, **more: Any) -> None:
        if replaces:
            more["initial"] = model_to_dict(replaces, fields=self._meta.fields)
            # What this form does not ask stays as it was: who prescribed it, that it was stopped.
            asked = {"patient", "source", *(self._meta.fields or ())}
            kept = [field for field in replaces.stated_columns() if field.name not in asked]
            more["instance"] = type(replaces)(**{field.attname: getattr(replaces, field.attname) for field in kept})
        super().__init__(*args, **more)
        self.patient = patient
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")
            name_empty_choice(field, "Not known")
            if isinstance(field, forms.CharField) and isinstance(field.widget, forms.Textarea):
                field.max_length = NOTES_LENGTH
                field.widget.attrs["maxlength"] = str(NOTES_LENGTH)
        if replaces:
            self.fields["reason"] = reason_field("The earlier entry stays readable, struck out, with this reason.")

    def clean(self) -> dict[str, Any]:
        """Days that have been are neither to come nor before the birth."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.past_days:
            if day := cleaned.get(name):
                try:
                    check_past_day(day, born=self.patient.date_of_birth)
                except ValidationError as error:
                    self.add_error(name, error)
        return cleaned

    def entry(self) -> Any:
        """The entry that was filled in, not saved yet."""
        self.instance.patient = self.patient
        return self.instance

    def refuse(self, error: ValidationError) -> None:
        """Show what the chart refused beside its field; what was typed stays."""
        for name, messages in error.message_dict.items():
            self.add_error(name if name in self.fields and name != NON_FIELD_ERRORS else None, messages)


class AllergyForm(EntryForm):
    """An allergy, for clinicians."""

    past_days: ClassVar[tuple[str, ...]] = ("diagnosed_on",)

    class Meta:
        model = Allergy
        fields: ClassVar[list[str]] = [
            "allergen", "kind", "reaction", "severity", "certainty", "diagnosed_on", "notes"
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {"allergen": "Allergy to", "diagnosed_on": "Known since", "kind": "Type"}
        widgets: ClassVar[dict[str, Any]] = {"diagnosed_on": day_input(), "reaction": _LINES, "notes": _LINES}
        error_messages: ClassVar[dict[str, Any]] = {"allergen": {"required": "Say what the allergy is to."}}


class PatientAllergyForm(AllergyForm):
    """An allergy in the patient's words."""

    past_days: ClassVar[tuple[str, ...]] = ()

    class Meta(AllergyForm.Meta):
        fields: ClassVar[list[str]] = ["allergen", "kind", "reaction", "severity"]
        labels: ClassVar[dict[str, str]] = {
            "allergen": "What are you allergic to?",
            "kind": "What kind of thing is it?",
            "reaction": "What happens when you have it?",
            "severity": "How bad was it?",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "allergen": "For example penicillin, peanuts or bee stings. One at a time."
        }


class MedicationForm(EntryForm):
    """A medicine, for clinicians. Whether it is active follows from its last day."""

    past_days: ClassVar[tuple[str, ...]] = ()

    class Meta:
        model = Medication
        fields: ClassVar[list[str]] = [
            "medication_name", "dosage", "route", "frequency", "started_on", "ended_on", "notes"
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "medication_name": "Medicine",
            "dosage": "Strength or dose",
            "started_on": "First day",
            "ended_on": "Last day",
        }
        help_texts: ClassVar[dict[str, str]] = {"ended_on": "Only if it was stopped or is for a limited time."}
        widgets: ClassVar[dict[str, Any]] = {"started_on": day_input(), "ended_on": day_input(), "notes": _LINES}
        error_messages: ClassVar[dict[str, Any]] = {"medication_name": {"required": "Say which medicine it is."}}

    def clean(self) -> dict[str, Any]:
        """A medicine whose last day has passed is not active."""
        cleaned = super().clean()
        ended = cleaned.get("ended_on")
        if "ended_on" in self.fields:
            self.instance.is_active = ended is None or ended >= timezone.localdate()
        return cleaned


class PatientMedicationForm(MedicationForm):
    """A medicine in the patient's words."""

    past_days: ClassVar[tuple[str, ...]] = ("started_on",)

    class Meta(MedicationForm.Meta):
        fields: ClassVar[list[str]] = ["medication_name", "dosage", "frequency", "started_on"]
        labels: ClassVar[dict[str, str]] = {
            "medication_name": "What is the medicine called?",
            "dosage": "How strong is it, or how much do you take?",
            "frequency": "How often do you take it?",
            "started_on": "Since when?",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "medication_name": "As it is on the pack. One at a time.",
            "dosage": "As it is on the pack, for example 5 mg.",
            "frequency": "For example once a day in the morning, or only when needed.",
        }


class ConditionForm(EntryForm):
    """A condition, for clinicians: in words, by its code, or both."""

    past_days: ClassVar[tuple[str, ...]] = ("diagnosed_on", "resolved_on")
    condition = forms.CharField(
        label="Condition", max_length=300, required=False, help_text="Left empty, the title of the code stands here."
    )
    icd10_code = CodeField()
    is_active = forms.TypedChoiceField(
        label="Now",
        choices=[("yes", "Active"), ("no", "Resolved or in the past")],
        coerce=lambda choice: choice == "yes",
        initial="yes",
        widget=forms.RadioSelect,
    )

    class Meta:
        model = MedicalHistory
        fields: ClassVar[list[str]] = [
            "condition", "icd10_code", "is_active", "diagnosed_on", "diagnosed_text", "resolved_on", "notes"
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "diagnosed_on": "Diagnosed on",
            "diagnosed_text": "Or since when, in words",
            "resolved_on": "Resolved on",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "diagnosed_text": "Where the day is not known.",
        }
        widgets: ClassVar[dict[str, Any]] = {"diagnosed_on": day_input(), "resolved_on": day_input(), "notes": _LINES}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        code = self.fields.get("icd10_code")
        if isinstance(code, CodeField):
            code.kept = self.initial.get("icd10_code")
        if self.initial.get("is_active") in (True, False):
            self.initial["is_active"] = "yes" if self.initial["is_active"] else "no"

    def clean(self) -> dict[str, Any]:
        """What has been resolved is not active; without words the code's title is the condition."""
        cleaned = super().clean()
        code = cleaned.get("icd10_code")
        if not cleaned.get("condition") and not {"condition", "icd10_code"} & self.errors.keys():
            title = Icd10Code.objects.titles_of([code]).get(code or "")
            if title is None:
                self.add_error("condition", "Say which condition it is.")
            cleaned["condition"] = (title or "")[:300]
        if cleaned.get("resolved_on") and "is_active" in cleaned:
            cleaned["is_active"] = False
        elif cleaned.get("is_active") and "resolved_on" not in self.fields:
            self.instance.resolved_on = None
        return cleaned


class PatientConditionForm(ConditionForm):
    """A condition in the patient's words."""

    past_days: ClassVar[tuple[str, ...]] = ()
    condition = forms.CharField(
        label="Which illness or condition?",
        max_length=300,
        help_text="For example asthma. One at a time.",
        error_messages={"required": "Say which condition it is."},
    )
    icd10_code = None  # type: ignore[assignment]  # how Django takes an inherited field away
    is_active = forms.TypedChoiceField(
        label="Do you still have it?",
        choices=[("yes", "Yes"), ("no", "No, it is over")],
        coerce=lambda choice: choice == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether you still have it."},
    )

    class Meta(ConditionForm.Meta):
        fields: ClassVar[list[str]] = ["condition", "is_active", "diagnosed_text"]
        labels: ClassVar[dict[str, str]] = {
            "diagnosed_text": "Since when, or when was it?",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "diagnosed_text": "As exactly as you know, for example 2015 or as a child.",
        }


class OperationForm(EntryForm):
    """An operation, for clinicians."""

    past_days: ClassVar[tuple[str, ...]] = ("performed_on",)
    procedure = forms.CharField(
        label="Operation", max_length=300, error_messages={"required": "Say which operation it was."}
    )

    class Meta:
        model = SurgicalHistory
        fields: ClassVar[list[str]] = ["procedure", "performed_on", "date_text", "notes"]
        labels: ClassVar[dict[str, str]] = {"performed_on": "Day", "date_text": "Or when, in words"}
        help_texts: ClassVar[dict[str, str]] = {"date_text": "Where the day is not known, for example 2009."}
        widgets: ClassVar[dict[str, Any]] = {"performed_on": day_input(), "notes": _LINES}


class PatientOperationForm(OperationForm):
    """An operation in the patient's words."""

    procedure = forms.CharField(
        label="Which operation?",
        max_length=300,
        help_text="For example appendix removed. One at a time.",
        error_messages={"required": "Say which operation it was."},
    )

    class Meta(OperationForm.Meta):
        fields: ClassVar[list[str]] = ["procedure", "performed_on", "date_text"]
        labels: ClassVar[dict[str, str]] = {"performed_on": "On which day?", "date_text": "Or about when?"}
        help_texts: ClassVar[dict[str, str]] = {"date_text": "If you do not know the day, for example 2009."}


class FamilyForm(EntryForm):
    """A condition of a relative, for clinicians."""

    condition = forms.CharField(
        label="Condition", max_length=300, error_messages={"required": "Say which condition it is."}
    )
    relation = forms.CharField(
        label="Relative",
        max_length=100,
        help_text="For example mother or paternal grandfather.",
        error_messages={"required": "Say which relative."},
    )

    class Meta:
        model = FamilyHistory
        fields: ClassVar[list[str]] = ["condition", "relation", "notes"]
        widgets: ClassVar[dict[str, Any]] = {"notes": _LINES}


class PatientFamilyForm(FamilyForm):
    """A condition of a relative in the patient's words."""

    condition = forms.CharField(
        label="Which illness?", max_length=300, error_messages={"required": "Say which illness it is."}
    )
    relation = forms.CharField(
        label="Who has or had it?",
        max_length=100,
        help_text="For example mother or brother. Leave names out.",
        error_messages={"required": "Say who has or had it."},
    )

    class Meta(FamilyForm.Meta):
        fields: ClassVar[list[str]] = ["condition", "relation"]


class ImmunizationForm(EntryForm):
    """A vaccination, for clinicians."""

    past_days: ClassVar[tuple[str, ...]] = ("given_on",)
    vaccine = forms.CharField(label="Vaccine", max_length=200, error_messages={"required": "Say which vaccine it was."})

    class Meta:
        model = Immunization
        fields: ClassVar[list[str]] = ["vaccine", "given_on", "date_text", "notes"]
        labels: ClassVar[dict[str, str]] = {"given_on": "Day", "date_text": "Or when, in words"}
        help_texts: ClassVar[dict[str, str]] = {"date_text": "Where the day is not known, for example 2009."}
        widgets: ClassVar[dict[str, Any]] = {"given_on": day_input(), "notes": _LINES}


class PatientImmunizationForm(ImmunizationForm):
    """A vaccination in the patient's words."""

    vaccine = forms.CharField(
        label="Which vaccination?",
        max_length=200,
        help_text="For example tetanus. One at a time.",
        error_messages={"required": "Say which vaccination it was."},
    )

    class Meta(ImmunizationForm.Meta):
        fields: ClassVar[list[str]] = ["vaccine", "given_on", "date_text"]
        labels: ClassVar[dict[str, str]] = {"given_on": "On which day?", "date_text": "Or about when?"}
        help_texts: ClassVar[dict[str, str]] = {"date_text": "If you do not know the day, for example 2009."}


class SocialForm(EntryForm):
    """A part of the social history, for clinicians."""

    statement_text = forms.CharField(
        label="What was said",
        max_length=NOTES_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example 10 cigarettes a day, retired miner, lives alone on the third floor.",
        error_messages={"required": "Write what was said."},
    )

    class Meta:
        model = SocialHistory
        fields: ClassVar[list[str]] = ["topic", "statement_text", "since_text", "notes"]
        labels: ClassVar[dict[str, str]] = {"topic": "About", "since_text": "Since when"}
        widgets: ClassVar[dict[str, Any]] = {"notes": _LINES}
        error_messages: ClassVar[dict[str, Any]] = {"topic": {"required": "Choose what it is about."}}


class PatientSocialForm(SocialForm):
    """A part of one's own life that matters for one's health."""

    statement_text = forms.CharField(
        label="What should your doctors know?",
        max_length=NOTES_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example: I work at night. I live alone. I smoke 10 cigarettes a day.",
        error_messages={"required": "Write what your doctors should know."},
    )

    class Meta(SocialForm.Meta):
        fields: ClassVar[list[str]] = ["topic", "statement_text", "since_text"]
        labels: ClassVar[dict[str, str]] = {"topic": "What is it about?", "since_text": "Since when?"}
