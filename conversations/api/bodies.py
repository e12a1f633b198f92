"""How consultations appear in the API's answers."""

from html import escape
from typing import Annotated, Literal, NotRequired, TypedDict

from accounts.models import Session
from conversations.api.links import link_to
from conversations.findings import summary_sections
from conversations.models import Attachment, Conversation, Message, Status, Symptom
from conversations.models.messages import MessageSender
from medichat.api import unknown
from medichat.api.shapes import Count, Html, Id, OneOf, Shape, Timestamp
from medichat.api.values import timestamp_or_none
from medichat.rich_text import as_html

StatusName = Annotated[str, OneOf(Status, unknown.STATUS)]
VisitNumber = Annotated[int, Shape(minimum=1, description="Which of the patient's visits this is.")]
FileLink = Annotated[
    str,
    Shape(
        description="Below `/api/`; works without a header for ten minutes, for this session only. Empty: not kept.",
        examples=["attachments/0199a4d2-6c1e-7b44-9f0a-3c5d7e9b1a20?link=eyJ…"],
    ),
]
MessageRole = Literal["user", "assistant", "system"]
ROLES: dict[str, MessageRole] = {
    MessageSender.PATIENT: "user",
    MessageSender.ASSISTANT: "assistant",
    MessageSender.SYSTEM: "system",
    MessageSender.UNKNOWN: unknown.MESSAGE_ROLE,
}
# The headings that existing clients know; others are shown as they are.
HEADINGS = {
    "Chief complaint": "Chief Complaint",
    "History of present illness": "History of Present Illness",
    "Associated symptoms": "Associated Symptoms",
    "Past medical history": "Past Medical History",
    "Medications and allergies": "Medications and Allergies",
    "Patient's concerns": "Patient's Concerns",
    "Files": "Files Uploaded",
}


class ConversationBody(TypedDict):
    """A consultation. Texts of the answer and ``aiSummary`` are HTML that is safe to show."""

    id: Id
    _id: Id
    patientId: Id
    doctorId: Id | None
    visitNumber: VisitNumber
    status: StatusName
    aiSummary: Html | None
    diagnosis: Html | None
    recommendations: Html | None
    referrals: Html | None
    callToOffice: bool
    doctorNotes: str | None
    respondedAt: Timestamp | None
    patientNotified: bool
    archivedByPatient: bool
    archivedByDoctor: bool
    conversationEndedAt: Timestamp | None
    createdAt: Timestamp | None
    updatedAt: Timestamp | None


class MessageBody(TypedDict):
    """A message; ``timestamp`` is the same as ``createdAt`` and left out where the time is not known."""

    id: Id
    conversationId: Id
    role: MessageRole
    content: str
    createdAt: Timestamp | None
    timestamp: NotRequired[Timestamp]


class SymptomBody(TypedDict):
    """A symptom that the patient has. Those that were denied are not among them."""

    id: Id
    conversationId: Id
    symptom: str
    location: str | None
    severity: Annotated[str, OneOf(Symptom.Severity)] | None
    duration: str | None
    notes: str | None
    createdAt: Timestamp | None


class AttachmentBody(TypedDict):
    """A file. ``path`` is a link below ``/api/`` that works without a header for a short while; empty when the file
    was not kept by the previous system."""

    id: Id
    conversationId: Id
    filename: str
    originalName: str
    filePath: FileLink
    path: FileLink
    fileType: str | None
    fileSizeBytes: Count | None
    mimeType: str | None
    isEncrypted: bool
    checksum: str | None
    uploadedBy: Id | None
    uploadedAt: Timestamp | None


class HistoryEntryBody(TypedDict):
    """A consultation in the list of the chat."""

    id: Id
    visitNumber: VisitNumber
    status: StatusName
    aiSummary: Html | None
    createdAt: Timestamp | None
    updatedAt: Timestamp | None
    conversationEndedAt: Timestamp | None


