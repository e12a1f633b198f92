"""Addresses of consultations with their answers and prescriptions in the API, below ``/api``."""

from django.urls import path

from prescriptions.api import patient

urlpatterns = [
    path("patients/conversations", patient.ConversationsView.as_view(), name="conversations"),
    path("patients/conversations/<id:conversation_id>", patient.ConversationView.as_view(), name="conversation"),
    path("patients/notifications", patient.NoticesView.as_view(), name="notifications"),
    path("chatbot/conversation/<id:conversation_id>", patient.ChatConversationView.as_view(), name="chat_conversation"),
]
