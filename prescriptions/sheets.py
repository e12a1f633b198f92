"""From the rows of one answer to the sheet that is printed and signed."""

from collections.abc import Sequence
from typing import cast

from django.conf import settings
from django.utils import timezone

from accounts import mail
from accounts.models import User
from conversations.models import Conversation
from prescriptions.models import IssuedSheet, Prescription
from prescriptions.pdf import (
    Clinic,
    ItemStatus,
    PageSize,
    Prescriber,
    PrescriptionSheet,
    SheetItem,
    SheetPatient,
    render,
)
from prescriptions.pdf.signing import sign
from prescriptions.signing_key import clinic_key


def sheet_of(
    conversation: Conversation, prescriptions: Sequence[Prescription], *, paper: PageSize
) -> PrescriptionSheet:
    """Everything on the paper.

    ``conversation`` brings patient and medical information with it, each row its doctor and its sheet.

    Override reasons and alerts are left out: the patient holds this sheet.
    """
    patient, sheet, key = conversation.patient, _only([item.sheet for item in prescriptions]), clinic_key()
    info = getattr(patient, "medical_info", None)
    issued = [prescription.issued_at for prescription in prescriptions if prescription.issued_at]
    return PrescriptionSheet(
        number=f"{patient.record_number}-{conversation.visit_number}",
        clinic=Clinic(settings.CLINIC_NAME, settings.CLINIC_ADDRESS, settings.CLINIC_PHONE),
        patient=SheetPatient(
            name=_formal_name(patient),
            date_of_birth=patient.date_of_birth,
            sex=info.get_sex_display() if info and info.sex else "",
            record_number=str(patient.record_number),
        ),
        prescriber=_prescriber({prescription.doctor for prescription in prescriptions}),
        items=[_item(prescription) for prescription in prescriptions],
        issued_at=timezone.localtime(min(issued)) if issued else None,
        verification_code=sheet.code if sheet else "",
        verification_url=mail.address_of("prescriptions:verify", sheet.code) if sheet else "",
        signed_by=key.signer_name,
        has_development_signature=key.is_development,
        page_size=paper,
    )


def signed_pdf(*sheets: PrescriptionSheet) -> bytes:
    """The PDF of these sheets with the clinic's electronic signature. Needs no database; raises as ``render`` does."""
    return sign(render(*sheets), clinic_key(), clinic=settings.CLINIC_NAME, reason="Prescription issued by this clinic")


def _only(sheets: Sequence[IssuedSheet | None]) -> IssuedSheet | None:
    """The sheet on which all of them were issued; none where they were not, or by the previous system."""
    codes = {sheet.code_hash if sheet else "" for sheet in sheets}
    return sheets[0] if len(codes) == 1 else None


def _formal_name(patient: User) -> str:
    return ", ".join(part for part in (patient.last_name.upper(), patient.first_name) if part) or str(patient)


def _prescriber(doctors: set[User | None]) -> Prescriber | None:
    """Whoever wrote them; nobody is named where that is not known, or not one person (imported rows)."""
    doctor = doctors.pop() if len(doctors) == 1 else None
    if doctor is None:
        return None
    return Prescriber(doctor.get_full_name(), doctor.specialization or "", doctor.licence_number or "")


def _item(prescription: Prescription) -> SheetItem:
    return SheetItem(
        name=prescription.medication_name,
        dose=prescription.dose,
        route=prescription.route,
        frequency=prescription.frequency,
        duration=prescription.duration,
        quantity=prescription.quantity,
        unit=prescription.quantity_unit,
        refills=prescription.refills,
        instructions=prescription.instructions or "",
        warnings=[prescription.warnings] if prescription.warnings else [],
        status=cast(ItemStatus, prescription.state),
        valid_until=prescription.expires_on,
        issued_at=timezone.localtime(prescription.issued_at) if prescription.issued_at else None,
    )
