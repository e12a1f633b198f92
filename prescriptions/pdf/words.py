"""A sheet in the words that are printed: every value a text, every unknown value said to be so."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import segno

from medichat.doses import tidy_dose
from prescriptions.pdf.fonts import Printable
from prescriptions.pdf.sheet import ItemStatus, PrescriptionSheet, SheetItem
from prescriptions.wording import (
    LARGEST_QUANTITY_IN_WORDS,
    directions_in_words,
    plain_figure,
    quantity_in_words,
)

NOT_RECORDED = "not recorded"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_STAMPS: dict[ItemStatus, tuple[str, str]] = {
    "cancelled": ("CANCELLED", "do not dispense"),
    "expired": ("EXPIRED", "do not dispense"),
    "completed": ("COMPLETED", "no further supply"),
    "unknown": ("STATUS NOT RECORDED", "ask the clinic before dispensing"),
}


@dataclass(frozen=True, slots=True)
class PrintedItem:
    """One row of the table of medicines."""

    position: str
    name: str
    directions: str
    missing: str
    instructions: list[str]
    warnings: list[str]
    quantity: str
    quantity_in_words: str
    refills: str
    valid_until: str
    issued: str
    stamp: str
    stamp_meaning: str
    is_void: bool


def civil_date(day: date | None) -> str:
    """`22-Nov-2026`, or 'not recorded'."""
    return NOT_RECORDED if day is None else f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year:04}"


def date_and_time(moment: datetime | None) -> str:
    """`22-Nov-2026 14:05 UTC`, in the zone the moment carries."""
    if moment is None:
        return NOT_RECORDED
    zone = moment.tzname()
    return f"{civil_date(moment.date())} {moment:%H:%M}{f' {zone}' if zone else ''}"


def birth_date_with_age(born: date | None, on: date | None) -> str:
    """`15-Jun-1990 (36 years)`; without the day to count from, or when it is before birth, the date alone."""
    if born is None or on is None or on < born:
        return civil_date(born)
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    if months < 24:
        return f"{civil_date(born)} ({months} {'month' if months == 1 else 'months'})"
    return f"{civil_date(born)} ({months // 12} years)"


def _lines(text: str, printable: Printable) -> list[str]:
    return [line for line in (printable(part).strip() for part in text.splitlines()) if line]


def _value(text: str, printable: Printable) -> str:
    return printable(text).strip() or NOT_RECORDED


def _figures_and_words(quantity: Decimal | None, unit: str) -> tuple[str, str]:
    if quantity is None:
        return NOT_RECORDED, ""
    figure = f"{plain_figure(quantity)} {unit}".strip()
    if 0 <= quantity <= LARGEST_QUANTITY_IN_WORDS:
        return figure, f"({quantity_in_words(quantity)})"
    return figure, ""


def _unbroken(directions: str) -> str:
    """A figure and the word it counts stay on one line: `5 days` never becomes `5` and, on the next line, `days`."""
    return re.sub(r"(?<=\d) (?=[^\W\d])", "\u00a0", directions)


def _count(number: int) -> str:
    """`3 (three)`, and nothing for none."""
    return f"{number} ({quantity_in_words(Decimal(number))})" if number else ""


def _refills(refills: int | None) -> str:
    if refills is None:
        return NOT_RECORDED
    if refills == 0:
        return "none"
    return (
        f"{refills} ({quantity_in_words(Decimal(refills))})" if refills <= LARGEST_QUANTITY_IN_WORDS else f"{refills}"
    )


def printed_item(position: int, item: SheetItem, sheet: PrescriptionSheet, printable: Printable) -> PrintedItem:
    """The row for one item; `position` counts from 1."""
    parts = {
        "dose": printable(item.dose),
        "route": printable(item.route),
        "frequency": printable(item.frequency),
        "duration": printable(item.duration),
    }
    missing = [name for name, text in parts.items() if not text.strip()]
    figure, words = _figures_and_words(item.quantity, printable(item.unit).strip())
    strength = tidy_dose(printable(item.strength).strip())
    name = _value(item.name, printable)
    stamp, stamp_meaning = _STAMPS.get(item.status, ("", ""))
    issued = item.issued_at
    differs = issued is not None and (sheet.issued_at is None or issued.date() != sheet.issued_at.date())
    return PrintedItem(
        position=str(position),
        name=name if not strength or strength in name else f"{name} {strength}",
        directions=_unbroken(directions_in_words(parts["dose"], parts["route"], parts["frequency"], parts["duration"])),
        missing=", ".join(missing),
        instructions=_lines(item.instructions, printable),
        warnings=[line for warning in item.warnings for line in _lines(warning, printable)],
        quantity=figure,
        quantity_in_words=words,
        refills=_refills(item.refills),
        valid_until=civil_date(item.valid_until),
        issued=civil_date(issued.date()) if issued is not None and differs else "",
        stamp=stamp,
        stamp_meaning=stamp_meaning,
        is_void=item.status in ("cancelled", "expired"),
    )


def square_pattern(address: str) -> str:
    """The address as a QR code: the ``src`` of a picture, black on white, readable after a fax."""
    code = segno.make(address, error="m", micro=False)
    return str(
        code.svg_data_uri(border=2, omitsize=True, xmldecl=False, svgclass=None, lineclass=None, encode_minimal=True)
    )


def printed_sheet(sheet: PrescriptionSheet, printable: Printable) -> dict[str, object]:
    """The values for the template: texts, lists of texts and truth values only."""
    prescriber, patient = sheet.prescriber, sheet.patient
    issued_on = sheet.issued_at.date() if sheet.issued_at else None
    items = [printed_item(position, item, sheet, printable) for position, item in enumerate(sheet.items, 1)]
    printed: dict[str, object] = {
        "number": _value(sheet.number, printable),
        "issued": date_and_time(sheet.issued_at),
        "created": sheet.issued_at.isoformat(timespec="seconds") if sheet.issued_at and sheet.issued_at.tzinfo else "",
        "clinic_name": _value(sheet.clinic.name, printable),
        "clinic_lines": _lines(sheet.clinic.address, printable),
        "clinic_phone": printable(sheet.clinic.phone).strip(),
        "patient_name": _value(patient.name, printable),
        "patient_born": birth_date_with_age(patient.date_of_birth, issued_on),
        "patient_born_short": civil_date(patient.date_of_birth),
        "patient_sex": _value(patient.sex, printable),
        "patient_record": _value(patient.record_number, printable),
        "patient_address": ", ".join(_lines(patient.address, printable)),
        "prescriber_known": prescriber is not None and bool(prescriber.name.strip()),
        "prescriber_name": _value(prescriber.name, printable) if prescriber else "",
        "prescriber_specialization": _value(prescriber.specialization, printable) if prescriber else "",
        "prescriber_licence": _value(prescriber.licence_number, printable) if prescriber else "",
        "items": items,
        "void_count": _count(sum(item.is_void for item in items)),
        "item_count": _count(len(items)),
        "verification_code": printable(sheet.verification_code).strip(),
        "verification_pattern": square_pattern(sheet.verification_url) if sheet.verification_url else "",
        "verification_page": sheet.verification_url.rpartition("/verify/")[0].partition("://")[2] + "/verify/"
        if sheet.verification_url
        else "",
        "signed_by": printable(sheet.signed_by).strip(),
        "has_development_signature": sheet.has_development_signature,
    }
    printed["some_letters_marked"] = printable.marked
    return printed
