"""Consultations."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Conversations, their messages and files, the intake and the queue."""

    name = "conversations"
    verbose_name = "Conversations"
