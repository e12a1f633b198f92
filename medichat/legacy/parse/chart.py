"""The chart in a user's document: allergies, medicines, conditions, operations, relatives, vaccinations, contacts."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, TypeVar

from medichat.legacy.parse import rules
from medichat.legacy.parse.dates import stated_day
from medichat.legacy.parse.identity import ElementIds
from medichat.legacy.parse.lists import elements, separated
from medichat.legacy.parse.parsing import Field, Parsed, Row, Section, states_nothing
from medichat.legacy.parse.rows import (
    AllergyRow,
    ChartRow,
    EmergencyContactRow,
    FamilyHistoryRow,
    ImmunizationRow,
    MedicalHistoryRow,
    MedicationRow,
    SurgicalHistoryRow,
)
from medichat.legacy.parse.values import choice_of, plain, text, text_of

ALLERGY_SEVERITIES = {
    **{level: level for level in ("mild", "moderate", "severe")},
    **dict.fromkeys(("life_threatening", "life-threatening", "life threatening"), "life_threatening"),
}
_NONE = frozenset(
    {"none", "no", "nil", "nothing", "none known", "none reported", "none stated", "denies", "denied", "negative"}
)
_NO_ALLERGIES = _NONE | {
    "nka", "nkda", "nkfa", "n.k.a", "n.k.d.a", "no allergies", "no allergy", "no known allergies", "no known allergy",
    "no known drug allergies", "no known drug allergy", "no drug allergies", "no known food allergies",
    "denies allergies", "not allergic",
}  # fmt: skip
_NO_MEDICATIONS = _NONE | {
    "no medications", "no medication", "no meds", "no current medications", "no current medication", "no medicines",
    "not taking any", "not taking anything", "takes nothing", "not on any medication", "not on any medications",
}  # fmt: skip
_NO_CONDITIONS = _NONE | {
    "no conditions", "no chronic conditions", "no known conditions", "no medical history", "no chronic illness",
    "no chronic illnesses", "no chronic diseases",
}  # fmt: skip
_SAYS_NOTHING = frozenset(
    {"unknown", "n/a", "na", "n.a", "not applicable", "not known", "not asked", "not sure", "unsure", "null",
     "undefined", "tbd", "-", "--", "---", "?", "??", "x", "."}
)  # fmt: skip

ChartKind = TypeVar("ChartKind", bound=ChartRow)


def normalised(name: str) -> str:
    """The form in which names are compared: lower case, single blanks."""
    return " ".join(name.lower().split())


def _stripped(stated: str) -> str:
    return normalised(stated.replace("\0", "")).rstrip("!.") or stated.strip()


@dataclass
class Chart:
    """What was read of a chart. ``stated_on`` is the day on which statements such as 'none' stood in the document."""

    parsed: Parsed
    stated_on: date | None
    rows: list[Row] = field(default_factory=list)
    no_known_allergies_on: date | None = None
    no_medications_on: date | None = None
    no_conditions_on: date | None = None
    _places: dict[tuple[type, object], int] = field(default_factory=dict)

    @property
    def patient(self) -> str:
        """The legacy id of whose chart it is."""
        return self.parsed.legacy_id

    def add(self, element: Field, row: ChartKind, *, same: Callable[[ChartKind], object]) -> None:
        """Add the entry, or merge it into the one that says the same."""
        place = self._places.setdefault((type(row), same(row)), len(self.rows))
        if place == len(self.rows):
            self.rows.append(row)
            element.tally(row.table, "loaded")
            return
        earlier = self.rows[place]
        assert isinstance(earlier, type(row))
        self.rows[place] = merged(earlier, row)
        element.note(rules.DUPLICATE_MERGED)
        element.tally(row.table, "merged")

    def statement(self, spoken: list[Field], entity: str) -> date | None:
        """'None' was stated: its day, unless there are entries of the kind after all."""
        contradicted = any(row.table == entity for row in self.rows)
        for element in spoken:
            if contradicted or self.stated_on is None:
                element.set_aside(rules.STATEMENT_CONTRADICTED if contradicted else rules.NO_INFORMATION)
                element.tally(entity, "set_aside")
            else:
                element.consume(rules.STATEMENT_OF_NONE)
                element.tally(entity, "merged")
        return None if contradicted or not spoken else self.stated_on


def merged(first: ChartKind, second: ChartKind) -> ChartKind:
    """The first entry with what only the second says; where they disagree, the notes keep the second's words."""
    changes: dict[str, Any] = {}
    notes = [first.notes] if first.notes else []
    if second.notes and second.notes not in notes:
        notes.append(second.notes)
    for column in fields(first):
        ours, theirs = getattr(first, column.name), getattr(second, column.name)
        if column.name in {"legacy_id", "patient_legacy_id", "notes"} or theirs in (None, "", ours):
            continue
        if ours in (None, ""):
            changes[column.name] = theirs
        elif not isinstance(ours, str) or normalised(ours) != normalised(str(theirs)):
            notes.append(f"Also stated, {column.name.replace('_', ' ')}: {theirs}")
    changes["notes"] = "\n".join(notes) or None
    return replace(first, **changes)


