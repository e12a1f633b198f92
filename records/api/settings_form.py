"""What the settings form of existing clients sends, and what of it is meant as a change.

The form always sends every field: empty ones for what the person left empty and for what it never loaded, lists as it
knows them. So nothing is taken away by what is missing: an empty text or list changes nothing, entries of a list that
are on the chart stay as they are, and new ones are added. Clients that mean to clear a text send null. Taking entries
off the chart is an act of its own, with a reason.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from accounts import signals
from accounts.forms import ProfileForm
from accounts.models import User
from medichat.api.errors import faults_of
from medichat.api.values import DayField, decimal
from medichat.measures import centimetres, is_understood, kilograms
from records.forms import AboutForm, ContactForm, PatientAllergyForm, PatientMedicationForm, ServicesForm
from records.models import Allergy, ChartEntry, EmergencyContact, MedicalHistory, MedicalInfo, Medication, Source

ACCOUNT = {"phone": "phone", "dateOfBirth": "date_of_birth"}
ABOUT = {
    "gender": "sex",
    "height": "height_cm",
    "weight": "weight_kg",
    "bloodType": "blood_type",
    "smokingStatus": "smoking",
    "alcoholConsumption": "alcohol",
    "exerciseFrequency": "exercise",
    "preferredLanguage": "preferred_language",
}
SERVICES = {
    "primaryPhysician": "primary_physician",
    "pharmacyName": "pharmacy_name",
    "pharmacyPhone": "pharmacy_phone",
    "insuranceProvider": "insurance_provider",
    "insurancePolicyNumber": "insurance_policy_number",
    "insuranceGroupNumber": "insurance_group_number",
}
# What is no figure stays as the words that were typed: (field, figure, words, reader of units).
MEASURES = (
    ("height", "height_cm", "height_text", centimetres),
    ("weight", "weight_kg", "weight_text", kilograms),
)
LONGEST_MEASURE = 100
LISTS = ("allergies", "currentMedications", "chronicConditions", "emergencyContacts")
# The form shows it where nobody said anything, and sends it then too.
LANGUAGE_BY_DEFAULT = "English"
MOST_ENTRIES = 200

Faults = dict[str, Any]


def read(data: Any) -> dict[str, Any]:
    """What was sent, as one dictionary; of a multipart form the lists are JSON texts. Raises ValidationError."""
    if isinstance(data, QueryDict):
        data = data.dict()
    if not isinstance(data, Mapping):
        raise ValidationError("Send the fields of the form.")
    sent, faults = dict(data), {}
    for name in LISTS:
        value = sent.get(name)
        if isinstance(value, str):
            try:
                value = json.loads(value) if value.strip() else []
            except (ValueError, RecursionError):
                faults[name] = "This is no list."
        if name in sent and name not in faults:
            sent[name] = value if value is not None else []
            if not isinstance(sent[name], list) or len(sent[name]) > MOST_ENTRIES:
                faults[name] = f"This must be a list of at most {MOST_ENTRIES} entries."
    for name in {*ACCOUNT, *ABOUT, *SERVICES, "emergencyContact", "emergencyContactPhone"} & sent.keys():
        if isinstance(sent[name], int | float) and not isinstance(sent[name], bool):
            sent[name] = str(sent[name])
        if sent[name] is not None and not isinstance(sent[name], str):
            faults[name] = "This must be a text."
        elif isinstance(sent[name], str) and "\0" in sent[name]:
            faults[name] = "This contains a character that cannot be stored."
    if faults:
        raise ValidationError(faults)
    return sent


def apply(sent: dict[str, Any], patient: User) -> None:
    """Store what is meant as a change. Raises ValidationError with everything that is wrong; then nothing is stored."""
    faults: Faults = {}
    _change_account(sent, patient, faults)
    info = MedicalInfo.locked(patient)
    _change_info(sent, info, patient, faults)
    _add_entries(sent, patient, faults)
    _change_contacts(sent, patient, faults)
    if faults:
        raise ValidationError(faults)


def _said(sent: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The columns about which something was said: a text, or null to clear it."""
    return {
        column: sent[name]
        for name, column in names.items()
        if name in sent and (sent[name] is None or sent[name].strip())
    }


