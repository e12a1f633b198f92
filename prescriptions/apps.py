"""Prescriptions."""

from django.apps import AppConfig


class PrescriptionsConfig(AppConfig):
    """Answering a case and prescribing."""

    name = "prescriptions"
    verbose_name = "Prescriptions"

    def ready(self) -> None:
        """Listen to what conversations ask."""
        from prescriptions import treatment  # noqa: F401  # connects its receiver
