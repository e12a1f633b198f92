"""Prescriptions for administrators: to look at. Doctors write and cancel them."""

from django.contrib import admin

from accounts.admin_site import ReadOnlyAdmin
from prescriptions.models import IssuedSheet, Prescription, PrescriptionAlert, PrescriptionFill, RefillRequest
from records.admin import SearchByPatientMixin


@admin.register(Prescription)
class PrescriptionAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """Prescriptions, newest first."""

    list_display = ("medication_name", "dose", "frequency", "patient", "doctor", "status", "issued_at", "expires_on")
    list_filter = ("status",)
    list_select_related = ("patient", "doctor")
    date_hierarchy = "issued_at"


@admin.register(PrescriptionAlert)
class PrescriptionAlertAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """What doctors were warned of, and why they went on."""

    list_display = ("title", "severity", "kind", "prescription", "patient", "overridden_by", "created_at")
    list_filter = ("severity", "kind")
    list_select_related = ("prescription", "patient", "overridden_by")


@admin.register(IssuedSheet)
class IssuedSheetAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """Sheets with what a pharmacist sees of them."""

    list_display = ("issued_on", "patient", "doctor", "patient_initials", "patient_birth_year")
    list_select_related = ("patient", "doctor")
    # The code opens the pharmacist's page to whoever has it: it stands on the paper and nowhere else.
    exclude = ("code",)


@admin.register(PrescriptionFill)
class PrescriptionFillAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """What pharmacies gave out, as far as the clinic was told."""

    list_display = ("prescription", "number", "filled_on", "patient", "recorded_by", "created_at")
    list_select_related = ("prescription", "patient", "recorded_by")


@admin.register(RefillRequest)
class RefillRequestAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """Requests of patients and what doctors decided."""

    list_display = ("prescription", "patient", "status", "created_at", "decided_by", "decided_at")
    list_filter = ("status",)
    list_select_related = ("prescription", "patient", "decided_by")
