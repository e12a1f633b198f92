"""A document of ``conversations``: the visit, what was said, symptoms, files, the answer and its prescriptions."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from itertools import permutations

from bson import ObjectId

from medichat.legacy.document import UNREADABLE, Document, UnreadableDocumentError
from medichat.legacy.parse import rules
from medichat.legacy.parse.chart import ALLERGY_SEVERITIES as SEVERITIES
from medichat.legacy.parse.dates import LAST_YEAR, instant_of
from medichat.legacy.parse.identity import ElementIds, reference
from medichat.legacy.parse.lists import elements
from medichat.legacy.parse.parsing import Claim, Field, Parsed, Section, Tally, is_empty, states_nothing
from medichat.legacy.parse.places import place_in_uploads
from medichat.legacy.parse.rows import (
    AttachmentRow,
    ConversationRow,
    MessageRow,
    PrescriptionRow,
    PrivateNoteRow,
    SymptomRow,
)
from medichat.legacy.parse.values import choice, known_choice, plain, text, text_of, whole_number, yes_no
from medichat.legacy.parse.whole import begin, set_aside_whole, unreadable

STATUSES = ("in_progress", "awaiting_doctor", "doctor_responded", "closed")
_SPELLINGS_OF_STATUS = {
    spelling: status for status in STATUSES for spelling in (status, status.replace("_", " "), status.replace("_", "-"))
}
_SENDERS = {"user": "patient", "assistant": "assistant", "system": "system"}
_OTHER_SENDERS = {
    "patient": "patient",
    "bot": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "chatbot": "assistant",
}
_SCORE = re.compile(r"(\d{1,2})\s*(?:/|out of|of)\s*10", re.ASCII | re.IGNORECASE)
_MARKUP = re.compile(r"<\s*/?\s*[a-z!][^<>]*>", re.IGNORECASE)
_GARBLED = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")
_LONGEST_LOOK = 100_000


def parse_conversation(document: Document) -> Parsed:
    """The visit and everything in it. Never raises; what cannot be taken over is set aside."""
    try:
        parsed, section = begin(document)
    except UnreadableDocumentError:
        return unreadable(document, "conversations")
    answer = section.take("doctorResponse")
    response = Section(answer)
    prescribed = response.take("prescriptions")
    conversation = _conversation(parsed, section, response, prescribed)
    parsed.rows.append(conversation)
    parsed.tally.append(Tally("conversations", (), "loaded"))
    _messages(parsed, section.take("messages"))
    _symptoms(parsed, section.take("symptoms"))
    _attachments(parsed, section.take("attachments"))
    _answer(parsed, conversation, answer, response)
    _prescriptions(parsed, prescribed, conversation.responded_at)
    section.set_aside_rest()
    if "_id" not in document.values:
        return set_aside_whole(parsed, document.values, rules.DOCUMENT_WITHOUT_ID)
    if conversation.patient_legacy_id is None:
        return set_aside_whole(parsed, document.values, rules.PATIENT_UNKNOWN)
    return parsed


def _conversation(parsed: Parsed, section: Section, response: Section, prescribed: Field) -> ConversationRow:
    stated_status = section.take("status")
    status = choice(stated_status, "conversations.status", _SPELLINGS_OF_STATUS)
    has_response = _has_response(response, prescribed, status)
    summary = section.take("summary")
    summary_parts = Section(summary, main="chiefComplaint")
    row = ConversationRow(
        legacy_id=parsed.legacy_id,
        patient_legacy_id=reference(section.take("patient"), "conversations.patient"),
        doctor_legacy_id=reference(section.take("doctor"), "conversations.doctor"),
        visit_number=_visit_number(section.take("visitNumber")),
        status=status,
        complaint=text_of(summary_parts, "chiefComplaint", "conversations.complaint"),
        summary=_long_text(section.take("aiSummary"), "conversations.summary"),
        intake_ended_at=instant_of(section, "conversationEndedAt", "conversations.intake_ended_at"),
        responded_at=instant_of(response, "respondedAt", "conversations.responded_at"),
        diagnosis=_long_text(response.take("diagnosis"), "conversations.diagnosis"),
        recommendations=_long_text(response.take("recommendations"), "conversations.recommendations"),
        referrals=_long_text(response.take("referrals"), "conversations.referrals"),
        call_to_office=yes_no(response.take("callToOffice"), "conversations.call_to_office"),
        unread_by_patient=yes_no(section.take("patientNotified"), "conversations.unread_by_patient") or False,
        archived_by_patient=yes_no(section.take("archivedByPatient"), "conversation_archives.person") or False,
        archived_by_doctor=yes_no(section.take("archivedByDoctor"), "conversation_archives.person") or False,
        has_response=has_response,
        created_at=instant_of(section, "createdAt", "conversations.created_at"),
        updated_at=instant_of(section, "updatedAt", "conversations.updated_at"),
    )
    summary_parts.set_aside_rest()
    if has_response and row.doctor_legacy_id is None:
        section.whole.inner("doctorResponse", value=None).note(rules.ANSWER_WITHOUT_DOCTOR)
    if status is not None and has_response == (status in {"in_progress", "awaiting_doctor"}):
        stated_status.note(rules.STATE_CONTRADICTORY)
    return row


def _has_response(response: Section, prescribed: Field, status: str | None) -> bool:
    """Section 3.4 of the legacy schema: what shows that a doctor answered; the mere object does not."""
    said = any(not states_nothing(response.peek(name)) for name in ("diagnosis", "recommendations", "respondedAt"))
    return said or _names_something(prescribed.value) or status == "doctor_responded"


def _names_something(prescribed: object) -> bool:
    """Whether there is a prescription that says more than its id."""
    entries = prescribed if isinstance(prescribed, list) else [prescribed]
    return any(
        any(name != "_id" and not states_nothing(inner) for name, inner in entry.items())
        if isinstance(entry, dict)
        else not states_nothing(entry)
        for entry in entries
    )


def _visit_number(field: Field) -> int | None:
    return whole_number(field, "conversations.visit_number", least=1, most=2_000_000_000)


def _long_text(field: Field, column: str) -> str | None:
    """Text as it is, the empty text included: absent and empty are different statements."""
    found = text(field, column, keep_blank=True, strip=False)
    if found and _MARKUP.search(found, 0, _LONGEST_LOOK):
        field.note(rules.MARKUP_KEPT_AS_TEXT)
    return found


def _messages(parsed: Parsed, listed: Field) -> None:
    ids = ElementIds(parsed.legacy_id, "messages")
    earlier: tuple[str, str, datetime | None] | None = None
    found = elements(listed)
    if not found:
        listed.note(rules.NO_MESSAGES)
    for position, element in enumerate(found):
        row = _plain_message(element, ids, position) or _message(element, ids, position)
        if row is None:
            continue
        this = (row.sender, row.text, row.sent_at)
        if row.text and _is_repeated(earlier, this):
            element.inner(value=None).note(rules.MESSAGE_REPEATED)
        earlier = this
        parsed.rows.append(row)


def _message(element: Field, ids: ElementIds, position: int) -> MessageRow | None:
    section = _section(element, "messages", main="content")
    if section is None:
        return None
    row = MessageRow(
        legacy_id=ids.of(element, section, position),
        conversation_legacy_id=element.parsed.legacy_id,
        position=position,
        sender=_sender(section),
        text=_message_text(section),
        sent_at=instant_of(section, "timestamp", "messages.sent_at"),
    )
    section.set_aside_rest()
    element.tally("messages", "loaded")
    return row


_PLAIN_MESSAGES = frozenset(permutations(("_id", "role", "content", "timestamp")))


@lru_cache(maxsize=1024)
def _accounted(index: int) -> tuple[list[Claim], Tally]:
    """What accounts for a plain message at this place of the array."""
    path = ("messages", index)
    columns = {
        "_id": "legacy_id",
        "role": "messages.sender",
        "content": "messages.text",
        "timestamp": "messages.sent_at",
    }
    return [Claim((*path, name), column) for name, column in columns.items()], Tally("messages", path, "loaded")


def _plain_message(element: Field, ids: ElementIds, position: int) -> MessageRow | None:
    """A message as nearly all are: four values as their columns want them. None for any other (``_message``)."""
    value, path = element.value, element.path
    if (
        type(value) is not dict
        or tuple(value) not in _PLAIN_MESSAGES
        or type(value["_id"]) is not ObjectId
        or type(value["role"]) is not str
        or type(value["content"]) is not str
        or type(value["timestamp"]) is not datetime
        or len(path) != 2
        or element.covered
    ):
        return None
    sender, content, sent_at = _SENDERS.get(value["role"]), value["content"], value["timestamp"]
    if (
        sender is None
        or not 1990 <= sent_at.year < LAST_YEAR
        or not content
        or content.isspace()
        or "<" in content
        or "\0" in content
        or UNREADABLE in content
    ):
        return None
    claims, tally = _accounted(int(path[1]))
    element.parsed.claims.extend(claims)
    element.parsed.tally.append(tally)
    return MessageRow(
        legacy_id=ids.once(element, str(value["_id"]), position),
        conversation_legacy_id=element.parsed.legacy_id,
        position=position,
        sender=sender,
        text=content,
        sent_at=sent_at.replace(tzinfo=UTC),
    )


def _is_repeated(earlier: tuple[str, str, datetime | None] | None, this: tuple[str, str, datetime | None]) -> bool:
    """The same words of the same person within five seconds."""
    if earlier is None or earlier[:2] != this[:2]:
        return False
    return earlier[2] is None or this[2] is None or abs((this[2] - earlier[2]).total_seconds()) <= 5


def _sender(section: Section) -> str:
    stated = section.peek("role")
    if isinstance(stated, str) and stated in _SENDERS:
        section.claim("role", "messages.sender")
        return _SENDERS[stated]
    field = section.take("role")
    known = known_choice(field, _SENDERS)
    other = known_choice(field, _OTHER_SENDERS)
    if known or other:
        field.claim("messages.sender")
        if other or plain(field.value) not in _SENDERS:
            field.note(rules.SENDER_RESPELLED)
        return known or other or "unknown"
    if field.is_empty:
        field.note(rules.SENDER_UNKNOWN)
    else:
        field.consume(rules.SENDER_UNKNOWN)
    return "unknown"


def _message_text(section: Section) -> str:
    field = section.take("content")
    found = _long_text(field, "messages.text")
    if found is None:
        field.note(rules.MESSAGE_WITHOUT_TEXT)
    elif not found.strip():
        field.note(rules.MESSAGE_EMPTY)
    return found or ""


def _section(element: Field, entity: str, *, main: str) -> Section | None:
    """The fields of an element; None, counted and set aside, for one that holds nothing or is of no use."""
    value = element.value
    if is_empty(value):
        element.note(rules.EMPTY_ELEMENT)
    elif isinstance(value, dict):
        return Section(element)
    elif main and plain(value) is not None:
        element.note(rules.TEXT_INSTEAD_OF_ENTRY)
        return Section(element, main=main)
    else:
        element.set_aside(rules.WRONG_TYPE)
    element.tally(entity, "set_aside")
    return None


def _symptoms(parsed: Parsed, listed: Field) -> None:
    ids = ElementIds(parsed.legacy_id, "symptoms")
    for position, element in enumerate(elements(listed)):
        section = _section(element, "symptoms", main="symptom")
        if section is None:
            continue
        notes: list[str] = []
        named = section.take("symptom")
        name = text(named, "symptoms.symptom", limit=200, whole_text_goes_to=notes)
        if name is None:
            element.note(rules.NAME_MISSING)
        severity, score, severity_text = _severity(section.take("severity"), notes)
        location = text_of(section, "location", "symptoms.location", limit=200, whole_text_goes_to=notes)
        duration = text_of(section, "duration", "symptoms.duration", limit=200, whole_text_goes_to=notes)
        stated = text_of(section, "notes", "symptoms.notes", strip=False)
        parsed.rows.append(
            SymptomRow(
                legacy_id=ids.of(element, section, position),
                conversation_legacy_id=parsed.legacy_id,
                position=position,
                symptom=name or "",
                location=location,
                severity=severity,
                severity_score=score,
                severity_text=severity_text,
                duration=duration,
                notes="\n".join([*([stated] if stated else []), *notes]) or None,
            )
        )
        section.set_aside_rest()
        element.tally("symptoms", "loaded")


def _severity(field: Field, notes: list[str]) -> tuple[str | None, int | None, str | None]:
    """Grade, score of ten, and the words; a bare '8' has no scale and stays words."""
    stated = text(field, "symptoms.severity_text", limit=200, whole_text_goes_to=notes)
    if stated is None:
        return None, None, None
    match = _SCORE.fullmatch(stated)
    score = int(match[1]) if match and int(match[1]) <= 10 else None
    return SEVERITIES.get(stated.lower()), score, stated


def _attachments(parsed: Parsed, listed: Field) -> None:
    ids = ElementIds(parsed.legacy_id, "attachments")
    for position, element in enumerate(elements(listed)):
        section = _section(element, "attachments", main="filename")
        if section is None:
            continue
        path = section.take("path")
        stored_path = text(path, "attachments.stored_path")
        if stored_path is not None and place_in_uploads(stored_path) is None:
            path.note(rules.FILE_PATH_UNSAFE)
        stored_name = text_of(section, "filename", "attachments.stored_name")
        original_name = _original_name(section.take("originalName"))
        if not (stored_path and stored_name and original_name):
            element.note(rules.FILE_NAME_MISSING)
        parsed.rows.append(
            AttachmentRow(
                legacy_id=ids.of(element, section, position),
                conversation_legacy_id=parsed.legacy_id,
                original_name=original_name,
                claimed_type=text(section.take_first("mimeType", "fileType"), "attachments.claimed_type", limit=100),
                stored_path=stored_path,
                stored_name=stored_name,
                uploaded_at=instant_of(section, "uploadDate", "attachments.uploaded_at"),
            )
        )
        section.set_aside_rest()
        element.tally("attachments", "loaded")


def _original_name(field: Field) -> str | None:
    """The name the file had; UTF-8 that was read as Latin-1 is set right."""
    found = text(field, "attachments.original_name")
    if found and _GARBLED.search(found):
        for encoding in ("latin-1", "cp1252"):
            try:
                right = found.encode(encoding).decode("utf-8")
            except UnicodeError:
                continue
            field.note(rules.NAME_UNGARBLED)
            return right
    return found


def _answer(parsed: Parsed, conversation: ConversationRow, answer: Field, response: Section) -> None:
    if isinstance(answer.value, dict):
        note = response.take("notes")
        noted = _long_text(note, "private_notes.text")
        if noted and noted.strip():
            parsed.rows.append(
                PrivateNoteRow(
                    legacy_id=f"{parsed.legacy_id}.doctorResponse.notes",
                    conversation_legacy_id=parsed.legacy_id,
                    text=noted,
                )
            )
        response.set_aside_rest()
    else:
        answer.set_aside(rules.WRONG_TYPE)
    if conversation.has_response:
        parsed.tally.append(Tally("doctor_responses", ("doctorResponse",), "loaded"))


def _prescriptions(parsed: Parsed, listed: Field, issued_at: datetime | None) -> None:
    ids = ElementIds(parsed.legacy_id, "doctorResponse.prescriptions")
    for position, element in enumerate(elements(listed)):
        section = _section(element, "prescriptions", main="medication")
        if section is None:
            continue
        instructions: list[str] = []
        named = section.take_first("medication", "name", "medicationName")
        name = None if is_empty(named.value) or plain(named.value) is None else plain(named.value)
        if name is None or not name.strip("\0 \t\r\n"):
            element.set_aside(rules.ENTRY_WITHOUT_NAME)
            element.tally("prescriptions", "set_aside")
            continue
        shown = text(named, "prescriptions.medication_name", limit=200, whole_text_goes_to=instructions)
        dose = text(
            section.take_first("dosage", "dose"), "prescriptions.dose", limit=200, whole_text_goes_to=instructions
        )
        frequency = text_of(section, "frequency", "prescriptions.frequency", limit=200, whole_text_goes_to=instructions)
        duration = text_of(section, "duration", "prescriptions.duration", limit=200, whole_text_goes_to=instructions)
        if not (dose and frequency and duration):
            element.note(rules.PRESCRIPTION_INCOMPLETE)
        stated = text_of(section, "instructions", "prescriptions.instructions", strip=False)
        parsed.rows.append(
            PrescriptionRow(
                legacy_id=ids.of(element, section, position),
                conversation_legacy_id=parsed.legacy_id,
                position=position,
                medication_name=shown or "",
                dose=dose or "",
                frequency=frequency or "",
                duration=duration or "",
                instructions="\n".join([*([stated] if stated else []), *instructions]) or None,
                issued_at=issued_at,
            )
        )
        section.set_aside_rest()
        element.tally("prescriptions", "loaded")
