"""Prescriptions, the sheets they were issued on, what became of them, and the alerts that doctors saw."""

from prescriptions.models.alerts import PrescriptionAlert, PrescriptionAlertSeverity
from prescriptions.models.fills import PrescriptionFill
from prescriptions.models.prescription import Prescription, PrescriptionQuerySet, PrescriptionStatus
from prescriptions.models.refill_requests import RefillRequest, RefillRequestQuerySet
from prescriptions.models.sheet import IssuedSheet

__all__ = [
    "IssuedSheet",
    "Prescription",
    "PrescriptionAlert",
    "PrescriptionAlertSeverity",
    "PrescriptionFill",
    "PrescriptionQuerySet",
    "PrescriptionStatus",
    "RefillRequest",
    "RefillRequestQuerySet",
]
