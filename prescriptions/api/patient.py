"""A patient's consultations with their answers and prescriptions, and the notices of new answers."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal, TypedDict

from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from accounts.api.bodies import DoctorBody, DoneBody, PatientBriefBody, doctor, patient_brief
from accounts.api.people import PatientView, PersonView
from accounts.models import Session, User
from accounts.signals import viewed
from conversations.api import bodies as consultations
from conversations.api.archives import ArchivedToo, wants_archived
from conversations.api.chat import MOST_AT_ONCE, put_away
from conversations.models import Archive, Attachment, Conversation, ConversationQuerySet, Message, Symptom
from medichat.api.declaring import Answer, asks, refuses
from medichat.api.paging import PaginationBody, Paging, part_of
from medichat.api.shapes import Id, Timestamp
from prescriptions.api import bodies
from prescriptions.models import Prescription

MOST_NOTICES = 20
MOST_MESSAGES = 2_000


class OwnConversationBody(consultations.ConversationBody):
    """A consultation in the patient's list."""

    doctor: DoctorBody | None
    doctorResponse: bodies.AnswerBody | None


class OwnConversationsBody(TypedDict):
    """The patient's consultations, latest first."""

    conversations: list[OwnConversationBody]
    pagination: PaginationBody


class WholeConversationBody(OwnConversationBody):
    """A consultation with everything that belongs to it, oldest first."""

    patient: PatientBriefBody
    messages: list[consultations.MessageBody]
    symptoms: list[consultations.SymptomBody]
    prescriptions: list[bodies.PrescriptionBody]
    attachments: list[consultations.AttachmentBody]


class OneConversationBody(TypedDict):
    """One consultation."""

    status: Literal["success"]
    conversation: WholeConversationBody


class ChatConversationBody(TypedDict):
    """One consultation as the chat loads it."""

    conversation: WholeConversationBody


class NoticeBody(TypedDict):
    """An answer that the patient has not opened yet."""

    id: Id
    _id: Id
    visitNumber: consultations.VisitNumber
    status: consultations.StatusName
    patientNotified: bool
    respondedAt: Timestamp | None
    createdAt: Timestamp | None
    doctor: DoctorBody | None
    doctorResponse: bodies.AnswerBody | None


class NoticesBody(TypedDict):
    """Answers that the patient has not opened yet, latest first."""

    notifications: list[NoticeBody]


class ConversationsView(PatientView):
    """The patient's consultations."""

    @asks(ArchivedToo, Paging)
    def get(self, request: Request) -> Answer[OwnConversationsBody]:
        """Without those put away, unless ``includeArchived`` is exactly ``true``."""
        mine = own(self.person).order_by("-visit_number")
        if not wants_archived(self):
            mine = mine.not_archived_by(self.person)
        part = part_of(request, mine, usual=MOST_AT_ONCE)
        _tell_list_viewed(self.person)
        rows = in_list(part.rows, self.person)
        return Answer(OwnConversationsBody(conversations=rows, pagination=part.pagination))


class ConversationView(PatientView):
    """One consultation: read it, or put it away (``DELETE``; nothing is ever deleted)."""

    def get(self, request: Request, conversation_id: uuid.UUID) -> Answer[OneConversationBody]:
        """All of it."""
        body = whole(conversation_id, self.person, self.session)
        return Answer(OneConversationBody(status="success", conversation=body))

    @refuses(409, "It still runs or waits, and is put away when a doctor has answered.")
    def delete(self, request: Request, conversation_id: uuid.UUID) -> Answer[DoneBody]:
        """Put it away."""
        return Answer(put_away(get_object_or_404(own(self.person), pk=conversation_id), self))


class ChatConversationView(PersonView):
    """One consultation as the chat loads it: found by its own patient only, whoever asks."""

    def get(self, request: Request, conversation_id: uuid.UUID) -> Answer[ChatConversationBody]:
        """All of it."""
        return Answer(ChatConversationBody(conversation=whole(conversation_id, self.person, self.session)))


class NoticesView(PatientView):
    """Answers that the patient has not opened yet."""

    def get(self, request: Request) -> Answer[NoticesBody]:
        """The latest 20."""
        new = own(self.person).answered().unread().filter(status=Conversation.Status.DOCTOR_RESPONDED)
        rows = list(new.order_by("-responded_at", "-visit_number")[:MOST_NOTICES])
        _tell_list_viewed(self.person)
        notices = [
            NoticeBody(
                id=body["id"],
                _id=body["_id"],
                visitNumber=body["visitNumber"],
                status=body["status"],
                patientNotified=body["patientNotified"],
                respondedAt=body["respondedAt"],
                createdAt=body["createdAt"],
                doctor=body["doctor"],
                doctorResponse=body["doctorResponse"],
            )
            for body in in_list(rows, self.person)
        ]
        return Answer(NoticesBody(notifications=notices))


def own(patient: User) -> ConversationQuerySet:
    """The patient's consultations, each with whether the patient has put it away."""
    mine = Conversation.objects.visible_to(patient).filter(patient=patient).select_related("doctor")
    return mine.annotate(archived=Archive.of(patient))


def in_list(rows: Sequence[Conversation], patient: User) -> list[OwnConversationBody]:
    """The bodies of these consultations; their prescriptions are fetched at once."""
    written: dict[uuid.UUID, list[bodies.PrescriptionBody]] = defaultdict(list)
    of_rows = Prescription.objects.visible_to(patient).filter(conversation__in=[row.pk for row in rows])
    for row in of_rows.order_by("position", "id"):
        written[row.conversation_id].append(bodies.prescription(row))
    return [_own_body(row, written[row.pk]) for row in rows]


def _own_body(row: Conversation, written: list[bodies.PrescriptionBody]) -> OwnConversationBody:
    body = consultations.conversation(row, archived=vars(row)["archived"])
    return OwnConversationBody(**body, doctor=doctor(row.doctor), doctorResponse=bodies.answer(row, body, written))


def whole(conversation_id: uuid.UUID, patient: User, session: Session) -> WholeConversationBody:
    """A consultation of this patient with everything that belongs to it. Raises Http404 for any other."""
    row = get_object_or_404(own(patient), pk=conversation_id)
    viewed.send(
        Conversation, by=patient, patient_id=patient.pk, resource_type="conversation", resource_id=row.pk, why="own"
    )
    (body,) = in_list([row], patient)
    messages = Message.objects.visible_to(patient).filter(conversation=row).order_by("position")
    symptoms = Symptom.objects.visible_to(patient).filter(conversation=row, is_denied=False)
    attachments = Attachment.objects.visible_to(patient).filter(conversation=row)
    answer = body["doctorResponse"]
    written = Prescription.objects.visible_to(patient).filter(conversation=row).order_by("position", "id")
    return WholeConversationBody(
        **body,
        patient=patient_brief(patient),
        messages=[consultations.message(message) for message in messages[:MOST_MESSAGES]],
        symptoms=[consultations.symptom(symptom) for symptom in symptoms],
        prescriptions=answer["prescriptions"] if answer else [bodies.prescription(item) for item in written],
        attachments=[consultations.attachment(file, reader=session) for file in attachments],
    )


def _tell_list_viewed(patient: User) -> None:
    viewed.send(Conversation, by=patient, patient_id=patient.pk, resource_type="history", resource_id=None, why="own")
