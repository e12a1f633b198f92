"""Prescriptions."""

from django.apps import AppConfig


class PrescriptionsConfig(AppConfig):
    """Answering a case and prescribing."""

    name = "prescriptions"
    verbose_name = "Prescriptions"
