"""The summary of one visit on paper, the same for the patient and for doctors: no private note is on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from conversations.findings import summary_sections
from conversations.models import Conversation
from medichat.rich_text import as_text
from prescriptions.models import Prescription
from prescriptions.pdf import print_page
from prescriptions.pdf.fonts import Printable
from prescriptions.pdf.words import NOT_RECORDED, birth_date_with_age, civil_date, date_and_time
from prescriptions.wording import directions_in_words, plain_figure

STATES = {
    "active": "",
    "dispensed": "dispensed",
    "completed": "completed",
    "cancelled": "CANCELLED: do not take",
    "expired": "expired",
    "unknown": "state not recorded",
}


@dataclass(frozen=True)
class Medicine:
    """One prescribed medicine in words."""

    name: str
    directions: str
    details: str
    instructions: Sequence[str]
    state: str


def print_visit(conversation: Conversation, prescriptions: Sequence[Prescription]) -> bytes:
    """The PDF of an answered visit. ``conversation`` brings patient, medical information and doctor with it.

    Needs no database. Raises PdfUnavailable where this machine cannot make one.
    """
    printable = Printable()
    patient, doctor = conversation.patient, conversation.doctor
    answered = conversation.responded_at
    info = getattr(patient, "medical_info", None)
    answered_here = timezone.localtime(answered) if answered else None
    name = ", ".join(part for part in (patient.last_name.upper(), patient.first_name) if part) or str(patient)
    values = {
        "clinic_name": printable(settings.CLINIC_NAME),
        "clinic_phone": printable(settings.CLINIC_PHONE),
        "emergency_number": settings.EMERGENCY_NUMBER,
        "name": printable(name),
        "born": birth_date_with_age(patient.date_of_birth, answered_here.date() if answered_here else None),
        "sex": info.get_sex_display() if info and info.sex else NOT_RECORDED,
        "record_number": str(patient.record_number),
        "number": f"{patient.record_number}-{conversation.visit_number}",
        "visit_number": str(conversation.visit_number or NOT_RECORDED),
        "sent": date_and_time(timezone.localtime(conversation.submitted_at) if conversation.submitted_at else None),
        "answered": date_and_time(answered_here),
        "doctor": printable(doctor.get_full_name() if doctor else "") or NOT_RECORDED,
        "licence": printable((doctor.licence_number or "") if doctor else ""),
        "complaint": _lines(conversation.complaint or "", printable),
        "summary": [
            (
                printable(section.title),
                _lines("\n".join(told.text for told in section.statements) or section.empty, printable),
            )
            for section in summary_sections(conversation)
        ],
        "answer": [
            (title, _lines(as_text(text), printable))
            for title, text in (
                ("Diagnosis", conversation.diagnosis),
                ("What to do", conversation.recommendations),
                ("Referrals", conversation.referrals),
            )
            if text
        ],
        "icd10_code": conversation.icd10_code or "",
        "call_to_office": bool(conversation.call_to_office),
        "medicines": [_medicine(prescription, printable) for prescription in prescriptions],
    }
    return print_page("prescriptions/pdf/visit.html", "prescriptions/pdf/visit.css", values, printable)


def _medicine(item: Prescription, printable: Printable) -> Medicine:
    quantity = "" if item.quantity is None else f"{plain_figure(item.quantity)} {item.quantity_unit}".strip()
    details = [
        f"Quantity {quantity}" if quantity else "",
        "" if item.refills is None else f"{item.refills} refills" if item.refills != 1 else "1 refill",
        f"valid until {civil_date(item.expires_on)}" if item.expires_on else "",
    ]
    directions = directions_in_words(item.dose, item.route, item.frequency, item.duration)
    return Medicine(
        name=printable(item.medication_name),
        directions=printable(directions) or "directions not recorded",
        details=printable(", ".join(part for part in details if part)),
        instructions=_lines(item.instructions or "", printable),
        state=STATES[item.standing],
    )


def _lines(text: str, printable: Printable) -> list[str]:
    return [line for line in (printable(part).strip() for part in text.splitlines()) if line]
