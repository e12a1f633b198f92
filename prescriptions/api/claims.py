"""Taking cases, giving them back, closing them; and sending a consultation off before its questions are over."""

import uuid
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.bodies import DoneBody, done
from accounts.api.people import DoctorView, PatientView
from conversations import chat
from conversations.models import Conversation
from conversations.models.conversation import refuse_if_taken
from medichat.api.declaring import Answer, asks, refuses, takes
from medichat.api.paging import Paging
from prescriptions.api.doctor import MOST_OWN, CasesBody, cases, listed


class WhyReleased(serializers.Serializer[Any]):
    """Why a doctor gives a case back; whoever takes it next reads it."""

    reason = serializers.CharField(max_length=500)


class ClaimsView(DoctorView):
    """The cases that the doctor has taken and not answered yet."""

    @asks(Paging)
    def get(self, request: Request) -> Answer[CasesBody]:
        """Most urgent first."""
        taken = cases(self.person).waiting().claimed_by(self.person).most_urgent_first()
        return Answer(listed(request, taken, self.person, MOST_OWN))


class ClaimView(DoctorView):
    """Take a case."""

    @refuses(409, "Somebody else was faster, or it waits no more.")
    def post(self, request: Request, case_id: uuid.UUID) -> Answer[DoneBody]:
        """Until it is answered or given back it is this doctor's; repeating it is harmless."""
        try:
            case = get_object_or_404(cases(self.person), pk=case_id)
        except Http404:
            refuse_if_taken(case_id)  # it was in the queue a moment ago
            raise
        case.claim(by=self.person)
        return Answer(done("This case is yours now."))


class ReleaseView(DoctorView):
    """Give a case back."""

    @takes(WhyReleased)
    @refuses(409, "It is not this doctor's to give back.")
    def post(self, request: Request, case_id: uuid.UUID) -> Answer[DoneBody]:
        """It keeps its place in the queue."""
        case = get_object_or_404(cases(self.person), pk=case_id)
        case.release(by=self.person, reason=self.sent(WhyReleased)["reason"])
        return Answer(done("The case waits for a doctor again."))


class CloseView(DoctorView):
    """End a visit after its answer."""

    @refuses(409, "It is not answered yet.")
    def post(self, request: Request, case_id: uuid.UUID) -> Answer[DoneBody]:
        """Repeating it is harmless."""
        get_object_or_404(cases(self.person), pk=case_id).close(by=self.person)
        return Answer(done("The visit is closed."))


class SendView(PatientView):
    """Send a consultation to the doctors without more questions."""

    @refuses(409, "Nothing was said in it yet.")
    def post(self, request: Request, conversation_id: uuid.UUID) -> Answer[DoneBody]:
        """As it is; harmless once it is there."""
        mine = Conversation.objects.visible_to(self.person)
        chat.send_now(get_object_or_404(mine, pk=conversation_id), by=self.person)
        return Answer(done("A doctor will read what you wrote."))
