"""What is sent about a chart. Here fields have their types; the rules stand in the forms of the pages."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from medichat.api.values import DayField
from records.access import OpenChart
from records.forms import EntryForm
from records.kinds import Kind
from records.models import Allergy, ChartEntry, MedicalInfo, SocialHistory, VitalSigns

# The name in the API -> the field of the form, for each kind.
FIELDS: dict[str, dict[str, str]] = {
    "allergies": {
        "allergen": "allergen", "allergenType": "kind", "reaction": "reaction", "severity": "severity",
        "certainty": "certainty", "diagnosedDate": "diagnosed_on", "notes": "notes",
    },
    "medicines": {
        "medicationName": "medication_name", "dosage": "dosage", "route": "route", "frequency": "frequency",
        "startDate": "started_on", "endDate": "ended_on", "notes": "notes",
    },
    "conditions": {
        "condition": "condition", "icd10Code": "icd10_code", "isActive": "is_active",
        "diagnosedDate": "diagnosed_on", "diagnosedText": "diagnosed_text", "resolvedDate": "resolved_on",
        "notes": "notes",
    },
    "vitals": {
        "measuredAt": "measured_at", "bloodPressure": "blood_pressure", "pulse": "pulse",
        "temperatureC": "temperature_c", "respiratoryRate": "respiratory_rate",
        "oxygenSaturation": "oxygen_saturation", "weightKg": "weight_kg", "heightCm": "height_cm",
        "glucoseMmolL": "glucose_mmol_l", "glucoseWhen": "glucose_when", "notes": "notes",
    },
    "social": {"topic": "topic", "statement": "statement_text", "since": "since_text", "notes": "notes"},
    "operations": {
        "procedure": "procedure", "performedDate": "performed_on", "dateText": "date_text", "notes": "notes",
    },
    "family": {"condition": "condition", "relation": "relation", "notes": "notes"},
    "vaccinations": {"vaccine": "vaccine", "givenDate": "given_on", "dateText": "date_text", "notes": "notes"},
}  # fmt: skip
ABOUT = {
    "sex": "sex", "bloodType": "blood_type", "heightCm": "height_cm", "weightKg": "weight_kg",
    "smokingStatus": "smoking", "alcoholConsumption": "alcohol", "exerciseFrequency": "exercise",
    "preferredLanguage": "preferred_language",
}  # fmt: skip
SERVICES = {
    "primaryPhysician": "primary_physician", "pharmacyName": "pharmacy_name", "pharmacyPhone": "pharmacy_phone",
    "insuranceProvider": "insurance_provider", "insurancePolicyNumber": "insurance_policy_number",
    "insuranceGroupNumber": "insurance_group_number",
}  # fmt: skip
CONTACT = {"name": "name", "relationship": "relationship", "phone": "phone", "email": "email"}


def text() -> Any:
    """A text; null and '' say nothing. How long it may be is said by the form."""
    return serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=4000)


def one_of(choices: Any) -> Any:
    """One of the choices; null and '' say nothing."""
    return serializers.ChoiceField(choices.choices, required=False, allow_null=True, allow_blank=True)


class ChartEntrySent(serializers.Serializer[Any]):
    """The fields of one entry; which belong to which kind stands in docs/api.md. Others are refused."""

    allergen = text()
    allergenType = one_of(Allergy.Kind)
    reaction = text()
    severity = one_of(Allergy.Severity)
    certainty = one_of(Allergy.Certainty)
    medicationName = text()
    dosage = text()
    route = text()
    frequency = text()
    condition = text()
    icd10Code = text()
    diagnosedText = text()
    procedure = text()
    relation = text()
    vaccine = text()
    dateText = text()
    notes = text()
    topic = one_of(SocialHistory.Topic)
    statement = text()
    since = text()
    measuredAt = text()
    bloodPressure = text()
    pulse = text()
    temperatureC = text()
    respiratoryRate = text()
    oxygenSaturation = text()
    weightKg = text()
    heightCm = text()
    glucoseMmolL = text()
    glucoseWhen = one_of(VitalSigns.GlucoseWhen)
    isActive = serializers.BooleanField(required=False, allow_null=True)
    diagnosedDate = DayField(required=False, allow_null=True)
    startDate = DayField(required=False, allow_null=True)
    endDate = DayField(required=False, allow_null=True)
    resolvedDate = DayField(required=False, allow_null=True)
    performedDate = DayField(required=False, allow_null=True)
    givenDate = DayField(required=False, allow_null=True)


class ReasonSent(serializers.Serializer[Any]):
    """Why an entry is wrong."""

    reason = serializers.CharField(max_length=300)


class EndSent(serializers.Serializer[Any]):
    """The last day; today without it."""

    on = DayField(required=False, allow_null=True)


class AboutSent(serializers.Serializer[Any]):
    """What of body, habits and services is to be changed; null clears, what is not sent stays."""

    sex = one_of(MedicalInfo.Sex)
    bloodType = one_of(MedicalInfo.BloodType)
    heightCm = text()
    weightKg = text()
    smokingStatus = one_of(MedicalInfo.Smoking)
    alcoholConsumption = one_of(MedicalInfo.Alcohol)
    exerciseFrequency = one_of(MedicalInfo.Exercise)
    preferredLanguage = text()
    primaryPhysician = text()
    pharmacyName = text()
    pharmacyPhone = text()
    insuranceProvider = text()
    insurancePolicyNumber = text()
    insuranceGroupNumber = text()


class ChartContactSent(serializers.Serializer[Any]):
    """Somebody to call; null clears, what is not sent stays."""

    name = text()
    relationship = text()
    phone = text()
    email = text()


def entry_form(
    kind: Kind, chart: OpenChart, sent: Mapping[str, Any], *, replaces: ChartEntry | None = None
) -> EntryForm:
    """The form of the page, filled in; of an entry that is replaced what is not sent stays. Raises ValidationError."""
    names = FIELDS[kind.slug]
    form_class = kind.form_for(chart)
    # What patients do not fill in themselves, or what belongs to another kind, must not be lost in silence.
    asked = set(form_class.base_fields)
    known = {name for name, field in names.items() if field in asked} | {"reason"}
    if strange := sorted(name for name, value in sent.items() if name not in known and value not in (None, "")):
        raise ValidationError(dict.fromkeys(strange, f"This cannot be said about {kind.one} here."))
    more = {"replaces": replaces} if replaces else {}
    blank = form_class(patient=chart.patient, **more)
    # As the page shows it before anybody types: what the entry says already, today, now.
    data = {name: _as_typed(blank.get_initial_for_field(field, name)) for name, field in blank.fields.items()}
    data |= {names.get(name, name): _as_typed(value) for name, value in sent.items()}
    return form_class(data, patient=chart.patient, **more)


def renamed(errors: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, list[str]]:
    """The faults of a form under the names of the API."""
    back = {field: name for name, field in names.items()}
    return {back.get(field, field): [str(message) for message in messages] for field, messages in errors.items()}


def typed(sent: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """What was sent as somebody would type it into the form."""
    return {names[name]: _as_typed(value) for name, value in sent.items() if name in names}


def _as_typed(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
