"""The kinds of chart entry as pages know them: names, columns, forms, and where they stand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404

from medichat.templatetags.clinical import clinical_date, clinical_datetime, dose
from records.access import OpenChart
from records.forms import (
    AllergyForm,
    ConditionForm,
    EntryForm,
    FamilyForm,
    ImmunizationForm,
    MedicationForm,
    OperationForm,
    PatientAllergyForm,
    PatientConditionForm,
    PatientFamilyForm,
    PatientImmunizationForm,
    PatientMedicationForm,
    PatientOperationForm,
    PatientSocialForm,
    PatientVitalsForm,
    SocialForm,
    VitalsForm,
)
from records.models import (
    Allergy,
    ChartEntry,
    FamilyHistory,
    Immunization,
    MedicalHistory,
    Medication,
    SocialHistory,
    SurgicalHistory,
    VitalSigns,
)
from records.vitals.measures import pressure, shown

TABS = {
    "overview": "Overview",
    "problems": "Problems",
    "medicines": "Medicines",
    "allergies": "Allergies",
    "vitals": "Vitals",
    "history": "History",
    "person": "Person",
    "timeline": "Timeline",
}


@dataclass(frozen=True)
class Kind:
    """One kind of entry. ``columns`` are (heading, what stands there); the first one names the entry."""

    slug: str
    model: type[ChartEntry]
    tab: str
    title: str
    singular: str
    icon: str
    columns: tuple[tuple[str, Callable[[Any], str]], ...]
    form: type[EntryForm]
    patient_form: type[EntryForm]
    none_stated: str = ""
    """What 'none' means in the words of a chart, where a patient can state it."""
    none_in_own_words: str = ""
    end_act: str = ""
    """What ending an entry is called, where it can end."""
    longest_list: int = 0
    """How many of the latest entries a page shows, where there may be very many; 0 for all."""

    @property
    def one(self) -> str:
        """'an allergy', 'a medicine'."""
        return f"{'an' if self.singular[0] in 'aeiou' else 'a'} {self.singular}"

    def prepare(self, entry: Any, chart: OpenChart) -> None:
        """Give an entry what its columns need of the patient. Patients see figures without a judgement of them."""
        if isinstance(entry, VitalSigns):
            entry.judged_for = None if chart.is_own else chart.patient.date_of_birth

    def form_for(self, chart: OpenChart) -> type[EntryForm]:
        """The short form in plain words for patients, the full one for clinicians."""
        return self.patient_form if chart.is_own else self.form


def _span(start: date | None, end: date | None) -> str:
    """'01-Mar-2026 to 05-Mar-2026', or the half that is known."""
    if start and end:
        return f"{clinical_date(start)} to {clinical_date(end)}"
    if end:
        return f"until {clinical_date(end)}"
    return f"since {clinical_date(start)}" if start else ""


def _since(condition: MedicalHistory) -> str:
    return clinical_date(condition.diagnosed_on) or condition.diagnosed_text or ""


def _now(condition: MedicalHistory) -> str:
    if condition.is_active is None:
        return "not known whether it lasts"
    if condition.is_active:
        return "active"
    return f"resolved {clinical_date(condition.resolved_on)}".strip()


def _taken(medicine: Medication) -> str:
    if medicine.is_active is None:
        return "not known"
    return "yes" if medicine.is_current else "no"


def _figure(name: str) -> Callable[[VitalSigns], str]:
    return lambda measured: shown(measured, name, measured.judged_for)


def _glucose(measured: VitalSigns) -> str:
    text = shown(measured, "glucose_mmol_l", measured.judged_for)
    when = measured.get_glucose_when_display() if measured.glucose_when else ""
    return f"{text}, {when.lower()}" if when else text


def _notes(entry: ChartEntry) -> str:
    return entry.notes or ""


KINDS = {
    kind.slug: kind
    for kind in [
        Kind(
            slug="allergies",
            model=Allergy,
            tab="allergies",
            title="Allergies",
            singular="allergy",
            icon="allergy",
            columns=(
                ("Allergy to", lambda allergy: allergy.allergen),
                ("Reaction", lambda allergy: allergy.reaction or ""),
                ("Severity", lambda allergy: allergy.get_severity_display() or ""),
                ("Type", lambda allergy: allergy.get_kind_display() or ""),
                ("Certainty", lambda allergy: allergy.get_certainty_display() or ""),
                ("Known since", lambda allergy: clinical_date(allergy.diagnosed_on)),
                ("Notes", _notes),
            ),
            form=AllergyForm,
            patient_form=PatientAllergyForm,
            none_stated="No known allergies",
            none_in_own_words="I have no allergies that I know of",
        ),
        Kind(
            slug="medicines",
            model=Medication,
            tab="medicines",
            title="Medicines",
            singular="medicine",
            icon="pill",
            columns=(
                ("Medicine", lambda medicine: dose(medicine.medication_name)),
                ("Dose", lambda medicine: dose(medicine.dosage or "")),
                ("Route", lambda medicine: medicine.route or ""),
                ("How often", lambda medicine: medicine.frequency or ""),
                ("When", lambda medicine: _span(medicine.started_on, medicine.ended_on)),
                ("Taken now", _taken),
                ("Notes", _notes),
            ),
            form=MedicationForm,
            patient_form=PatientMedicationForm,
            none_stated="Takes no medicines",
            none_in_own_words="I take no medicines",
            end_act="Stopped",
        ),
        Kind(
            slug="conditions",
            model=MedicalHistory,
            tab="problems",
            title="Conditions",
            singular="condition",
            icon="heart",
            columns=(
                ("Condition", lambda condition: condition.condition),
                ("ICD-10", lambda condition: condition.icd10_code or ""),
                ("Since", _since),
                ("Now", _now),
                ("Notes", _notes),
            ),
            form=ConditionForm,
            patient_form=PatientConditionForm,
            none_stated="No earlier illnesses",
            none_in_own_words="I have and had no illnesses",
            end_act="Resolved",
        ),
        Kind(
            slug="vitals",
            model=VitalSigns,
            tab="vitals",
            title="Measurements",
            singular="set of measurements",
            icon="vitals",
            columns=(
                ("Measured", lambda measured: clinical_datetime(measured.measured_at)),
                ("BP (mmHg)", lambda measured: pressure(measured, measured.judged_for)),
                ("Pulse (/min)", _figure("pulse")),
                ("Temp. (°C)", _figure("temperature_c")),
                ("Breaths (/min)", _figure("respiratory_rate")),
                ("SpO₂ (%)", _figure("oxygen_saturation")),
                ("Weight (kg)", _figure("weight_kg")),
                ("Height (cm)", _figure("height_cm")),
                ("BMI", _figure("bmi")),
                ("Glucose (mmol/L)", _glucose),
                ("Notes", _notes),
            ),
            form=VitalsForm,
            patient_form=PatientVitalsForm,
            longest_list=50,
        ),
        Kind(
            slug="operations",
            model=SurgicalHistory,
            tab="history",
            title="Operations",
            singular="operation",
            icon="history",
            columns=(
                ("Operation", lambda operation: str(operation)),
                ("When", lambda operation: clinical_date(operation.performed_on) or operation.date_text or ""),
                ("Notes", _notes),
            ),
            form=OperationForm,
            patient_form=PatientOperationForm,
        ),
        Kind(
            slug="family",
            model=FamilyHistory,
            tab="history",
            title="Family history",
            singular="illness in the family",
            icon="users",
            columns=(
                ("Condition", lambda relative: relative.condition or "not stated"),
                ("Relative", lambda relative: relative.relation),
                ("Notes", _notes),
            ),
            form=FamilyForm,
            patient_form=PatientFamilyForm,
        ),
        Kind(
            slug="vaccinations",
            model=Immunization,
            tab="history",
            title="Vaccinations",
            singular="vaccination",
            icon="syringe",
            columns=(
                ("Vaccine", lambda vaccination: str(vaccination)),
                ("When", lambda vaccination: clinical_date(vaccination.given_on) or vaccination.date_text or ""),
                ("Notes", _notes),
            ),
            form=ImmunizationForm,
            patient_form=PatientImmunizationForm,
        ),
        Kind(
            slug="social",
            model=SocialHistory,
            tab="history",
            title="Social history",
            singular="part of the social history",
            icon="home",
            columns=(
                ("About", lambda social: social.get_topic_display()),
                ("What was said", lambda social: social.statement_text),
                ("Since", lambda social: social.since_text or ""),
                ("Notes", _notes),
            ),
            form=SocialForm,
            patient_form=PatientSocialForm,
        ),
    ]
}


def kind_named(slug: str) -> Kind:
    """The kind of this slug. Raises Http404 for another one."""
    try:
        return KINDS[slug]
    except KeyError:
        raise Http404 from None


def is_past(entry: ChartEntry) -> bool:
    """Whether it is over, as far as known. What nobody knows counts as present."""
    if isinstance(entry, Medication):
        return not entry.is_current
    return isinstance(entry, MedicalHistory) and entry.is_active is False
