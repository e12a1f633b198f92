"""Consultations."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Conversations, their messages and files, the intake and the queue."""

    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Listen to what accounts tell."""
        from conversations import receivers  # noqa: F401 - connecting is what importing it is for