def _change_account(sent: dict[str, Any], patient: User, faults: Faults) -> None:
    said = _said(sent, ACCOUNT)
    if isinstance(said.get("date_of_birth"), str):
        try:
            said["date_of_birth"] = DayField().run_validation(said["date_of_birth"])
        except ValidationError as error:
            faults["dateOfBirth"] = error.detail
            del said["date_of_birth"]
    form = _only(ProfileForm(said, instance=patient), said)
    if not form.is_valid():
        faults.update(_renamed(form.errors, ACCOUNT))
    elif form.changed_data:
        patient.save(update_fields=form.changed_data)
        signals.profile_updated.send(User, user=patient, fields=form.changed_data)


def _change_info(sent: dict[str, Any], info: MedicalInfo, patient: User, faults: Faults) -> None:
    about, services = _said(sent, ABOUT), _said(sent, SERVICES)
    worded = _take_words(about, info, faults)
    if about.get("preferred_language") == LANGUAGE_BY_DEFAULT and _language_is_not_meant(sent, info):
        del about["preferred_language"]
    doctor = info.assigned_doctor
    if doctor and services.get("primary_physician") == doctor.get_full_name():
        del services["primary_physician"]  # the form shows the regular doctor of the clinic there
    for form_class, said, names in ((AboutForm, about, ABOUT), (ServicesForm, services, SERVICES)):
        form: Any = _only(form_class(said, instance=info), said)
        if not form.is_valid():
            faults.update(_renamed(form.errors, names))
        elif columns := [*form.changed_columns(), *(worded if form_class is AboutForm else ())]:
            try:
                info.save_changes(by=patient, fields=columns)
            except DjangoValidationError as refused:
                faults.update(_renamed(refused.message_dict, names))


def _take_words(about: dict[str, Any], info: MedicalInfo, faults: Faults) -> list[str]:
    """Take height and weight out of the form where they are as they were loaded, and where they are no figures.

    Words that cannot be read as a figure are kept as words beside what is known; returns the columns with new words.
    """
    columns = []
    for name, figure, words, read in MEASURES:
        stated, known = about.get(figure), getattr(info, figure)
        if stated is None:
            continue
        if known is not None and stated == decimal(known):
            del about[figure]
        elif not is_understood(stated, read):
            del about[figure]
            if len(stated.strip()) > LONGEST_MEASURE:
                faults[name] = [f"Write it in at most {LONGEST_MEASURE} characters."]
            elif stated.strip() != getattr(info, words):
                setattr(info, words, stated.strip())
                columns.append(words)
    return columns


def _language_is_not_meant(sent: dict[str, Any], info: MedicalInfo) -> bool:
    """Nothing is known of a language, or the form is blank but for what it shows by itself."""
    others = {*ACCOUNT, *ABOUT, *SERVICES, *LISTS} - {"preferredLanguage"}
    return not info.preferred_language or not any(sent.get(name) for name in others)


def _add_entries(sent: dict[str, Any], patient: User, faults: Faults) -> None:
    """Allergies, medicines and conditions that are not on the chart yet."""
    _add(Allergy, "allergies", _allergies(sent.get("allergies", ())), patient, faults)
    _add(Medication, "currentMedications", _medicines(sent.get("currentMedications", ())), patient, faults)
    _add(MedicalHistory, "chronicConditions", _conditions(sent.get("chronicConditions", ())), patient, faults)


def _add(model: type[ChartEntry], name: str, wanted: Iterator[tuple[int, Any]], patient: User, faults: Faults) -> None:
    standing = list(model.objects.visible_to(patient).of_patient(patient).standing())
    ids = {str(entry.pk) for entry in standing}
    # An entry is known by its name, and a medicine also by name and dose.
    known = {_plain(text) for entry in standing for text in _names_of(entry)}
    for number, fields in wanted:
        if fields is None:
            faults.setdefault(name, {})[str(number)] = ["This entry is not understood."]
            continue
        entry_id, names, values = fields
        if entry_id in ids or not names or any(_plain(text) in known for text in names):
            continue
        known.update(_plain(text) for text in names)
        entry, wrong = _entry(model, values, patient)
        if wrong:
            faults.setdefault(name, {})[str(number)] = [fault["message"] for fault in faults_of(wrong)]
            continue
        try:
            entry.record(by=patient, source=Source.PATIENT)
        except DjangoValidationError as refused:
            faults.setdefault(name, {})[str(number)] = refused.messages


