"""The kinds of chart entry as pages know them: names, columns, forms, and where they stand."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404

from accounts.models import User
from medichat.templatetags.clinical import clinical_date, dose
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
)
from records.models import (
    Allergy,
    ChartEntry,
    FamilyHistory,
    Immunization,
    MedicalHistory,
    MedicalInfo,
    Medication,
    Source,
    SurgicalHistory,
)

TABS = {
    "overview": "Overview",
    "problems": "Problems",
    "medicines": "Medicines",
    "allergies": "Allergies",
    "history": "History",
    "person": "Person",
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

    @property
    def one(self) -> str:
        """'an allergy', 'a medicine'."""
        return f"{'an' if self.singular[0] in 'aeiou' else 'a'} {self.singular}"

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
    ]
}


# Whether a medicine is taken now is said by where it stands.
NOT_AT_A_GLANCE = {"Notes", "Type", "Taken now"}
FOR_CLINICIANS = {"ICD-10", "Taken now"}


def kind_named(slug: str) -> Kind:
    """The kind of this slug. Raises Http404 for another one."""
    try:
        return KINDS[slug]
    except KeyError:
        raise Http404 from None


@dataclass(frozen=True)
class Row:
    """One entry as a page shows it, with what this person may do to it."""

    entry: Any
    cells: list[tuple[str, str]]
    provenance: str
    """Where it comes from and who recorded it."""
    struck_out: str = ""
    """By whom, when and why it was marked as entered in error."""
    correct_url: str = ""
    wrong_url: str = ""
    end_url: str = ""

    @property
    def name(self) -> str:
        """What the entry is called."""
        return self.cells[0][1]

    @property
    def at_a_glance(self) -> list[str]:
        """What an overview says besides the name."""
        return [text for heading, text in self.cells[1:] if text and heading not in NOT_AT_A_GLANCE]

    @property
    def in_plain_words(self) -> list[tuple[str, str]]:
        """What patients read besides the name."""
        return [(heading, text) for heading, text in self.cells[1:] if text and heading not in FOR_CLINICIANS]


@dataclass(frozen=True)
class Section:
    """All entries of one kind of one chart, as a page shows them."""

    kind: Kind
    rows: list[Row]
    none_stated_on: date | None
    add_url: str
    none_url: str = ""
    struck: int = 0
    """How many entries are struck out, shown or not."""

    @property
    def past(self) -> list[Row]:
        """Medicines that are not taken any more, conditions that are over."""
        return [row for row in self.rows if is_past(row.entry)]

    @property
    def present(self) -> list[Row]:
        """The others."""
        return [row for row in self.rows if not is_past(row.entry)]

    @property
    def sorted_rows(self) -> list[Row]:
        """What is present before what is past."""
        return self.present + self.past

    @property
    def width(self) -> int:
        """The columns of the table: those of the kind, where it comes from, and what can be done."""
        return len(self.kind.columns) + 2


def is_past(entry: ChartEntry) -> bool:
    """Whether it is over, as far as known. What nobody knows counts as present."""
    if isinstance(entry, Medication):
        return not entry.is_current
    return isinstance(entry, MedicalHistory) and entry.is_active is False


def section_of(
    chart: OpenChart, kind: Kind, entries: Iterable[ChartEntry], info: MedicalInfo | None, *, with_errors: bool
) -> Section:
    """What a page shows of one kind; struck-out entries only on demand."""
    entries = list(entries)
    standing = [entry for entry in entries if entry.entered_in_error_at is None]
    unsaid = not any(entry.says_something for entry in standing)
    return Section(
        kind=kind,
        rows=[row_of(chart, kind, entry) for entry in (entries if with_errors else standing)],
        none_stated_on=getattr(info, kind.model.statement) if info and kind.model.statement and unsaid else None,
        add_url=chart.url("add", slug=kind.slug),
        none_url=chart.url("none", slug=kind.slug) if kind.none_stated and unsaid else "",
        struck=len(entries) - len(standing),
    )


def row_of(chart: OpenChart, kind: Kind, entry: ChartEntry) -> Row:
    """One entry, with the acts that are open to this person."""
    cells = [(heading, text_of(entry)) for heading, text_of in kind.columns]
    provenance = provenance_of(entry, chart.by)
    if entry.entered_in_error_at is not None:
        return Row(entry, cells, provenance, struck_out=error_of(entry, chart.by))
    if not entry.may_be_changed_by(chart.by):
        return Row(entry, cells, provenance)
    place = {"slug": kind.slug, "entry_id": entry.pk}
    can_end = bool(kind.end_act) and not is_past(entry)
    return Row(
        entry,
        cells,
        provenance,
        correct_url=chart.url("correct", **place),
        wrong_url=chart.url("wrong", **place),
        end_url=chart.url("end", **place) if can_end else "",
    )


def provenance_of(entry: ChartEntry, reader: User) -> str:
    """Where an entry comes from and who recorded it, as far as known, in words for this reader."""
    by_the_patient = entry.source == Source.PATIENT
    source = "Stated by you" if by_the_patient and entry.patient_id == reader.pk else entry.get_source_display()
    who = "" if by_the_patient else _name_of(entry.recorded_by_id, entry.recorded_by, reader)
    return f"{source} ({who})" if who else source


def error_of(entry: ChartEntry, reader: User) -> str:
    """By whom, when and why an entry was struck out."""
    who = _name_of(entry.entered_in_error_by_id, entry.entered_in_error_by, reader)
    return f"{entry.entered_in_error_reason} ({who}, {clinical_date(entry.entered_in_error_at)})"


def _name_of(key: uuid.UUID | None, someone: User | None, reader: User) -> str:
    """A person's name; who is out of the reader's sight (an administrator, a former doctor) is not named."""
    if key is None:
        return ""
    if key == reader.pk:
        return "you"
    return str(someone) if someone else "the clinic"
