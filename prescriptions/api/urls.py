"""Addresses of consultations with their answers and prescriptions in the API, below ``/api``."""

from django.http import HttpRequest
from django.urls import path

from accounts.api.throttling import limited
from accounts.throttle import VERIFY
from prescriptions.api import claims, doctor, patient, prescribed, refills


def _path(request: HttpRequest) -> str:
    return request.path


urlpatterns = [
    path("patients/conversations", patient.ConversationsView.as_view(), name="conversations"),
    path("patients/conversations/<id:conversation_id>", patient.ConversationView.as_view(), name="conversation"),
    path("patients/notifications", patient.NoticesView.as_view(), name="notifications"),
    path("chatbot/conversation/<id:conversation_id>", patient.ChatConversationView.as_view(), name="chat_conversation"),
    path("patients/refill-requests", refills.OwnRefillRequestsView.as_view(), name="own_refills"),
    path("patients/refill-requests/<id:request_id>", refills.OwnRefillRequestView.as_view(), name="own_refill"),
    path("doctors/refill-requests", refills.RefillRequestsView.as_view(), name="refills"),
    path("doctors/refill-requests/<id:request_id>/approve", refills.ApproveRefillView.as_view(), name="refill_approve"),
    path("doctors/refill-requests/<id:request_id>/decline", refills.DeclineRefillView.as_view(), name="refill_decline"),
    path("doctors/prescriptions/<id:prescription_id>/dispensed", refills.DispensedView.as_view(), name="dispensed"),
    path(
        "verify/<str:code>",
        limited(VERIFY, refills.VerifyPrescriptionView.as_view(), about=_path, methods={"GET", "HEAD"}),
        name="verify_prescription",
    ),
    path("doctors/pending-conversations", doctor.PendingView.as_view(), name="pending"),
    path("doctors/my-conversations", doctor.OwnCasesView.as_view(), name="own_cases"),
    path("doctors/stats", doctor.StatsView.as_view(), name="doctor_stats"),
    path("doctors/conversation/<id:case_id>", doctor.CaseView.as_view(), name="case"),
    path("doctors/conversation/<id:case_id>/respond", doctor.RespondView.as_view(), name="respond"),
    path(
        "doctors/conversation/<id:case_id>/archive",
        doctor.ArchiveView.as_view(said_of_it="Put a case away, for this doctor only. Can be repeated."),
        name="case_archive",
    ),
    path(
        "doctors/conversation/<id:case_id>/unarchive",
        doctor.ArchiveView.as_view(archived=False, said_of_it="Bring a case back. Can be repeated."),
        name="case_unarchive",
    ),
    path("doctors/patient/<id:patient_id>/history", doctor.VisitsView.as_view(), name="patient_history"),
    path("doctors/claims", claims.ClaimsView.as_view(), name="claims"),
    path("doctors/conversation/<id:case_id>/claim", claims.ClaimView.as_view(), name="case_claim"),
    path("doctors/conversation/<id:case_id>/release", claims.ReleaseView.as_view(), name="case_release"),
    path("doctors/conversation/<id:case_id>/close", claims.CloseView.as_view(), name="case_close"),
    path("patients/conversations/<id:conversation_id>/send", claims.SendView.as_view(), name="conversation_send"),
    path("patients/prescriptions", prescribed.OwnPrescriptionsView.as_view(), name="own_prescriptions"),
    path("conversations/<id:case_id>/prescriptions.pdf", prescribed.SheetView.as_view(), name="sheet"),
    path(
        "doctors/prescription/<id:prescription_id>/cancel",
        prescribed.CancelView.as_view(),
        name="prescription_cancel",
    ),
]