@dataclass
class _Named:
    """An entry whose name is known: the element, its fields, the name's field and its place."""

    element: Field
    section: Section
    name: Field
    position: int


def _named(
    listed: Field, entity: str, names: tuple[str, ...], none_words: frozenset[str]
) -> tuple[list[_Named], list[Field]]:
    """The entries of a list of texts or objects, and the elements that state that there is none."""
    found: list[_Named] = []
    spoken: list[Field] = []
    for position, element in enumerate(part for one in elements(listed) for part in separated(one)):
        if states_nothing(element.value) or _has_only_an_id(element):
            element.set_aside(rules.EMPTY_ELEMENT)
            continue
        section = Section(element, main=names[0])
        name = section.take_first(*names)
        stated = plain(name.value)
        if stated is None or not stated.strip():
            element.set_aside(rules.ENTRY_WITHOUT_NAME if isinstance(element.value, dict) else rules.WRONG_TYPE)
            element.tally(entity, "set_aside")
        elif _stripped(stated) in none_words:
            spoken.append(element)
        elif _stripped(stated) in _SAYS_NOTHING:
            element.set_aside(rules.NO_INFORMATION)
            element.tally(entity, "set_aside")
        else:
            found.append(_Named(element, section, name, position))
    return found, spoken


def _has_only_an_id(element: Field) -> bool:
    value = element.value
    return isinstance(value, dict) and all(name == "_id" or states_nothing(inner) for name, inner in value.items())


def _note_object(entry: _Named) -> None:
    """Objects are what the client wrote for medicines; in the other lists they are unexpected."""
    if isinstance(entry.element.value, dict):
        entry.element.note(rules.ENTRY_INSTEAD_OF_TEXT)


def _id_of(entry: _Named, ids: ElementIds, says: str) -> str:
    if entry.section.peek("_id") is not None:
        return ids.of(entry.element, entry.section, entry.position)
    return ids.of_text(entry.element, says, entry.position)


def read_allergies(chart: Chart, listed: Field) -> None:
    """Allergens. Kind, severity and the rest stay unknown unless an object says them."""
    ids = ElementIds(chart.patient, "allergies")
    found, spoken = _named(listed, "allergies", ("allergen", "name", "substance", "allergy"), frozenset(_NO_ALLERGIES))
    for entry in found:
        notes: list[str] = []
        _note_object(entry)
        allergen = text(entry.name, "allergies.allergen", limit=200, whole_text_goes_to=notes)
        if allergen is None:
            _nothing_left(entry, "allergies")
            continue
        row = AllergyRow(
            legacy_id=_id_of(entry, ids, normalised(allergen)),
            patient_legacy_id=chart.patient,
            allergen=allergen,
            reaction=text_of(entry.section, "reaction", "allergies.reaction"),
            severity=choice_of(entry.section, "severity", "allergies.severity", ALLERGY_SEVERITIES),
            notes=_notes(entry.section, "allergies.notes", notes),
        )
        entry.section.set_aside_rest()
        chart.add(entry.element, row, same=lambda one: normalised(one.allergen))
    chart.no_known_allergies_on = chart.statement(spoken, "allergies")


