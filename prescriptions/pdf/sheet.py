"""What a prescription sheet says: the data of the document, with nothing of how it looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

PageSize = Literal["A4", "Letter"]
ItemStatus = Literal["active", "completed", "cancelled", "expired", "unknown"]


@dataclass(frozen=True, slots=True)
class Clinic:
    """The letterhead. The address may have several lines."""

    name: str
    address: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class SheetPatient:
    """For whom it is. `name` is printed as given; empty values are printed as 'not recorded'."""

    name: str
    date_of_birth: date | None = None
    sex: str = ""
    record_number: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Prescriber:
    """Who issued it. A sheet whose prescriber is None says 'Prescriber not recorded' (rows from the old system)."""

    name: str
    specialization: str = ""
    licence_number: str = ""


@dataclass(frozen=True, slots=True)
class SheetItem:
    """One medicine. Empty texts and None mean that it is not known, and are printed so."""

    name: str
    strength: str = ""
    dose: str = ""
    route: str = ""
    frequency: str = ""
    duration: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    refills: int | None = None
    instructions: str = ""
    warnings: Sequence[str] = ()
    status: ItemStatus = "active"
    valid_until: date | None = None
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PrescriptionSheet:
    """Everything on the paper. Times are printed in the zone they carry."""

    number: str
    clinic: Clinic
    patient: SheetPatient
    prescriber: Prescriber | None
    items: Sequence[SheetItem]
    issued_at: datetime | None = None
    verification_code: str = ""
    verification_url: str = ""
    """Where a pharmacist asks whether it is valid; printed as a square pattern beside the code."""
    signed_by: str = ""
    """Whose electronic signature the file bears; empty where it bears none."""
    has_development_signature: bool = False
    """The signature is one of the development key, for which nobody answers: the sheet says so."""
    page_size: PageSize = "A4"
