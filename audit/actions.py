"""The vocabulary of the record: what can be done, in what sense, and how it ended."""

from django.db import models


class Action(models.TextChoices):
    """What somebody did. The first 31 are those of the previous system; imported rows may hold others still."""

    SIGNED_IN = "user.login", "Signed in"
    SIGNED_OUT = "user.logout", "Signed out"
    REGISTERED = "user.register", "Registered"
    SIGN_IN_FAILED = "user.login.failed", "Sign-in failed"
    USER_CREATED = "user.created", "Account created"
    USER_UPDATED = "user.updated", "Account changed"
    USER_DELETED = "user.deleted", "Account deleted"
    USER_ACTIVATED = "user.activated", "Account activated"
    USER_DEACTIVATED = "user.deactivated", "Account deactivated"
    PROFILE_UPDATED = "profile.updated", "Profile changed"
    CONVERSATION_CREATED = "conversation.created", "Consultation started"
    CONVERSATION_UPDATED = "conversation.updated", "Consultation changed"
    CONVERSATION_DELETED = "conversation.deleted", "Consultation deleted"
    CONVERSATION_ARCHIVED = "conversation.archived", "Consultation put away"
    CONVERSATION_UNARCHIVED = "conversation.unarchived", "Consultation brought back"
    CONVERSATION_ASSIGNED = "conversation.assigned", "Case assigned"
    MESSAGE_SENT = "message.sent", "Message sent"
    MESSAGE_RECEIVED = "message.received", "Message received"
    MESSAGE_READ = "message.read", "Answer read"
    DIAGNOSIS_CREATED = "diagnosis.created", "Answered with a diagnosis"
    PRESCRIPTION_CREATED = "prescription.created", "Prescribed"
    REFERRAL_CREATED = "referral.created", "Referred"
    FILE_UPLOADED = "file.uploaded", "File attached"
    FILE_DOWNLOADED = "file.downloaded", "File downloaded"
    FILE_DELETED = "file.deleted", "File deleted"
    REPORT_GENERATED = "admin.report.generated", "Report generated"
    SETTINGS_CHANGED = "admin.settings.changed", "Settings changed"
    BACKUP_CREATED = "admin.backup.created", "Backup made"
    SYSTEM_STARTUP = "system.startup", "System started"
    SYSTEM_SHUTDOWN = "system.shutdown", "System stopped"
    SYSTEM_ERROR = "system.error", "System error"

    PASSWORD_CHANGED = "user.password.changed", "Password changed"
    PASSWORD_RESET_REQUESTED = "user.password.reset_requested", "Password reset asked for"
    SECOND_FACTOR_USED = "user.second_factor.used", "Second step passed"
    SECOND_FACTOR_CHANGED = "user.second_factor.changed", "Second step changed"
    DOCTOR_APPROVED = "doctor.approved", "Doctor approved"
    DOCTOR_APPROVAL_WITHDRAWN = "doctor.approval_withdrawn", "Doctor's approval withdrawn"
    SESSION_ENDED = "session.ended", "Session ended"
    PATIENT_VIEWED = "patient.viewed", "Patient's record viewed"
    CONVERSATION_VIEWED = "conversation.viewed", "Consultation viewed"
    PRESCRIPTION_VIEWED = "prescription.viewed", "Prescription viewed"
    DATA_VIEWED = "data.viewed", "Patient data viewed"
    CONVERSATION_SUBMITTED = "conversation.submitted", "Case put into the queue"
    CONVERSATION_CLAIMED = "conversation.claimed", "Case taken"
    CONVERSATION_RELEASED = "conversation.released", "Case given back"
    CONVERSATION_CLOSED = "conversation.closed", "Consultation closed"
    URGENCY_RAISED = "conversation.urgency_raised", "Urgency raised"
    NOTE_WRITTEN = "note.written", "Private note written"
    CHART_CHANGED = "chart.changed", "Chart changed"
    PRESCRIPTION_DOWNLOADED = "prescription.downloaded", "Prescription downloaded"
    PRESCRIPTION_CANCELLED = "prescription.cancelled", "Prescription cancelled"
    PRESCRIPTION_COMPLETED = "prescription.completed", "Prescription completed"
    PRESCRIPTION_EXPIRED = "prescription.expired", "Prescription expired"
    PRESCRIPTION_FILLED = "prescription.filled", "Prescription dispensed"
    PRESCRIPTION_VERIFIED = "prescription.verified", "Prescription looked up with its code"
    REFILL_REQUESTED = "refill.requested", "Refill asked for"
    REFILL_WITHDRAWN = "refill.withdrawn", "Request for a refill taken back"
    REFILL_APPROVED = "refill.approved", "Refill approved"
    REFILL_DECLINED = "refill.declined", "Refill declined"
    ALERT_OVERRIDDEN = "prescription.alert_overridden", "Safety alert overridden"
    BREAK_GLASS_OPENED = "break_glass.opened", "Emergency access opened"
    BREAK_GLASS_ENDED = "break_glass.ended", "Emergency access ended"
    BREAK_GLASS_REFUSED = "break_glass.refused", "Emergency access to nobody known"
    CASE_OVERDUE = "conversation.overdue", "Case raised because it waited too long"
    EMERGENCY_ANNOUNCED = "emergency.announced", "Doctors told of an unclaimed emergency"
    DRAFT_KEPT = "draft.kept", "Draft begun"
    VIRUS_FOUND = "file.virus_found", "Virus found in a file"
    RECORD_EXPORTED = "record.exported", "Copy of the whole record taken"
    LOG_EXPORTED = "log.exported", "Activity log exported"
    LOG_ARCHIVED = "log.archived", "Month of the activity log archived"
    LOG_DROPPED = "log.dropped", "Archived month of the activity log dropped"
    BACKUP_RESTORED = "backup.restored", "Backup restored"
    REQUEST_REFUSED = "request.refused", "Request refused"
    REQUEST_FAILED = "request.failed", "Request failed"

    IMPORT_STARTED = "import.started", "Import started"
    IMPORT_RESUMED = "import.resumed", "Import went on"
    IMPORT_FINISHED = "import.finished", "Import finished"
    IMPORT_UNDONE = "import.undone", "Import undone"
    IMPORT_ITEM_RESOLVED = "import.item.resolved", "Item of the import resolved"
    IMPORT_ITEM_CORRECTED = "import.item.corrected", "Value of the import corrected"
    IMPORT_ITEM_LOADED = "import.item.loaded", "Corrected value loaded"
    IMPORT_ITEM_REOPENED = "import.item.reopened", "Corrected value not loaded"