def read_medications(chart: Chart, listed: Field) -> None:
    """Medicines. Whether they are still taken was never stored. The same with another dose is another entry."""
    ids = ElementIds(chart.patient, "currentMedications")
    names = ("name", "medication", "medicationName", "drug")
    found, spoken = _named(listed, "medications", names, frozenset(_NO_MEDICATIONS))
    for entry in found:
        notes: list[str] = []
        name = text(entry.name, "medications.medication_name", limit=200, whole_text_goes_to=notes)
        if name is None:
            _nothing_left(entry, "medications")
            continue
        dosage = text(
            entry.section.take_first("dosage", "dose"), "medications.dosage", limit=200, whole_text_goes_to=notes
        )
        frequency = text_of(entry.section, "frequency", "medications.frequency", limit=200, whole_text_goes_to=notes)
        says = "|".join(normalised(part) for part in (name, dosage or "", frequency or ""))
        row = MedicationRow(
            legacy_id=_id_of(entry, ids, says),
            patient_legacy_id=chart.patient,
            medication_name=name,
            dosage=dosage,
            frequency=frequency,
            notes=_notes(entry.section, "medications.notes", notes),
        )
        entry.section.set_aside_rest()
        chart.add(entry.element, row, same=_same_medicine)
    chart.no_medications_on = chart.statement(spoken, "medications")


def _same_medicine(row: MedicationRow) -> object:
    return normalised(row.medication_name), normalised(row.dosage or ""), normalised(row.frequency or "")


def read_conditions(chart: Chart, history: Field, chronic: Field) -> None:
    """Conditions with their dates; then the chronic ones, which are ongoing and undated."""
    _read_medical_history(chart, history)
    ids = ElementIds(chart.patient, "chronicConditions")
    found, spoken = _named(chronic, "medical_history", ("condition", "name"), frozenset(_NO_CONDITIONS))
    for entry in found:
        notes: list[str] = []
        _note_object(entry)
        condition = text(entry.name, "medical_history.condition", limit=300, whole_text_goes_to=notes)
        if condition is None:
            _nothing_left(entry, "medical_history")
            continue
        day, stated = _day(entry.section.take_first("diagnosedDate", "date"), "medical_history.diagnosed_text", notes)
        row = MedicalHistoryRow(
            legacy_id=_id_of(entry, ids, normalised(condition)),
            patient_legacy_id=chart.patient,
            condition=condition,
            diagnosed_on=day,
            diagnosed_text=stated,
            is_active=True,
            notes=_notes(entry.section, "medical_history.notes", notes),
        )
        entry.section.set_aside_rest()
        chart.add(entry.element, row, same=_same_condition)
    chart.no_conditions_on = chart.statement(spoken, "medical_history")


def _same_condition(row: MedicalHistoryRow) -> object:
    return normalised(row.condition), row.diagnosed_on


def _read_medical_history(chart: Chart, listed: Field) -> None:
    ids = ElementIds(chart.patient, "medicalHistory")
    for position, element, section in _sections(listed, "medical_history", main="condition"):
        notes: list[str] = []
        named = section.take("condition")
        if plain(named.value) is None or not str(plain(named.value)).strip("\0 \t\r\n"):
            element.set_aside(rules.ENTRY_WITHOUT_NAME)
            element.tally("medical_history", "set_aside")
            continue
        condition = text(named, "medical_history.condition", limit=300, whole_text_goes_to=notes)
        day, stated = _day(section.take("diagnosedDate"), "medical_history.diagnosed_text", notes)
        row = MedicalHistoryRow(
            legacy_id=ids.of(element, section, position),
            patient_legacy_id=chart.patient,
            condition=condition or "",
            diagnosed_on=day,
            diagnosed_text=stated,
            is_active=None,
            notes=_notes(section, "medical_history.notes", notes),
        )
        section.set_aside_rest()
        chart.add(element, row, same=_same_condition)


def read_operations(chart: Chart, listed: Field) -> None:
    """Operations; their dates were texts and may be partial."""
    ids = ElementIds(chart.patient, "surgicalHistory")
    for position, element, section in _sections(listed, "surgical_history", main="procedure"):
        notes: list[str] = []
        procedure = _name(section.take("procedure"), element, "surgical_history.procedure", 300, notes)
        day, stated = _day(section.take("date"), "surgical_history.date_text", notes)
        row = SurgicalHistoryRow(
            legacy_id=ids.of(element, section, position),
            patient_legacy_id=chart.patient,
            procedure=procedure,
            performed_on=day,
            date_text=stated,
            notes=_notes(section, "surgical_history.notes", notes),
        )
        _append(chart, element, section, row)


