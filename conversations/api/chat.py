"""The chat: saying something, attaching a file, and the list of consultations."""

import uuid
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypedDict

from django.core.files.uploadedfile import UploadedFile
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.bodies import DoneBody, done
from accounts.api.people import PatientView
from accounts.signals import viewed
from conversations import attachments, chat
from conversations.api import bodies
from conversations.forms import MessageForm
from conversations.models import Conversation
from medichat.api.declaring import Answer, asks, refuses, takes
from medichat.api.errors import refusal
from medichat.api.paging import PaginationBody, Paging, part_of
from medichat.api.shapes import Id, OneOf
from medichat.file_checks import UnacceptableFile
from medichat.refusals import ConflictError

MOST_AT_ONCE = 200
# The assistant asks nothing more when its questions are finished; clients show an answer to every message.
NOTED = "Thank you. A doctor will read this as well."


class ChatBody(TypedDict):
    """What the assistant says. ``status`` is ``awaiting_doctor`` when the case has gone to the doctors."""

    response: str
    conversationId: Id
    status: Annotated[str, OneOf(Conversation.Status)]
    visitNumber: bodies.VisitNumber
    messages: list[bodies.MessageBody]


class UploadedFileBody(TypedDict):
    """The file as it was taken."""

    filename: str
    originalName: str


class UploadBody(TypedDict):
    """A file was attached."""

    message: str
    file: UploadedFileBody
    attachment: bodies.AttachmentBody


class ChatHistoryBody(TypedDict):
    """All consultations, those put away included, latest first."""

    conversations: list[bodies.HistoryEntryBody]
    pagination: PaginationBody


class Said(serializers.Serializer[Any]):
    """A message; without ``conversationId`` it begins a new consultation."""

    message = serializers.CharField(trim_whitespace=False, error_messages={"blank": "Write your message first."})
    conversationId = serializers.UUIDField(required=False, allow_null=True)

    def to_internal_value(self, data: Any) -> Any:
        """An empty id is none."""
        if hasattr(data, "get") and data.get("conversationId") == "":
            data = {**data, "conversationId": None, "message": data.get("message")}
        return super().to_internal_value(data)

    def validate_message(self, value: str) -> str:
        """As on the page: 1 to 5000 characters, none that cannot be shown."""
        form = MessageForm({"text": value, "client_token": uuid.uuid4()})
        if not form.is_valid():
            raise serializers.ValidationError([str(error) for errors in form.errors.values() for error in errors])
        return str(form.cleaned_data["message"])


class Upload(serializers.Serializer[Any]):
    """A file for a consultation. What is in it is checked by ``attachments.attach``."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)
    conversationId = serializers.UUIDField()


class ChatView(PatientView):
    """Say something; the assistant answers in the same response. All of it is stored or nothing."""

    says_faults_plainly = True

    @takes(Said)
    @refuses(404, "There is no such consultation of this patient.")
    @refuses(409, "A doctor has answered this consultation already.")
    def post(self, request: Request) -> Answer[ChatBody]:
        """Store the message and answer."""
        sent, patient = self.sent(Said), self.person
        if sent.get("conversationId"):
            conversation = get_object_or_404(Conversation.objects.visible_to(patient), pk=sent["conversationId"])
        else:
            conversation = chat.open_consultation(patient, about_something_new=True)
        exchange = chat.say(conversation, sent["message"], client_token=uuid.uuid4(), by=patient)
        return Answer(
            ChatBody(
                response="\n\n".join(reply.text for reply in exchange.replies) or NOTED,
                conversationId=str(conversation.pk),
                status=conversation.status or "",
                visitNumber=conversation.visit_number,
                messages=[bodies.message(row) for row in (exchange.message, *exchange.replies)],
            )
        )


class UploadView(PatientView):
    """Attach a file to a consultation that no doctor has answered yet."""

    says_faults_plainly = True

    @takes(Upload)
    @refuses(404, "There is no such consultation of this patient.")
    @refuses(409, "A doctor has answered this consultation already.")
    def post(self, request: Request) -> Answer[UploadBody] | JsonResponse:
        """Check the file by its content and store it."""
        sent, patient = self.sent(Upload), self.person
        conversation = get_object_or_404(Conversation.objects.visible_to(patient), pk=sent["conversationId"])
        file: UploadedFile[Any] = sent["file"]
        try:
            attached = attachments.attach(conversation, file, by=patient, client_token=uuid.uuid4())
        except attachments.FileTooLarge as fault:
            return refusal(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(fault))
        except UnacceptableFile as fault:
            raise serializers.ValidationError({"file": str(fault)}) from None
        body = bodies.attachment(attached, reader=self.session)
        taken = UploadedFileBody(filename=body["filename"], originalName=body["originalName"])
        return Answer(UploadBody(message="The file is attached.", file=taken, attachment=body))


class ChatHistoryView(PatientView):
    """The list of consultations."""

    @asks(Paging)
    def get(self, request: Request) -> Answer[ChatHistoryBody]:
        """Latest first, those put away included."""
        patient = self.person
        mine = Conversation.objects.visible_to(patient).order_by("-visit_number")
        part = part_of(request, mine, usual=MOST_AT_ONCE)
        viewed.send(
            Conversation, by=patient, patient_id=patient.pk, resource_type="history", resource_id=None, why="own"
        )
        rows = [bodies.history_entry(row) for row in part.rows]
        return Answer(ChatHistoryBody(conversations=rows, pagination=part.pagination))


Act = Literal["read", "archive", "unarchive"]


class ActView(PatientView):
    """What a patient does with an own consultation. Safe to repeat; needs no body."""

    act: Act = "read"

    @refuses(409, "It still runs or waits, and is put away when a doctor has answered.")
    def patch(self, request: Request, conversation_id: uuid.UUID) -> Answer[DoneBody]:
        """Do it."""
        mine = Conversation.objects.visible_to(self.person)
        conversation = get_object_or_404(mine, pk=conversation_id)
        match self.act:
            case "read":
                conversation.mark_read(by=self.person)
                return Answer(done("The answer is marked as read."))
            case "archive":
                return Answer(put_away(conversation, self))
            case "unarchive":
                conversation.unarchive(by=self.person)
                return Answer(done("The consultation is back among the others."))


def put_away(conversation: Conversation, view: PatientView) -> DoneBody:
    """Put a finished consultation away. Raises ConflictError for one that still runs or waits, as on the page."""
    if conversation.accepts_messages:
        raise ConflictError("This consultation is still running. It can be put away when a doctor has answered.")
    conversation.archive(by=view.person)
    return done("The consultation is put away.")