def all_actions() -> list[tuple[str, str]]:
    """The choices of the model, asked for by name: a new word changes no earlier migration.

    What the database accepts grows with ``audit.operations.AllowActions``.
    """
    return Action.choices


# Somebody saw patient data: what a patient is told of.
LOOKS = [
    Action.PATIENT_VIEWED,
    Action.CONVERSATION_VIEWED,
    Action.PRESCRIPTION_VIEWED,
    Action.DATA_VIEWED,
    Action.PRESCRIPTION_DOWNLOADED,
    Action.PRESCRIPTION_VERIFIED,
    Action.FILE_DOWNLOADED,
    Action.BREAK_GLASS_OPENED,
    Action.RECORD_EXPORTED,
]


class ActorRole(models.TextChoices):
    """What the actor was at that time."""

    PATIENT = "patient", "Patient"
    DOCTOR = "doctor", "Doctor"
    ADMIN = "admin", "Administrator"
    SYSTEM = "system", "System"
    ANONYMOUS = "anonymous", "Not signed in"


class Purpose(models.TextChoices):
    """Why patient data was looked at."""

    OWN = "own", "Own record"
    CARE = "care", "Care"
    BREAK_GLASS = "break_glass", "Emergency access"
    ADMINISTRATION = "administration", "Administration"


class Status(models.TextChoices):
    """How it ended."""

    SUCCESS = "success", "Success"
    FAILURE = "failure", "Refused"
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"


class Severity(models.TextChoices):
    """How much attention it deserves."""

    INFO = "info", "Information"
    WARNING = "warning", "Warning"
    ERROR = "error", "Error"
    CRITICAL = "critical", "Critical"
