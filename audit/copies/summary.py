"""The record as a PDF that people read: the chart, each consultation with its answer, and the prescriptions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from audit.copies.reading import Row
from medichat.rich_text import as_text
from prescriptions.pdf import print_page
from prescriptions.pdf.fonts import Printable
from prescriptions.pdf.words import civil_date, date_and_time

# What the headings are, and which values of a row are printed under which words; the first is the row's title.
SECTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "about": ("About you", {
        "sex": "Sex", "blood_type": "Blood type", "height_cm": "Height in cm", "weight_kg": "Weight in kg",
        "preferred_language": "Language", "smoking": "Smoking", "alcohol": "Alcohol", "exercise": "Exercise",
        "primary_physician": "Family doctor", "pharmacy_name": "Pharmacy", "insurance_provider": "Insurance",
        "insurance_policy_number": "Policy number",
    }),
    "allergies": ("Allergies", {
        "allergen": "", "reaction": "Reaction", "severity": "Severity", "certainty": "Certainty",
        "diagnosed_on": "Known since", "notes": "Notes",
    }),
    "medicines": ("Medicines", {
        "medication_name": "", "dosage": "Dose", "frequency": "How often", "started_on": "From", "ended_on": "Until",
        "notes": "Notes",
    }),
    "conditions": ("Conditions", {
        "condition": "", "icd10_code": "ICD-10 code", "diagnosed_on": "Since", "resolved_on": "Over since",
        "notes": "Notes",
    }),
    "operations": ("Operations", {"procedure": "", "performed_on": "On", "date_text": "When", "notes": "Notes"}),
    "family_history": ("In the family", {"condition": "", "relation": "Relation", "notes": "Notes"}),
    "immunizations": ("Immunizations", {"vaccine": "", "given_on": "On", "date_text": "When", "notes": "Notes"}),
    "emergency_contacts": ("Whom to call in an emergency", {
        "name": "", "relationship": "Relation", "phone": "Telephone", "email": "E-mail",
    }),
    "consultations": ("Consultations", {
        "complaint": "", "visit_number": "Visit", "created_at": "Begun", "responded_at": "Answered", "doctor": "Doctor",
        "summary": "Summary", "diagnosis": "Diagnosis", "icd10_code": "ICD-10 code",
        "recommendations": "Recommendations", "referrals": "Referrals",
    }),
    "prescriptions": ("Prescriptions", {
        "medication_name": "", "dose": "Dose", "route": "Route", "frequency": "How often", "duration": "For how long",
        "quantity": "Quantity", "refills": "Refills", "instructions": "Instructions", "warnings": "Warnings",
        "issued_at": "Issued", "expires_on": "Valid until", "status": "State when last changed",
        "cancelled_at": "Cancelled", "doctor": "Doctor",
    }),
    "files": ("Files", {"original_name": "", "content_type": "Kind", "uploaded_at": "Attached"}),
}  # fmt: skip

# What an empty list means when the patient has said so: that is not the same as nobody having asked.
STATED = {
    "allergies": ("no_known_allergies_on", "No known allergies"),
    "medicines": ("no_medications_on", "No medicines taken"),
    "conditions": ("no_conditions_on", "No conditions"),
}
NOTHING = "Nothing recorded."
# What an editor may have formatted; on paper its lists and paragraphs are lines.
FORMATTED = {"diagnosis", "recommendations", "referrals"}


@dataclass(frozen=True)
class Entry:
    """One row on paper: its title, its values with their words, and whether it was entered in error."""

    title: str
    values: list[tuple[str, list[str]]]
    is_wrong: bool


def print_summary(rows: dict[str, list[Row]], made_at: datetime) -> bytes:
    """The PDF. Raises PdfUnavailable where this machine cannot make one."""
    printable = Printable()
    person = rows["person"][0]
    name = " ".join(filter(None, (person["first_name"], person["last_name"]))) or person["email"]
    values = {
        "clinic_name": printable(settings.CLINIC_NAME),
        "name": printable(name),
        "born": _words(person["date_of_birth"]),
        "record_number": _words(person["record_number"]),
        "made_at": date_and_time(made_at),
        "sections": [
            (title, [_entry(row, labels, printable) for row in rows[part]], _if_empty(part, rows["about"]))
            for part, (title, labels) in SECTIONS.items()
        ],
    }
    return print_page("audit/copies/summary.html", "audit/copies/summary.css", values, printable)


def _if_empty(part: str, about: list[Row]) -> str:
    """What stands where a list is empty."""
    column, words = STATED.get(part, ("", ""))
    stated_on = next((row[column] for row in about if row.get(column)), None) if column else None
    return f"{words}, as stated on {_words(stated_on)}." if stated_on else NOTHING


def _entry(row: Row, labels: dict[str, str], printable: Printable) -> Entry:
    title = next((_words(row.get(field)) for field, label in labels.items() if not label), "")
    values = [
        (label, _lines(as_text(row.get(field)) if field in FORMATTED else row.get(field), printable))
        for field, label in labels.items()
        if label
    ]
    return Entry(
        title=printable(title),
        values=[(label, lines) for label, lines in values if lines],
        is_wrong=bool(row.get("entered_in_error_at")),
    )


def _lines(value: Any, printable: Printable) -> list[str]:
    return [line for line in (printable(part).strip() for part in _words(value).splitlines()) if line]


def _words(value: Any) -> str:
    """A plain value as it is printed: dates as the clinic writes them, people by name."""
    match value:
        case None | "":
            return ""
        case {"name": name}:
            return str(name or "not named")
        case list():
            return "\n".join(map(_words, value))
        case str() if len(value) == 10 and value[4:5] == value[7:8] == "-":
            return _date(value)
        case str() if len(value) >= 25 and value[10:11] == "T" and value.endswith("+00:00"):
            return date_and_time(datetime.fromisoformat(value))
    return str(value)


def _date(value: str) -> str:
    try:
        return civil_date(datetime.fromisoformat(value).date())
    except ValueError:  # somebody's own words
        return value
