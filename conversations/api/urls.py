"""Addresses of consultations in the API, below ``/api``. Where prescriptions are shown, see ``prescriptions.api``."""

from django.urls import path

from conversations.api import administration, chat, files, symptoms

urlpatterns = [
    path("chatbot/chat", chat.ChatView.as_view(), name="chat"),
    path("chatbot/upload", chat.UploadView.as_view(), name="upload"),
    path("chatbot/history", chat.ChatHistoryView.as_view(), name="chat_history"),
    path(
        "patients/conversations/<id:conversation_id>/mark-read",
        chat.ActView.as_view(act="read", said_of_it="Mark the answer as read. Can be repeated."),
        name="conversation_read",
    ),
    path(
        "patients/conversations/<id:conversation_id>/archive",
        chat.ActView.as_view(act="archive", said_of_it="Put a consultation away. Can be repeated."),
        name="conversation_archive",
    ),
    path(
        "patients/conversations/<id:conversation_id>/unarchive",
        chat.ActView.as_view(act="unarchive", said_of_it="Bring a consultation back. Can be repeated."),
        name="conversation_unarchive",
    ),
    path("doctors/conversation/<id:case_id>/update-info", symptoms.InfoView.as_view(), name="case_info"),
    path("admin/stats", administration.FiguresView.as_view(), name="admin_stats"),
    path("admin/conversations", administration.ListView.as_view(), name="admin_conversations"),
    path("admin/conversations/<id:conversation_id>", administration.OneView.as_view(), name="admin_conversation"),
    path("attachments/<id:attachment_id>", files.FileView.as_view(), name="attachment"),
]
