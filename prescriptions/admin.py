"""Prescriptions for administrators: to look at. Doctors write and cancel them."""

from django.contrib import admin

from accounts.admin_site import ReadOnlyAdmin
from prescriptions.models import Prescription, PrescriptionAlert
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