def _entry(model: type[ChartEntry], values: dict[str, Any], patient: User) -> tuple[ChartEntry, Any]:
    """The entry, and what is wrong with it."""
    forms: dict[type[ChartEntry], Any] = {Allergy: PatientAllergyForm, Medication: PatientMedicationForm}
    if model in forms:
        form = forms[model](values, patient=patient)
        form.is_valid()
        return form.entry(), form.errors
    entry = model(patient=patient, **values)
    try:
        entry.clean_fields(exclude=["recorded_by", "entered_in_error_by"])
    except DjangoValidationError as wrong:
        return entry, wrong.message_dict
    return entry, {}


def _names_of(entry: Any) -> list[str]:
    if isinstance(entry, Medication):
        name, dosage, frequency = entry.medication_name, entry.dosage or "", entry.frequency or ""
        return [str(entry), f"{name} {dosage}", f"{name} {frequency}"]
    return [str(entry)]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


def _allergies(sent: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Texts, or entries as the previous system sent them: the id, the names to know it by, the values of a new one."""
    for number, item in enumerate(sent):
        name = item.get("allergen") if isinstance(item, dict) else item
        yield number, _parts(item, name, {"allergen": name}, [name])


def _medicines(sent: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Texts, new ones as ``{name, dosage, frequency}``, and entries as they were loaded."""
    for number, item in enumerate(sent):
        if not isinstance(item, dict):
            yield number, _parts(item, item, {"medication_name": item}, [item])
            continue
        name = item.get("name") or item.get("medicationName")
        dosage, frequency = item.get("dosage") or "", item.get("frequency") or ""
        values = {"medication_name": name, "dosage": dosage, "frequency": frequency}
        names = [f"{name} {dosage} {frequency}", f"{name} {dosage}"] if dosage or frequency else [name]
        yield number, _parts(item, name, values, names)


def _conditions(sent: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Texts: conditions that last. Since when is not known."""
    for number, item in enumerate(sent):
        name = item.get("condition") if isinstance(item, dict) else item
        yield number, _parts(item, name, {"condition": name, "is_active": True}, [name])


def _parts(item: Any, name: Any, values: dict[str, Any], names: list[Any]) -> Any:
    """None for what is not understood; without names for an entry that says nothing."""
    entry_id = str(item.get("id") or item.get("_id") or "") if isinstance(item, dict) else ""
    if name is None or name == "":
        return entry_id, [], values
    if not isinstance(name, str) or not all(isinstance(value, str | bool) for value in values.values()):
        return None
    if "\0" in "".join(str(value) for value in values.values()):
        return None
    return entry_id, names if name.strip() else [], values


def _change_contacts(sent: dict[str, Any], patient: User, faults: Faults) -> None:
    """The form knows the first contact only: it is changed, others stay, and further ones are added."""
    contacts = list(EmergencyContact.objects.visible_to(patient).filter(patient=patient).order_by("position", "id"))
    items = list(sent.get("emergencyContacts", ()))
    flat = {"name": sent.get("emergencyContact"), "phone": sent.get("emergencyContactPhone")}
    if not items and any(flat.values()):
        items = [flat]
    for number, item in enumerate(items):
        columns = ("name", "relationship", "phone", "email")
        said = {name: item[name] for name in columns if item.get(name)} if isinstance(item, dict) else None
        if said is None or not all(isinstance(value, str) and "\0" not in value for value in said.values()):
            faults.setdefault("emergencyContacts", {})[str(number)] = ["This entry is not understood."]
            continue
        same = next((row for row in contacts if _is_same(row, said)), None)
        row = same or (contacts[0] if number == 0 and contacts else None)
        if not said or same:
            continue
        instance = row or EmergencyContact(patient=patient)
        form = ContactForm({name: getattr(instance, name) or "" for name in columns} | said, instance=instance)
        if not form.is_valid():
            faults.setdefault("emergencyContacts", {})[str(number)] = _renamed(form.errors, {})
        elif row is None:
            instance.record(by=patient)
        elif form.changed_data:
            instance.save_changes(by=patient, fields=form.changed_data)


def _is_same(row: EmergencyContact, said: dict[str, Any]) -> bool:
    return all(_plain(getattr(row, name) or "") == _plain(value) for name, value in said.items())


def _only(form: Any, said: Mapping[str, Any]) -> Any:
    """The form without the fields about which nothing was said, so that they stay as they are."""
    for name in list(form.fields):
        if name not in said:
            del form.fields[name]
    return form


def _renamed(errors: Mapping[str, Any], names: Mapping[str, str]) -> Faults:
    """Errors of a form under the names that the client knows."""
    back = {column: name for name, column in names.items()}
    return {back.get(column, column): [str(message) for message in messages] for column, messages in errors.items()}
