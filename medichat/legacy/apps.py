"""The import of the previous system's data as an app: its own tables, and the pages for them."""

from django.apps import AppConfig


class LegacyConfig(AppConfig):
    """Runs, what became of each document, and what an administrator must look at."""

    name = "medichat.legacy"
    label = "legacy"
    verbose_name = "Import from the previous system"
