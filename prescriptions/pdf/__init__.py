"""A prescription as a PDF: plain dataclasses in, bytes out. No database, no request, no network.

`render(sheet)` gives a document that is tagged (PDF/UA-1) and archivable (PDF/A-3a). Its fonts are embedded and come
with installed packages, so that the same sheet looks the same on every machine.
"""

from prescriptions.pdf.document import print_page, render
from prescriptions.pdf.fonts import PdfUnavailable
from prescriptions.pdf.sheet import (
    Clinic,
    ItemStatus,
    PageSize,
    Prescriber,
    PrescriptionSheet,
    SheetItem,
    SheetPatient,
)

__all__ = [
    "Clinic",
    "ItemStatus",
    "PageSize",
    "PdfUnavailable",
    "Prescriber",
    "PrescriptionSheet",
    "SheetItem",
    "SheetPatient",
    "print_page",
    "render",
]
