"""The contract with existing clients as a table: one line for each endpoint and for each error that it can answer.

``{...}`` in a path or body is filled in from ``World.values``. ``keys`` are those at the top of the answer, ``inside``
where further keys stand ('conversation', 'conversations.0') and which. More keys may be there: clients ignore them.
"""

from dataclasses import dataclass, field
from typing import Any

USER = (
    "id email role firstName lastName phone dateOfBirth specialization licenseNumber isActive emailVerified "
    "profilePhoto"
)
CONV = (
    "id patientId doctorId visitNumber status aiSummary diagnosis recommendations referrals callToOffice doctorNotes "
    "respondedAt patientNotified archivedByPatient archivedByDoctor conversationEndedAt createdAt updatedAt"
)
DOC = "id firstName lastName specialization"
BRIEF = "id firstName lastName email"
CARD = f"{BRIEF} phone dateOfBirth allergies patientMedications"
ALLERGY = "id patientId allergen allergenType reaction severity diagnosedDate notes createdAt updatedAt createdBy"
MED = (
    "id patientId medicationName dosage frequency route startDate endDate isActive prescribingDoctorId notes createdAt "
    "updatedAt"
)
HISTORY = "id patientId condition icd10Code diagnosedDate resolvedDate isActive notes diagnosedBy createdAt updatedAt"
MSG = "id conversationId role content createdAt"
SYMPTOM = "id conversationId symptom location severity duration notes createdAt"
RX = (
    "id conversationId patientId doctorId medicationName dosage frequency duration quantity refills status filledDate "
    "expirationDate pharmacyName pharmacyPhone instructions warnings createdAt updatedAt"
)
ATT = (
    "id conversationId filename originalName filePath fileType fileSizeBytes mimeType isEncrypted checksum uploadedBy "
    "uploadedAt"
)
INFO = (
    "id bloodType heightCm weightKg emergencyContactName emergencyContactPhone emergencyContactRelationship "
    "insuranceProvider insurancePolicyNumber insuranceGroupNumber assignedDoctor"
)
LOG = (
    "id userId userRole userEmail action resourceType resourceId method endpoint ipAddress userAgent status statusCode "
    "description metadata errorMessage errorStack errorCode durationMs severity createdAt user"
)
ADMIN_USER = (
    "id email role firstName lastName phone dateOfBirth specialization licenseNumber isActive emailVerified createdAt "
    "updatedAt"
)
NEW = {
    "email": "new@example.org", "password": "four brown owls by noon", "role": "patient", "firstName": "Nora",
    "lastName": "Vale",
}  # fmt: skip
ANSWER = {"diagnosis": "<p>Tension headache</p>", "recommendations": "<p>Rest</p>"}
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Line:
    """One call and what it answers. ``error`` says in which form a refusal comes: E3 a sentence, EV a list."""

    call: str
    who: str
    status: int
    keys: str = ""
    inside: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    error: str = ""

    def __str__(self) -> str:
        return f"{self.call} as {self.who}: {self.status}"


def refused(call: str, who: str, status: int, error: str = "E3", body: dict[str, Any] | None = None) -> Line:
    """A call that is refused."""
    return Line(call, who, status, body=body, error=error)


