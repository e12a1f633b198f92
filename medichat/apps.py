"""The project itself as an app: its commands, static files and database foundation."""

from django.apps import AppConfig


class MediChatConfig(AppConfig):
    """Foundation: database functions, commands, the frame of the pages."""

    name = "medichat"
    verbose_name = "MediChat"