def conversation(
    row: Conversation, *, archived: bool = False, for_doctor: bool = False, notes: str | None = None
) -> ConversationBody:
    """A consultation. ``archived`` is whether the reader has put it away; ``notes`` are never given to a patient."""
    return ConversationBody(
        id=str(row.pk),
        _id=str(row.pk),
        patientId=str(row.patient_id),
        doctorId=str(row.doctor_id) if row.doctor_id else None,
        visitNumber=row.visit_number,
        status=row.status or unknown.STATUS,
        aiSummary=summary(row),
        diagnosis=rich(row.diagnosis),
        recommendations=rich(row.recommendations),
        referrals=rich(row.referrals),
        callToOffice=unknown.CALL_TO_OFFICE if row.call_to_office is None else row.call_to_office,
        doctorNotes=notes if for_doctor else None,
        respondedAt=timestamp_or_none(row.responded_at),
        patientNotified=row.unread_by_patient,
        archivedByPatient=archived and not for_doctor,
        archivedByDoctor=archived and for_doctor,
        conversationEndedAt=timestamp_or_none(row.intake_ended_at or row.submitted_at),
        createdAt=timestamp_or_none(row.created_at),
        updatedAt=timestamp_or_none(row.updated_at),
    )


def rich(text: str | None) -> str | None:
    """A text of the answer as HTML; unknown stays null."""
    return None if text is None else str(as_html(text))


def summary(row: Conversation) -> str | None:
    """The summary as existing clients split it: a blank line between sections, none inside, each with its heading.

    They show it as HTML, so what somebody typed is escaped. Null while the patient still talks to the assistant.
    """
    if row.summary is None or (row.status == Status.IN_PROGRESS and row.legacy_id is None):
        return None
    sections = []
    for section in summary_sections(row):
        title = HEADINGS.get(section.title, section.title or "Summary")
        lines = [statement.text for statement in section.statements] or [section.empty]
        text = "\n".join(line for part in lines for line in part.splitlines() if line.strip())
        sections.append(f"**{title}:** {escape(text, quote=False)}")
    return "\n\n".join(sections)


def message(row: Message) -> MessageBody:
    """A message."""
    body = MessageBody(
        id=str(row.pk),
        conversationId=str(row.conversation_id),
        role=ROLES[row.sender],
        content=row.text,
        createdAt=None,
    )
    if row.sent_at:
        body["createdAt"] = body["timestamp"] = timestamp_or_none(row.sent_at) or ""
    return body


def symptom(row: Symptom) -> SymptomBody:
    """A symptom; severity as it was stated where it fits no grade goes with the notes."""
    notes = [text for text in (None if row.severity else row.severity_text, row.notes) if text]
    return SymptomBody(
        id=str(row.pk),
        conversationId=str(row.conversation_id),
        symptom=row.symptom,
        location=row.location,
        severity=row.severity,
        duration=row.duration,
        notes="\n".join(notes) or None,
        createdAt=timestamp_or_none(row.created_at),
    )


def attachment(row: Attachment, *, reader: Session) -> AttachmentBody:
    """A file, with a link for whom this answer is."""
    path = link_to(row, reader) if row.is_stored else ""
    name = row.original_name or f"file-{row.pk}"
    return AttachmentBody(
        id=str(row.pk),
        conversationId=str(row.conversation_id),
        filename=name,
        originalName=name,
        filePath=path,
        path=path,
        fileType=row.content_type or None,
        fileSizeBytes=row.size,
        mimeType=row.content_type or None,
        isEncrypted=row.is_stored,
        checksum=row.sha256 or None,
        uploadedBy=str(row.uploaded_by_id) if row.uploaded_by_id else None,
        uploadedAt=timestamp_or_none(row.uploaded_at),
    )


def history_entry(row: Conversation) -> HistoryEntryBody:
    """A consultation in the list of the chat."""
    return HistoryEntryBody(
        id=str(row.pk),
        visitNumber=row.visit_number,
        status=row.status or unknown.STATUS,
        aiSummary=summary(row),
        createdAt=timestamp_or_none(row.created_at),
        updatedAt=timestamp_or_none(row.updated_at),
        conversationEndedAt=timestamp_or_none(row.intake_ended_at or row.submitted_at),
    )