META = [
    Line("GET /health", "visitor", 200, "status message timestamp"),
    Line("GET /api", "visitor", 200, "name version description endpoints"),
    refused("GET /api/nothing", "visitor", 404),
    refused("PUT /api/auth/login", "visitor", 404),
]
AUTH = [
    Line("POST /api/auth/register", "visitor", 201, "status message token user", {"user": USER}, NEW),
    refused("POST /api/auth/register", "visitor", 400, body={**NEW, "password": "short"}),
    refused("POST /api/auth/register", "visitor", 400, body={}),
    refused("POST /api/auth/register", "visitor", 409, body={**NEW, "email": "ana@example.org"}),
    Line(
        "POST /api/auth/login", "visitor", 200, "status message token user", {"user": USER},
        {"email": "ana@example.org", "password": "{password}"},
    ),
    refused("POST /api/auth/login", "visitor", 400, "EV", {"email": "x"}),
    refused("POST /api/auth/login", "visitor", 401, body={"email": "ana@example.org", "password": "wrong"}),
    Line("GET /api/auth/verify", "patient", 200, "status user", {"user": USER}),
    refused("GET /api/auth/verify", "visitor", 401),
]  # fmt: skip
PATIENTS = [
    Line(
        "GET /api/patients/profile", "patient", 200, "status patient",
        {
            "patient": "id email role firstName lastName phone dateOfBirth isActive emailVerified createdAt "
            "patientMedicalInfo allergies patientMedications medicalHistory",
            "patient.patientMedicalInfo": INFO,
            "patient.patientMedicalInfo.assignedDoctor": f"{DOC} email",
            "patient.allergyDetails.0": ALLERGY,
            "patient.patientMedications.0": MED,
            "patient.medicalHistory.0": HISTORY,
        },
    ),
    Line(
        "PATCH /api/patients/profile", "patient", 200, "status message patient",
        {"patient": "id email role firstName lastName phone dateOfBirth profilePhoto isActive patientMedicalInfo"},
        {"phone": "01632 960009"},
    ),
    refused("PATCH /api/patients/profile", "patient", 400, body={"bloodType": "Z"}),
    Line(
        "GET /api/patients/conversations", "patient", 200, "conversations",
        {"conversations.1": f"{CONV} doctor", "conversations.1.doctor": DOC},
    ),
    Line(
        "GET /api/patients/conversations/{answered}", "patient", 200, "status conversation",
        {
            "conversation": f"{CONV} doctor messages symptoms prescriptions", "conversation.messages.0": MSG,
            "conversation.symptoms.0": SYMPTOM, "conversation.prescriptions.0": RX,
        },
    ),
    refused("GET /api/patients/conversations/{nobody}", "patient", 404),
    refused("GET /api/patients/conversations/x", "patient", 400, "EV"),
    Line(
        "GET /api/patients/notifications", "patient", 200, "notifications",
        {"notifications.0": "id visitNumber respondedAt createdAt doctor", "notifications.0.doctor": DOC},
    ),
    Line("PATCH /api/patients/conversations/{answered}/mark-read", "patient", 200, "status message"),
    refused("PATCH /api/patients/conversations/{nobody}/mark-read", "patient", 404),
    Line("PATCH /api/patients/conversations/{answered}/archive", "patient", 200, "status message"),
    refused("PATCH /api/patients/conversations/{nobody}/archive", "patient", 404),
    Line("PATCH /api/patients/conversations/{answered}/unarchive", "patient", 200, "status message"),
    refused("PATCH /api/patients/conversations/{nobody}/unarchive", "patient", 404),
    Line("DELETE /api/patients/conversations/{answered}", "patient", 200, "status message"),
    refused("DELETE /api/patients/conversations/{nobody}", "patient", 404),
    *[refused(f"GET /api/patients/{part}", "doctor", 403) for part in ("profile", "conversations", "notifications")],
    *[refused(f"GET /api/patients/{part}", "visitor", 401) for part in ("profile", "conversations", "notifications")],
]  # fmt: skip
DOCTORS = [
    Line(
        "GET /api/doctors/pending-conversations", "doctor", 200, "status count conversations",
        {"conversations.0": f"{CONV} patient", "conversations.0.patient": CARD},
    ),
    Line(
        "GET /api/doctors/my-conversations", "doctor", 200, "status count conversations",
        {"conversations.0": f"{CONV} patient", "conversations.0.patient": CARD},
    ),
    Line(
        "GET /api/doctors/conversation/{answered}", "doctor", 200, "status conversation",
        {
            "conversation": f"{CONV} patient doctor messages symptoms prescriptions", "conversation.patient": CARD,
            "conversation.messages.0": MSG, "conversation.symptoms.0": SYMPTOM, "conversation.prescriptions.0": RX,
            "conversation.doctor": DOC, "conversation.patient.patientMedications.0": MED,
        },
    ),
    refused("GET /api/doctors/conversation/{nobody}", "doctor", 404),
    refused("GET /api/doctors/conversation/x", "doctor", 400, "EV"),
    Line(
        "PATCH /api/doctors/conversation/{answered}/update-info", "doctor", 200, "status message conversation",
        {"conversation": CONV}, {"symptoms": [{"symptom": "Rash"}]},
    ),
    refused("PATCH /api/doctors/conversation/{nobody}/update-info", "doctor", 404, body={}),
    Line(
        "POST /api/doctors/conversation/{waiting}/respond", "doctor", 200, "status message conversation",
        {"conversation": f"{CONV} patient doctor", "conversation.patient": BRIEF, "conversation.doctor": DOC}, ANSWER,
    ),
    refused("POST /api/doctors/conversation/{waiting}/respond", "doctor", 400, "EV", {}),
    refused("POST /api/doctors/conversation/{nobody}/respond", "doctor", 404, body=ANSWER),
    refused("POST /api/doctors/conversation/{answered}/respond", "doctor", 409, body=ANSWER),
    Line(
        "GET /api/doctors/patient/{patient}/history", "doctor", 200, "status patient history count",
        {"patient": "firstName lastName email allergies dateOfBirth", "history.0": f"{CONV} doctor"},
    ),
    refused("GET /api/doctors/patient/{nobody}/history", "doctor", 404),
    Line("GET /api/doctors/stats", "doctor", 200, "status pendingConversations totalPatients todayResponses"),
    Line("PATCH /api/doctors/conversation/{answered}/archive", "doctor", 200, "status message"),
    Line("PATCH /api/doctors/conversation/{answered}/unarchive", "doctor", 200, "status message"),
    Line("DELETE /api/doctors/conversation/{answered}", "doctor", 200, "status message"),
    refused("PATCH /api/doctors/conversation/{nobody}/archive", "doctor", 404),
    refused("PATCH /api/doctors/conversation/{nobody}/unarchive", "doctor", 404),
    refused("DELETE /api/doctors/conversation/{nobody}", "doctor", 404),
    refused("GET /api/doctors/stats", "patient", 403),
    refused("GET /api/doctors/stats", "visitor", 401),
]  # fmt: skip
CHATBOT = [
    Line(
        "POST /api/chatbot/chat", "patient", 200, "response conversationId status visitNumber",
        body={"message": "My knee hurts.", "conversationId": None},
    ),
    refused("POST /api/chatbot/chat", "patient", 404, body={"message": "Hello", "conversationId": NOBODY}),
    refused("POST /api/chatbot/chat", "patient", 400, body={}),
    refused("POST /api/chatbot/chat", "doctor", 403, body={"message": "Hello"}),
    refused("POST /api/chatbot/upload", "patient", 400, body={"conversationId": "{unfinished}"}),
    Line(
        "GET /api/chatbot/history", "patient", 200, "conversations",
        {"conversations.0": "id visitNumber status aiSummary createdAt updatedAt conversationEndedAt"},
    ),
    Line(
        "GET /api/chatbot/conversation/{answered}", "patient", 200, "conversation",
        {
            "conversation": f"{CONV} patient doctor messages symptoms prescriptions attachments",
            "conversation.patient": BRIEF, "conversation.attachments.0": ATT, "conversation.messages.0": MSG,
        },
    ),
    refused("GET /api/chatbot/conversation/{answered}", "doctor", 404),
    refused("GET /api/chatbot/conversation/{nobody}", "patient", 404),
]  # fmt: skip
ADMIN = [
    Line("GET /api/admin/users", "admin", 200, "users", {"users.0": ADMIN_USER}),
    refused("GET /api/admin/users?role=x", "admin", 400, "EV or E3"),
    Line("POST /api/admin/users", "admin", 201, "message user", {"user": ADMIN_USER}, NEW),
    refused("POST /api/admin/users", "admin", 400, body={}),
    refused("POST /api/admin/users", "admin", 409, body={**NEW, "email": "ana@example.org"}),
    Line(
        "PATCH /api/admin/users/{patient}", "admin", 200, "message user", {"user": ADMIN_USER}, {"firstName": "Anna"}
    ),
    refused("PATCH /api/admin/users/{nobody}", "admin", 404, body={}),
    Line("DELETE /api/admin/users/{patient}", "admin", 200, "message"),
    refused("DELETE /api/admin/users/{self}", "admin", 403),
    refused("DELETE /api/admin/users/{nobody}", "admin", 404),
    Line(
        "GET /api/admin/stats", "admin", 200,
        "totalPatients totalDoctors totalConversations pendingConversations completedConversations conversationsPerDay",
        {"conversationsPerDay.0": "date count"},
    ),
    Line(
        "GET /api/admin/conversations", "admin", 200, "conversations",
        {"conversations.0": f"{CONV} patient doctor", "conversations.0.patient": BRIEF},
    ),
    Line("DELETE /api/admin/conversations/{answered}", "admin", 200, "message"),
    refused("DELETE /api/admin/conversations/{nobody}", "admin", 404),
    Line(
        "GET /api/admin/logs/activities", "admin", 200, "logs pagination",
        {"logs.0": LOG, "pagination": "currentPage totalPages totalLogs logsPerPage"},
    ),
    refused("GET /api/admin/logs/activities?limit=x", "admin", 400, "EV"),
    Line(
        "GET /api/admin/logs/statistics", "admin", 200,
        "period totalLogs byStatus bySeverity byUserRole topActions failedLogins",
        {"period": "startDate endDate", "byStatus.0": "_id count"},
    ),
    Line("GET /api/admin/logs/user/{patient}", "admin", 200, "activities"),
    Line("GET /api/admin/logs/recent", "admin", 200, "activities", {"activities.0": LOG}),
    refused("GET /api/admin/users", "doctor", 403),
    refused("GET /api/admin/users", "visitor", 401),
]  # fmt: skip
LINES = [*META, *AUTH, *PATIENTS, *DOCTORS, *CHATBOT, *ADMIN]