def read_relatives(chart: Chart, listed: Field) -> None:
    """Conditions of relatives; either half may be missing."""
    ids = ElementIds(chart.patient, "familyHistory")
    for position, element, section in _sections(listed, "family_history", main="condition"):
        notes: list[str] = []
        condition = _name(section.take("condition"), element, "family_history.condition", 300, notes)
        relation = text_of(section, "relation", "family_history.relation", limit=100, whole_text_goes_to=notes)
        row = FamilyHistoryRow(
            legacy_id=ids.of(element, section, position),
            patient_legacy_id=chart.patient,
            condition=condition,
            relation=relation or "",
            notes=_notes(section, "family_history.notes", notes),
        )
        _append(chart, element, section, row)


def read_vaccinations(chart: Chart, listed: Field) -> None:
    """Vaccinations; their dates were texts and may be partial."""
    ids = ElementIds(chart.patient, "immunizations")
    for position, element, section in _sections(listed, "immunizations", main="vaccine"):
        notes: list[str] = []
        vaccine = _name(section.take("vaccine"), element, "immunizations.vaccine", 200, notes)
        day, stated = _day(section.take("date"), "immunizations.date_text", notes)
        row = ImmunizationRow(
            legacy_id=ids.of(element, section, position),
            patient_legacy_id=chart.patient,
            vaccine=vaccine,
            given_on=day,
            date_text=stated,
            notes=_notes(section, "immunizations.notes", notes),
        )
        _append(chart, element, section, row)


def read_contacts(chart: Chart, listed: Field, flat: Field, flat_phone: Field) -> None:
    """Emergency contacts in their order; then the flat single contact of older profile forms."""
    ids = ElementIds(chart.patient, "emergencyContacts")
    entries = _sections(listed, "emergency_contacts", main="name")
    for position, element, section in entries:
        row = _contact(chart, ids.of(element, section, position), position, section)
        _append(chart, element, section, row)
    if states_nothing(flat.value) and states_nothing(flat_phone.value):
        return
    element = flat_phone if states_nothing(flat.value) else flat
    section = Section(flat, main="name")
    row = _contact(chart, f"{chart.patient}.emergencyContact", _place_after(entries), section)
    phone = text(flat_phone, "emergency_contacts.phone") if row.phone is None else None
    if row.phone is not None:
        flat_phone.set_aside(rules.FIELD_TWICE)
    _append(chart, element, section, replace(row, phone=row.phone or phone))


def _place_after(entries: list[tuple[int, Field, Section]]) -> int:
    return entries[-1][0] + 1 if entries else 0


def _contact(chart: Chart, legacy_id: str, position: int, section: Section) -> EmergencyContactRow:
    return EmergencyContactRow(
        legacy_id=legacy_id,
        patient_legacy_id=chart.patient,
        position=position,
        name=text_of(section, "name", "emergency_contacts.name"),
        relationship=text(section.take_first("relationship", "relation"), "emergency_contacts.relationship"),
        phone=text_of(section, "phone", "emergency_contacts.phone"),
        email=text_of(section, "email", "emergency_contacts.email"),
    )


def _sections(listed: Field, entity: str, *, main: str) -> list[tuple[int, Field, Section]]:
    """The entries of a list of documents that say something, with their places."""
    found = []
    for position, element in enumerate(elements(listed)):
        value = element.value
        if states_nothing(value) or _has_only_an_id(element):
            element.set_aside(rules.EMPTY_ELEMENT)
        elif isinstance(value, dict):
            found.append((position, element, Section(element)))
        elif plain(value) is not None:
            element.note(rules.TEXT_INSTEAD_OF_ENTRY)
            found.append((position, element, Section(element, main=main)))
        else:
            element.set_aside(rules.WRONG_TYPE)
            element.tally(entity, "set_aside")
    return found


def _append(chart: Chart, element: Field, section: Section, row: Row) -> None:
    section.set_aside_rest()
    chart.rows.append(row)
    element.tally(row.table, "loaded")


def _name(named: Field, element: Field, column: str, limit: int, notes: list[str]) -> str:
    found = text(named, column, limit=limit, whole_text_goes_to=notes)
    if found is None:
        element.note(rules.NAME_MISSING)
    return found or ""


def _day(dated: Field, column: str, notes: list[str]) -> tuple[date | None, str | None]:
    return stated_day(dated, column, notes)


def _notes(section: Section, column: str, more: list[str]) -> str | None:
    stated = text_of(section, "notes", column, strip=False)
    return "\n".join([*([stated] if stated else []), *more]) or None


def _nothing_left(entry: _Named, entity: str) -> None:
    entry.section.set_aside_rest()
    entry.element.tally(entity, "set_aside")
