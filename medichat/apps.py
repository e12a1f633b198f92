"""The project itself as an app: its commands, static files and database foundation."""

from django.apps import AppConfig
from django.conf import settings

from medichat.db import sql_log


class MediChatConfig(AppConfig):
    """Foundation: database functions, commands, the frame of the pages."""

    name = "medichat"
    verbose_name = "MediChat"

    def ready(self) -> None:
        """Show SQL statements when the developer asked for them."""
        if settings.LOG_SQL:
            sql_log.install()
