"""The chart."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Medical information, allergies, medications, history, and who may care for whom."""

    name = "records"
    verbose_name = "Records"
