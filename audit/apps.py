"""The record of who did what."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The activity log and what writes it."""

    name = "audit"
    verbose_name = "Record of activity"
